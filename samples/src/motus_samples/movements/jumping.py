"""Countermovement jump: dip, push, ballistic flight, landing and rise."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from motus_samples.body import SIDES, Arm, Array, Build, Posture, Side, hip_axis, outward, trunk_axes
from motus_samples.movements.standing import feet_apart, hanging_arms
from motus_samples.reach import ankle_over_toe, hip_over_ankle, place, reach_leg
from motus_samples.spec import ClipSpec
from motus_samples.timing import Phase, PhaseKind, Rep, clip_times, join_phases, min_jerk, visible_delay_share

GRAVITY: Final = 9.81
TAKEOFF_PITCH_DEG: Final = -38.0
LANDING_PITCH_DEG: Final = -28.0


@dataclass(frozen=True)
class JumpPlan:
    """Commanded times of one jump in seconds: leaves rest, lowest, takes off, lands, lowest again, back at rest."""

    leave_s: float
    lowest_s: float
    takeoff_s: float
    landing_s: float
    absorbed_s: float
    back_s: float


@dataclass(frozen=True)
class JumpStyle:
    """How somebody jumps.

    Knee flexion and trunk lean at the lowest points before take-off and after landing, and the knee flexion with which
    the feet leave the floor and meet it again: the straighter, the faster the knee moves there.
    """

    dip_knee_deg: float
    absorb_knee_deg: float
    dip_lean_deg: float
    absorb_lean_deg: float
    takeoff_knee_deg: float = 14.0
    landing_knee_deg: float = 22.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "JumpStyle":
        """Return a style: dips of 75 to 95 degrees, landings of 55 to 75."""
        return cls(rng.uniform(75, 95), rng.uniform(55, 75), rng.uniform(28, 40), rng.uniform(18, 28))


def jump(spec: ClipSpec, build: Build, rng: np.random.Generator) -> tuple[Posture, tuple[Rep, ...], tuple[Phase, ...]]:
    """Return countermovement jumps; a jump's turn is the apex of its flight."""
    plans = plan_jumps(spec.reps, spec.idle_before_s, rng)
    t_s = clip_times(plans[-1].back_s if plans else spec.idle_before_s, spec)
    posture = jumping(build, t_s, plans, JumpStyle.draw(rng))
    return posture, jump_reps(plans), jump_phases(plans, len(t_s) / spec.fps)


def plan_jumps(reps: int, first_s: float, rng: np.random.Generator, *, fatigue: float = 0.0) -> list[JumpPlan]:
    """Return the schedule of jumps, the first one leaving rest at `first_s`; fatigue shortens the last flight by it."""
    dip, push, flight = rng.uniform(0.5, 0.7), rng.uniform(0.27, 0.32), rng.uniform(0.4, 0.54)
    absorb, rise, pause = rng.uniform(0.2, 0.27), rng.uniform(0.6, 0.8), rng.uniform(0.4, 0.8)
    plans: list[JumpPlan] = []
    now = first_s
    for index in range(reps):
        pace, strength = np.clip(rng.normal(1.0, 0.05, 2), 0.88, 1.12)
        strength = strength * (1 - fatigue * index / max(reps - 1, 1))
        times = np.cumsum([now, dip * pace, push, flight * strength, absorb, rise * pace])
        plans.append(JumpPlan(*(float(time) for time in times)))
        now = plans[-1].back_s + pause
    return plans


def jumping(build: Build, t_s: Array, plans: list[JumpPlan], style: JumpStyle) -> Posture:
    """Return the posture of every frame of a schedule of jumps."""
    pitch = _keyed(t_s, plans, takeoff=TAKEOFF_PITCH_DEG, landing=LANDING_PITCH_DEG)
    height, ahead = _pelvis(build, t_s, plans, style)
    airborne = _airborne(t_s, plans)
    lean = 2 + _keyed(t_s, plans, lowest=style.dip_lean_deg, takeoff=4, landing=6, absorbed=style.absorb_lean_deg)
    swing = 5 + _keyed(t_s, plans, lowest=-45, takeoff=130, landing=70, absorbed=35)
    arms = hanging_arms(elevation=swing, elbow=np.full_like(t_s, 14.0))
    return _with_feet(build, place(ahead, 0.0, height + airborne), lean, pitch, airborne, arms=arms)


def _with_feet(
    build: Build, pelvis: Array, lean: Array, pitch: Array, airborne: Array, *, arms: dict[Side, Arm]
) -> Posture:
    axes = trunk_axes(lean)
    line = hip_axis(np.zeros_like(lean), axes)
    back, height = ankle_over_toe(build, pitch)
    toe = build.foot - build.heel_length
    legs = {}
    for side in SIDES:
        hip = pelvis + outward(side) * build.hip_half * line
        ankle = place(toe + back, feet_apart(build, 0.015, side), height + airborne)
        legs[side] = reach_leg(build, axes, hip, ankle, pitch, side)
    return Posture(pelvis, lean, np.zeros_like(lean), 0.4 * lean, legs, arms)


