"""Movements on two planted feet: squat, hinge, deadlift, press and curl."""

from collections.abc import Callable

import numpy as np

from motus_samples.body import SIDES, Arm, Array, Build, Posture, Side, outward
from motus_samples.spec import Faults
from motus_samples.stand import Feet, Torso, on_feet
from motus_samples.timing import Course

ArmCourse = Callable[[Array], Arm]
"""An arm as a function of the share of its way."""


def squat(build: Build, course: Course, faults: Faults, rng: np.random.Generator) -> Posture:
    """Return a squat: knees to 95..118 degrees, arms rising forwards so that they hide neither hip nor knee."""
    e = course.excursion
    rest, knee = rng.uniform(2, 6), rng.uniform(95, 118)
    shank, lean, stance = rng.uniform(20, 28), rng.uniform(28, 40), rng.uniform(0.03, 0.09)
    trunk = 2 + sway(course, rng) + (lean - 2) * e + faults.lean_deg * course.faulty * e
    reach = rng.uniform(80, 95)
    arms = hanging_arms(elevation=6 + (reach - 6 + trunk) * e, elbow=12 - 4 * e)
    weak = 1 - faults.asymmetry * course.faulty
    knees = dict.fromkeys(SIDES, rest + (knee - rest) * e)
    knees[faults.weak_side] = rest + (knee - rest) * e * weak
    torso = Torso(trunk, neck=0.6 * trunk)
    return on_feet(build, _feet(build, stance), torso, knees, shank * e, lambda _: arms)


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
    knees = dict.fromkeys(SIDES, 4 + (knee - 4) * e)
    torso = Torso(trunk, neck=0.35 * trunk)
    return on_feet(build, _feet(build, 0.02), torso, knees, shank * e, lambda _: arms)


def _arms_only(build: Build, course: Course, faults: Faults, rng: np.random.Generator, arm: ArmCourse) -> Posture:
    share = dict.fromkeys(SIDES, course.excursion)
    share[faults.weak_side] = course.excursion * (1 - faults.asymmetry * course.faulty)
    trunk = 1 + sway(course, rng)
    knees = dict.fromkeys(SIDES, np.full_like(trunk, 4.0))
    arms = {side: arm(share[side]) for side in SIDES}
    return on_feet(build, _feet(build, 0.02), Torso(trunk), knees, 0 * trunk, lambda _: arms)


def _feet(build: Build, stance: float) -> Feet:
    return Feet(stance * build.stature, 0.0)
