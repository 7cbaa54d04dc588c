"""Movements on two planted feet: squat, hinge, deadlift, press and curl."""

from collections.abc import Callable

import numpy as np

from motus_samples.body import SIDES, Arm, Array, Build, Leg, Posture, Side, hip_axis, outward, trunk_axes
from motus_samples.reach import hip_over_ankle, leg_span, place, reach_leg
from motus_samples.spec import Faults
from motus_samples.timing import Course

ArmCourse = Callable[[Array], Arm]
"""An arm as a function of the share of its way."""

LARGEST_ROLL = 0.5
"""Largest tilt of the pelvis in an asymmetric squat, in radians: about 0.15 less knee flexion on the weak side."""


def squat(build: Build, course: Course, faults: Faults, rng: np.random.Generator) -> Posture:
    """Return a squat: knees to 95..118 degrees, arms rising forwards so that they hide neither hip nor knee."""
    e = course.excursion
    rest, knee = rng.uniform(2, 6), rng.uniform(95, 118)
    shank, lean, stance = rng.uniform(20, 28), rng.uniform(28, 40), rng.uniform(0.03, 0.09)
    trunk = 2 + sway(course, rng) + (lean - 2) * e + faults.lean_deg * course.faulty * e
    reach = rng.uniform(80, 95)
    arms = hanging_arms(elevation=6 + (reach - 6 + trunk) * e, elbow=12 - 4 * e)
    weak = 1 - faults.asymmetry * course.faulty
    knees = rest + (knee - rest) * e
    roll = _roll_for(build, knees, rest + (knee - rest) * e * weak, shank * e, stance * build.stature)
    roll = roll if faults.weak_side == "right" else -roll
    return _on_two_feet(build, knees, shank * e, trunk, stance, arms, neck=0.6 * trunk, roll=roll)


def hinge(build: Build, course: Course, faults: Faults, rng: np.random.Generator) -> Posture:
    """Return a hip hinge: trunk to 60..78 degrees over nearly straight legs, arms hanging."""
    return _bow(build, course, rng, lean=rng.uniform(60, 78), knee=rng.uniform(14, 24), shank=rng.uniform(-4, 0))


def deadlift(build: Build, course: Course, faults: Faults, rng: np.random.Generator) -> Posture:
    """Return a deadlift: a hinge with more knee and less trunk."""
    return _bow(build, course, rng, lean=rng.uniform(52, 66), knee=rng.uniform(38, 52), shank=rng.uniform(5, 10))


def press(build: Build, course: Course, faults: Faults, rng: np.random.Generator) -> Posture:
    """Return an overhead press from the shoulders to straight arms."""
    low, high, plane = rng.uniform(28, 38), rng.uniform(160, 170), rng.uniform(45, 62)
    bent, straight = rng.uniform(122, 134), rng.uniform(6, 12)

    def arm(share: Array) -> Arm:
        still = np.ones_like(share)
        turn = low + (high - low) * share
        return Arm(turn, plane * still, 0 * still, bent + (straight - bent) * share)

    return _arms_only(build, course, faults, rng, arm)


def curl(build: Build, course: Course, faults: Faults, rng: np.random.Generator) -> Posture:
    """Return a biceps curl, upper arms by the trunk."""
    drift, straight, bent = rng.uniform(5, 12), rng.uniform(6, 12), rng.uniform(118, 132)

    def arm(share: Array) -> Arm:
        still = np.ones_like(share)
        return Arm(4 + drift * share, 80 * still, 0 * still, straight + (bent - straight) * share)

    return _arms_only(build, course, faults, rng, arm)


def sway(course: Course, rng: np.random.Generator) -> Array:
    """Return the slow sway of someone who stands, in degrees: 0.6 degrees at most, below 0.4 Hz."""
    slow, fast = rng.uniform(0, 2 * np.pi, 2)
    return np.asarray(0.4 * np.sin(1.3 * course.t_s + slow) + 0.2 * np.sin(2.3 * course.t_s + fast))


def hanging_arms(elevation: Array, elbow: Array, plane: float = 84.0) -> dict[Side, Arm]:
    """Return two like arms that move in one plane."""
    still = np.ones_like(elevation)
    arm = Arm(elevation, plane * still, 0 * still, elbow * still)
    return {"left": arm, "right": arm}


def feet_apart(build: Build, stance: float, side: Side) -> float:
    """Return where a foot stands along y in metres, `stance` (of stature) outside of its hip."""
    return -outward(side) * (build.hip_half + stance * build.stature)


def _bow(build: Build, course: Course, rng: np.random.Generator, *, lean: float, knee: float, shank: float) -> Posture:
    e = course.excursion
    trunk = 2 + sway(course, rng) + (lean - 2) * e
    arms = hanging_arms(elevation=5 + (trunk - 2) * 0.96, elbow=np.full_like(e, 8.0))
    knees = 4 + (knee - 4) * e
    return _on_two_feet(build, knees, shank * e, trunk, 0.02, arms, neck=0.35 * trunk)


def _arms_only(build: Build, course: Course, faults: Faults, rng: np.random.Generator, arm: ArmCourse) -> Posture:
    share = dict.fromkeys(SIDES, course.excursion)
    share[faults.weak_side] = course.excursion * (1 - faults.asymmetry * course.faulty)
    trunk = 1 + sway(course, rng)
    knees = np.full_like(trunk, 4.0)
    arms = {side: arm(share[side]) for side in SIDES}
    return _on_two_feet(build, knees, 0 * knees, trunk, 0.02, arms, neck=0 * trunk)


def _on_two_feet(
    build: Build,
    knee_deg: Array,
    shank_deg: Array,
    lean_deg: Array,
    stance: float,
    arms: dict[Side, Arm],
    *,
    neck: Array,
    roll: Array | None = None,
) -> Posture:
    """Return the posture whose lower hip is where the commanded knee and shank put it, both ankles planted."""
    roll = np.zeros_like(knee_deg) if roll is None else roll
    ahead, height = _above_planted_foot(build, knee_deg, shank_deg, stance * build.stature)
    lift = build.hip_half * np.sin(np.radians(np.abs(roll)))
    pelvis = place(ahead, 0.0, build.ankle_height + height + lift)
    axes = trunk_axes(lean_deg)
    line = hip_axis(roll, axes)
    legs: dict[Side, Leg] = {}
    for side in SIDES:
        hip = pelvis + outward(side) * build.hip_half * line
        ankle = place(np.zeros_like(ahead), feet_apart(build, stance, side), build.ankle_height)
        legs[side] = reach_leg(build, axes, hip, ankle, np.zeros_like(ahead), side)
    return Posture(pelvis, lean_deg, roll, neck, legs, arms)


def _above_planted_foot(build: Build, knee_deg: Array, shank_deg: Array, aside: float) -> tuple[Array, Array]:
    ahead, height = hip_over_ankle(build, knee_deg, shank_deg)
    return ahead, np.sqrt(height**2 - aside**2)


def _roll_for(build: Build, strong_deg: Array, weak_deg: Array, shank_deg: Array, aside: float) -> Array:
    """Return the tilt of the pelvis (degrees) that leaves the weak side's knee less bent than the strong side's."""
    ahead, height = _above_planted_foot(build, strong_deg, shank_deg, aside)
    higher = np.sqrt(leg_span(build, weak_deg) ** 2 - ahead**2 - aside**2)
    return np.degrees(np.arcsin(np.clip((higher - height) / (2 * build.hip_half), 0, np.sin(LARGEST_ROLL))))