def _pelvis(build: Build, t_s: Array, plans: list[JumpPlan], style: JumpStyle) -> tuple[Array, Array]:
    """Return the pelvis' height above the floor without the flight and how far it is in front of the ankles' home."""
    rest_ahead, rest = _over_foot(build, 4.0, 1.0, 0.0)
    dip_ahead, low = _over_foot(build, style.dip_knee_deg, 0.24 * style.dip_knee_deg, 0.0)
    up_ahead, high = _over_foot(build, style.takeoff_knee_deg, 4.0, TAKEOFF_PITCH_DEG)
    land_ahead, soft = _over_foot(build, style.absorb_knee_deg, 0.26 * style.absorb_knee_deg, 0.0)
    down_ahead, touch = _over_foot(build, style.landing_knee_deg, 6.0, LANDING_PITCH_DEG)
    height, ahead = np.full_like(t_s, rest), np.full_like(t_s, rest_ahead)
    for plan in plans:
        speed = GRAVITY * (plan.landing_s - plan.takeoff_s) / 2
        knots = (
            (plan.leave_s, rest, 0.0),
            (plan.lowest_s, low, 0.0),
            (plan.takeoff_s, high, speed),
            (plan.landing_s, touch, -speed),
            (plan.absorbed_s, soft, 0.0),
            (plan.back_s, rest, 0.0),
        )
        for index, ((start, z0, v0), (end, z1, v1)) in enumerate(pairwise(knots)):
            inside = (t_s >= start) & (t_s < end)
            share = (t_s[inside] - start) / (end - start)
            level = z0 + (z1 - z0) * min_jerk(share) if index == 2 else _hermite(share, end - start, z0, v0, z1, v1)
            height[inside] = level
    places = {"lowest": dip_ahead, "takeoff": up_ahead, "landing": down_ahead, "absorbed": land_ahead}
    ahead += _keyed(t_s, plans, **{name: float(value - rest_ahead) for name, value in places.items()})
    return height, ahead


def _over_foot(build: Build, knee_deg: float, shank_deg: float, pitch_deg: float) -> tuple[float, float]:
    """Return the hip in front of the ankle's home and above the floor, the foot on its toes at a pitch."""
    ahead, height = hip_over_ankle(build, np.array(knee_deg), np.array(shank_deg))
    back, lift = ankle_over_toe(build, np.array(pitch_deg))
    toe = build.foot - build.heel_length
    return float(ahead + toe + back), float(height + lift)


def _hermite(share: Array, duration_s: float, z0: float, v0: float, z1: float, v1: float) -> Array:
    """Return the quintic between two levels with given speeds and no acceleration at its ends."""
    a, b, c = z1 - z0 - v0 * duration_s, (v1 - v0) * duration_s, share
    return np.asarray(
        z0 + v0 * duration_s * c + (10 * a - 4 * b) * c**3 + (7 * b - 15 * a) * c**4 + (6 * a - 3 * b) * c**5
    )


def _keyed(t_s: Array, plans: list[JumpPlan], **values: float) -> Array:
    """Return a course that is 0 at rest and takes `values` at the named times of each jump, minimum-jerk between."""
    course = np.zeros_like(t_s)
    for plan in plans:
        keys = [("leave", plan.leave_s), ("lowest", plan.lowest_s), ("takeoff", plan.takeoff_s)]
        keys += [("landing", plan.landing_s), ("absorbed", plan.absorbed_s), ("back", plan.back_s)]
        for (first, start), (second, end) in pairwise(keys):
            inside = (t_s >= start) & (t_s < end)
            low, high = values.get(first, 0.0), values.get(second, 0.0)
            course[inside] = low + (high - low) * min_jerk((t_s[inside] - start) / (end - start))
    return course


def _airborne(t_s: Array, plans: list[JumpPlan]) -> Array:
    """Return the height of the toes above the floor: a free fall's parabola during each flight."""
    height = np.zeros_like(t_s)
    for plan in plans:
        since, left = t_s - plan.takeoff_s, plan.landing_s - t_s
        height += np.where((since > 0) & (left > 0), GRAVITY / 2 * since * left, 0.0)
    return height


def jump_reps(plans: list[JumpPlan]) -> tuple[Rep, ...]:
    """Return the jumps as the truth states them."""
    delay = visible_delay_share()
    return tuple(
        Rep(
            plan.leave_s + delay * (plan.lowest_s - plan.leave_s),
            (plan.takeoff_s + plan.landing_s) / 2,
            plan.back_s - delay * (plan.back_s - plan.absorbed_s),
        )
        for plan in plans
    )


def jump_phases(plans: list[JumpPlan], duration_s: float) -> tuple[Phase, ...]:
    """Return the phases of the whole clip in order, without gaps."""
    marks: list[tuple[PhaseKind, float]] = [("rest", 0.0)]
    for plan, rep in zip(plans, jump_reps(plans), strict=True):
        marks += [("eccentric", rep.start_s), ("concentric", plan.lowest_s), ("flight", plan.takeoff_s)]
        marks += [("eccentric", plan.landing_s), ("concentric", plan.absorbed_s), ("rest", rep.end_s)]
    return join_phases(marks, duration_s)
