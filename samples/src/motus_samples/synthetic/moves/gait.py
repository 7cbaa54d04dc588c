"""Walking and running: joint angles over the stride, the pelvis where the foot on the ground puts it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from motus_samples.body import FORWARD, LEFT, SIDES, Array, Build, Leg, Posture, Side, forward_kinematics, outward
from motus_samples.movements.jumping import GRAVITY
from motus_samples.stand import Torso, by_angles, upper_of
from motus_samples.synthetic.courses import keyed
from motus_samples.synthetic.performance import Performance
from motus_samples.synthetic.script import Script
from motus_samples.synthetic.truth import TrueContact
from motus_samples.timing import Phase

Knots = tuple[tuple[float, float], ...]
Route = Callable[[Array], tuple[Array, Array]]
"""Where somebody is on the ground, (frames, 3) metres, and their heading in radians, (frames,)."""

WALK_HIP: Final[Knots] = ((0, 30), (0.1, 27), (0.3, 8), (0.5, -10), (0.6, -4), (0.73, 18), (0.87, 31))
WALK_KNEE: Final[Knots] = ((0, 5), (0.13, 18), (0.4, 5), (0.52, 14), (0.62, 38), (0.73, 62), (0.87, 28), (0.96, 6))
WALK_ANKLE: Final[Knots] = ((0, 0), (0.07, -6), (0.3, 6), (0.47, 10), (0.62, -18), (0.75, -3), (0.9, 1))
RUN_HIP: Final[Knots] = ((0, 32), (0.15, 18), (0.35, -8), (0.45, -8), (0.7, 38), (0.85, 45))
RUN_KNEE: Final[Knots] = ((0, 22), (0.15, 42), (0.36, 22), (0.5, 70), (0.65, 108), (0.85, 45), (0.95, 22))
RUN_ANKLE: Final[Knots] = ((0, 5), (0.16, 20), (0.38, -22), (0.55, -10), (0.8, 5))
"""Angles over the stride from heel strike on: share of the stride and degrees (biomech 11)."""

CYCLE: Final = np.linspace(0.0, 1.0, 241)


@dataclass(frozen=True)
class Gait:
    """How somebody goes.

    Attributes:
        stride_s: Time of a stride, two steps.
        stance: Share of it that each foot is on the ground; below one half there is flight.
        size: Factors on the hip's, knee's and ankle's excursions.
        arm_deg: Swing of the arms and their elbow flexion.
        turn_deg: Turn of the pelvis and the counter-turn of the thorax.
        track_m: Length of the track on which they go to and fro; 0 on a treadmill.
    """

    running: bool
    stride_s: float
    stance: float
    size: tuple[float, float, float]
    arm_deg: tuple[float, float]
    turn_deg: tuple[float, float]
    lean_deg: float
    apart: float
    track_m: float

    @classmethod
    def draw(cls, rng: np.random.Generator, *, running: bool) -> "Gait":
        """Return a gait: strides of 0.9 to 1.2 s walking, 0.62 to 0.76 running, on a treadmill or to and fro."""
        low, high = (0.62, 0.76) if running else (0.9, 1.2)
        swing, elbow = (
            (rng.uniform(25, 45), rng.uniform(70, 105)) if running else (rng.uniform(8, 28), rng.uniform(10, 30))
        )
        to_and_fro = not running and rng.random() < 0.5
        return cls(
            running,
            rng.uniform(low, high),
            rng.uniform(0.3, 0.4) if running else rng.uniform(0.58, 0.64),
            (rng.uniform(0.85, 1.1), rng.uniform(0.92, 1.05), rng.uniform(0.8, 1.1)),
            (swing, elbow),
            (rng.uniform(2, 6), rng.uniform(3, 9)),
            rng.uniform(5, 12) if running else rng.uniform(1, 6),
            rng.uniform(-0.02, 0.01),
            rng.uniform(3.0, 4.5) if to_and_fro else 0.0,
        )


def perform(running: bool, script: Script, build: Build, rng: np.random.Generator) -> Performance:
    """Return walking or running for the script's seconds; the truth's contacts are the steps."""
    gait = Gait.draw(rng, running=running)
    start = rng.uniform(0, 1)
    ahead, height = _pelvis_over_cycle(build, gait)
    length = float(ahead[-1])
    going = _route(gait, length / gait.stride_s, script.seconds, rng)

    def pose(t_s: Array) -> Posture:
        strides = start + t_s / gait.stride_s
        phase = strides % 1.0
        swayed = np.interp(phase, CYCLE, ahead) - phase * length
        where, heading = going(t_s)
        pelvis = where + np.interp(phase, CYCLE, height)[:, None] * np.array([0.0, 0.0, 1.0])
        pelvis += swayed[:, None] * (np.cos(heading)[:, None] * FORWARD + np.sin(heading)[:, None] * LEFT)
        return _posture(build, gait, phase, pelvis, np.degrees(heading))

    contacts = _contacts(gait, start, script.seconds)
    return Performance(script.seconds, pose, phases=(Phase("transition", 0.0, script.seconds),), contacts=contacts)


def _posture(build: Build, gait: Gait, phase: Array, pelvis: Array, heading_deg: Array | float) -> Posture:
    pelvis_turn, thorax_turn = gait.turn_deg
    wave = np.cos(2 * np.pi * phase)
    torso = Torso(
        gait.lean_deg + 1.0 * np.cos(4 * np.pi * phase),
        1.0 * np.sin(2 * np.pi * phase),
        heading_deg - pelvis_turn * wave,
        (pelvis_turn + thorax_turn) * wave,
    )
    legs = {side: _leg(gait, (phase + (0.5 if side == "right" else 0.0)) % 1.0) for side in SIDES}
    swing, elbow = gait.arm_deg
    angles: dict[Side, tuple[Array | float, Array | float, Array | float, Array | float]] = {}
    for side in SIDES:
        sign = outward(side)
        elevation = gait.lean_deg + swing * sign * wave
        angles[side] = (elevation, 82.0, 0.0, elbow + 0.35 * swing * (1 + sign * wave))
    arms = by_angles(angles)(upper_of(build, pelvis, torso))
    still = np.zeros_like(phase)
    return Posture(pelvis, torso.lean, still, still, legs, arms, torso.lateral, torso.heading, torso.twist)


def _leg(gait: Gait, phase: Array) -> Leg:
    hips, knees, ankles = (RUN_HIP, RUN_KNEE, RUN_ANKLE) if gait.running else (WALK_HIP, WALK_KNEE, WALK_ANKLE)
    hip, knee, ankle = (
        size * _periodic(knots, phase) for size, knots in zip(gait.size, (hips, knees, ankles), strict=True)
    )
    still = np.zeros_like(phase)
    return Leg(hip + gait.lean_deg, still + 100 * gait.apart, still, np.clip(knee, 1, None), ankle)


def _periodic(knots: Knots, phase: Array) -> Array:
    times, values = np.array([*knots, (1.0, knots[0][1])]).T
    return np.asarray(CubicSpline(times, values, bc_type="periodic")(phase))


def _pelvis_over_cycle(build: Build, gait: Gait) -> tuple[Array, Array]:
    """Return how far the pelvis has come and how high it is over a stride from the left heel strike on, metres.

    On the ground the lower part of the foot that carries stays where it is; in the air the pelvis flies.
    """
    level = _posture(build, gait, CYCLE, np.zeros((len(CYCLE), 3)), 0.0)
    points = forward_kinematics(build, level).points
    lowest = {side: np.minimum(points[f"{side}_heel"][:, 2], points[f"{side}_foot_index"][:, 2]) for side in SIDES}
    carries: Array = np.where(CYCLE % 1.0 < 0.5, lowest["left"], lowest["right"])
    height = -np.minimum(lowest["left"], lowest["right"]) if gait.stance > 0.5 else -carries
    foot = {side: points[f"{side}_ankle"][:, 0] for side in SIDES}
    back = np.where(CYCLE[:-1] % 1.0 < 0.5, np.diff(foot["left"]), np.diff(foot["right"]))
    if gait.stance < 0.5:
        height, back = _with_flight(gait, height, back)
    return np.concatenate([[0.0], np.cumsum(-back)]), height


def _with_flight(gait: Gait, height: Array, back: Array) -> tuple[Array, Array]:
    """Return height and backward steps of the foot with the flights put in: a parabola, and the mean speed."""
    height, back = height.copy(), back.copy()
    flight_s = (0.5 - gait.stance) * gait.stride_s
    for first in (gait.stance, 0.5 + gait.stance):
        inside = (first <= CYCLE) & (first + 0.5 - gait.stance >= CYCLE)
        share = (CYCLE[inside] - first) / (0.5 - gait.stance)
        ends = np.interp([first, first + 0.5 - gait.stance], CYCLE, height)
        height[inside] = ends[0] + (ends[1] - ends[0]) * share + GRAVITY / 2 * flight_s**2 * share * (1 - share)
    grounded = (CYCLE[:-1] % 0.5) < gait.stance
    back[~grounded] = back[grounded].mean()
    return height, back


def _route(gait: Gait, speed: float, seconds: float, rng: np.random.Generator) -> Route:
    if not gait.track_m:
        return lambda t_s: (np.zeros((len(t_s), 3)), np.zeros_like(t_s))
    leg_s, turn_s = gait.track_m / speed, rng.uniform(0.9, 1.3)
    passes = int(seconds / (leg_s + turn_s)) + 2
    ends = np.arange(1, passes + 1) * (leg_s + turn_s) - turn_s
    times = np.stack([ends, ends + turn_s], axis=-1).ravel()
    sense = rng.choice([-1.0, 1.0])
    headings = np.repeat(sense * np.pi * (np.arange(passes + 1) % 2), 2)[1:-1]
    grid = np.arange(0.0, seconds + 1.0, 1 / 60)
    heading = keyed(grid, times, headings)
    turning = np.abs(np.gradient(heading, grid)) > 1e-6
    velocity = np.where(turning, 0.35 * speed, speed)[:, None] * np.stack(
        [np.cos(heading), np.sin(heading), 0 * grid], axis=-1
    )
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(velocity[:-1] / 60, axis=0)])
    path -= (path.min(axis=0) + path.max(axis=0)) / 2

    def going(t_s: Array) -> tuple[Array, Array]:
        where = np.stack([np.interp(t_s, grid, path[:, axis]) for axis in range(3)], axis=-1)
        return where, keyed(t_s, times, headings)

    return going


def _contacts(gait: Gait, start: float, seconds: float) -> tuple[TrueContact, ...]:
    contacts = []
    sides: tuple[tuple[Side, float], ...] = (("left", 0.0), ("right", 0.5))
    for side, offset in sides:
        first = int(np.floor(start)) - 1
        for stride in range(first, int(start + seconds / gait.stride_s) + 2):
            strike = (stride + offset - start) * gait.stride_s
            lift = strike + gait.stance * gait.stride_s
            if lift > 0 and strike < seconds:
                contacts.append(TrueContact(side, strike, lift))
    return tuple(sorted(contacts, key=lambda contact: contact.start_s))
