"""Movements of the legs on planted feet: squat, hinge, deadlift, and lunges."""

from dataclasses import replace

import numpy as np

from motus_samples.body import SIDES, Array, Axes, Build, Leg, Posture, Side, hip_axis, outward
from motus_samples.movements.lunging import stepping_foot
from motus_samples.reach import hip_over_ankle, place, reach_leg
from motus_samples.stand import Arms, Feet, Torso, gravity_arms, hanging, on_feet, posture_of, reaching
from motus_samples.synthetic.drive import Drive, Mover

TIRED_LEAN_DEG = 12.0
TIRED_VALGUS_DEG = 10.0
STEEPEST_DEG = 87.0
TOWARDS_STRONG_M = 0.4
"""Shift of the pelvis over the stronger leg, for a side that leaves out all of its range: 6 cm at 15 % (biomech 11)."""


def squat(build: Build, rng: np.random.Generator) -> Mover:
    """Return squats: knees to 85..125 degrees, trunk to 20..45, shanks to 15..30; five ways to hold the arms."""
    rest, knee, shank, lean = rng.uniform(4, 8), rng.uniform(85, 125), rng.uniform(15, 30), rng.uniform(20, 45)
    feet = Feet(rng.uniform(0.01, 0.09) * build.stature, rng.uniform(5, 28))
    hold, valgus, rounded = int(rng.integers(5)), rng.uniform(-2, 3), rng.uniform(0, 20)

    def pose(drive: Drive) -> Posture:
        e = drive.both
        trunk = 2 + drive.lean_deg + (lean - 2 + TIRED_LEAN_DEG * drive.tired) * e
        torso = Torso(trunk, drive.lateral_deg, neck=0.6 * trunk, spine=rounded * np.clip(e, 0, 1))
        knees = {side: rest + (knee - rest) * np.clip(drive.of(side), -0.02, None) for side in SIDES}
        inwards = (valgus + TIRED_VALGUS_DEG * drive.tired) * np.clip(e, 0, None)
        arms = squat_arms(hold, e, trunk, drive.fidget)
        shift = drive.shift_m + TOWARDS_STRONG_M * (drive.left - drive.right)
        return on_feet(build, feet, torso, knees, shank * e, arms, shift=shift, valgus_deg=inwards)

    return pose


def squat_arms(hold: int, e: Array, trunk: Array, fidget: Array) -> Arms:
    """Return arms that rise forwards, hold a bar on the back, a weight at the chest, dumbbells, or stay crossed."""
    if hold == 0:
        return hanging(6 + 5 * fidget + (80 + trunk) * np.clip(e, 0, None), 12 - 4 * e)
    if hold == 1:
        return reaching(-0.03, 0.01, 0.09, elbow=(-0.5, -1.0, 0.2))
    if hold == 2:
        return reaching(0.13, -0.09, -0.07, elbow=(0.2, -1.0, 0.3))
    if hold == 3:
        return gravity_arms(8.0, 4 * fidget)
    return reaching(0.14, -0.02, -0.09, elbow=(1.0, -0.2, 0.4))


def hinge(build: Build, rng: np.random.Generator) -> Mover:
    """Return hip hinges: trunk to 55..85 degrees over knees of 15..45."""
    lean, knee, shank = rng.uniform(55, 85), rng.uniform(15, 40), rng.uniform(-5, 3)
    return _bow(build, rng, lean=lean, knee=knee, shank=shank)


def deadlift(build: Build, rng: np.random.Generator) -> Mover:
    """Return deadlifts: a hinge with more knee (40..65) and less trunk (45..70)."""
    lean, knee, shank = rng.uniform(45, 70), rng.uniform(40, 65), rng.uniform(4, 12)
    return _bow(build, rng, lean=lean, knee=knee, shank=shank)


def deadlift_from_floor(build: Build, rng: np.random.Generator) -> Mover:
    """Return deadlifts that rest at the bottom and turn at the lock-out."""
    pull = deadlift(build, rng)

    def pose(drive: Drive) -> Posture:
        return pull(replace(drive, left=1 - drive.left, right=1 - drive.right))

    return pose


def _bow(build: Build, rng: np.random.Generator, *, lean: float, knee: float, shank: float) -> Mover:
    feet = Feet(rng.uniform(0.0, 0.04) * build.stature, rng.uniform(0, 15))
    rest, elbow, forward, rounded = rng.uniform(4, 8), rng.uniform(4, 12), rng.uniform(0, 6), rng.uniform(0, 35)

    def pose(drive: Drive) -> Posture:
        e = drive.both
        trunk = 2 + drive.lean_deg + (lean - 2 + TIRED_LEAN_DEG * drive.tired) * e
        trunk = np.minimum(trunk, STEEPEST_DEG)
        torso = Torso(trunk, drive.lateral_deg, neck=0.35 * trunk, spine=rounded * np.clip(e, 0, 1))
        knees = dict.fromkeys(SIDES, rest + (knee - rest) * np.clip(e, -0.02, None))
        arms = gravity_arms(elbow, forward + 4 * drive.fidget)
        return on_feet(build, feet, torso, knees, shank * e, arms, shift=drive.shift_m)

    return pose


def lunge(build: Build, rng: np.random.Generator) -> Mover:
    """Return reverse lunges: front knee to 80..105 degrees, the rear foot stepping back and home."""
    return _lunge(build, rng, split=False)


def split_squat(build: Build, rng: np.random.Generator) -> Mover:
    """Return lunges whose feet stay where they are, one in front; only for repetitions of one side."""
    return _lunge(build, rng, split=True)


def _lunge(build: Build, rng: np.random.Generator, *, split: bool) -> Mover:
    knee, shank, lean = rng.uniform(80, 105), rng.uniform(4, 14), rng.uniform(4, 16)
    step, start = rng.uniform(0.38, 0.46) * build.stature, 30.0 if split else 5.0
    apart, hold = rng.uniform(0.0, 0.03) * build.stature, int(rng.integers(3))

    def pose(drive: Drive) -> Posture:
        e = np.maximum(drive.left, drive.right)
        trunk = 2 + drive.lean_deg + (lean - 2 + TIRED_LEAN_DEG * drive.tired) * e
        torso = Torso(trunk, drive.lateral_deg, neck=0.5 * trunk)
        ahead, height = hip_over_ankle(build, start + (knee - start) * np.clip(e, 0, None), shank * e)
        pelvis = place(ahead, 0.0, build.ankle_height + height)
        axes, way = torso.axes(), np.ones_like(e) if split else np.clip(e, 0, 1)
        legs = {}
        for side in SIDES:
            leads = drive.right_works if side == "right" else 1 - drive.right_works
            ankle, pitch = stepping_foot(build, way, leads, -outward(side) * (build.hip_half + apart), step)
            legs[side] = _lunging_leg(build, axes, pelvis, ankle, pitch, side)
        arms = (hanging(8 + 4 * drive.fidget, 10.0), reaching(0.12, -0.1, -0.08), gravity_arms(8.0))[hold]
        return posture_of(build, pelvis, torso, np.zeros_like(e), legs, arms)

    return pose


def _lunging_leg(build: Build, axes: Axes, pelvis: Array, ankle: Array, pitch: Array, side: Side) -> Leg:
    hip = pelvis + outward(side) * build.hip_half * hip_axis(np.zeros(len(pelvis)), axes)
    return reach_leg(build, axes, hip, ankle, pitch, side)
