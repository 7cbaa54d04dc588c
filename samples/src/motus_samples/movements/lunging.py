"""Reverse lunge: the leg in front stays planted, the other steps back onto its toes."""

import numpy as np

from motus_samples.body import SIDES, Arm, Array, Axes, Build, Posture, Side, hip_axis, outward, trunk_axes
from motus_samples.movements.standing import feet_apart, sway
from motus_samples.reach import ankle_over_toe, hip_over_ankle, place, reach_arm, reach_leg
from motus_samples.spec import Faults
from motus_samples.timing import Course, min_jerk

STEP_SHARE = 0.5
"""Share of the excursion at which the rear foot is down again."""


def lunge(build: Build, course: Course, faults: Faults, rng: np.random.Generator) -> Posture:
    """Return reverse lunges: front knee to 88..102 degrees, hands on the hips."""
    e = course.excursion
    knee, shank, lean = rng.uniform(88, 102), rng.uniform(6, 14), rng.uniform(6, 14)
    trunk = 2 + sway(course, rng) + (lean - 2) * e + faults.lean_deg * course.faulty * e
    ahead, height = hip_over_ankle(build, 4 + (knee - 4) * e, shank * e)
    pelvis = place(ahead, 0.0, build.ankle_height + height)
    axes = trunk_axes(trunk)
    line = hip_axis(np.zeros_like(e), axes)
    legs, arms = {}, {}
    for side in SIDES:
        hip = pelvis + outward(side) * build.hip_half * line
        leads = course.right_leads if side == "right" else 1 - course.right_leads
        ankle, pitch = stepping_foot(build, e, leads, feet_apart(build, 0.0, side), 0.44 * build.stature)
        legs[side] = reach_leg(build, axes, hip, ankle, pitch, side)
        arms[side] = hand_on_hip(build, pelvis, axes, side)
    return Posture(pelvis, trunk, np.zeros_like(e), 0.5 * trunk, legs, arms)


def stepping_foot(build: Build, e: Array, leads: Array, aside: float, step: float) -> tuple[Array, Array]:
    """Return the ankle's place and the foot's pitch: planted where the leg leads, else stepping back onto the toes.

    Args:
        build: Whose foot.
        e: Share of the way, 0 at rest, (frames,).
        leads: 1 where this leg is in front, else 0, (frames,).
        aside: Where the foot is along y, metres.
        step: Length of the step, metres.
    """
    swing = np.clip(e / STEP_SHARE, 0, 1)
    moved = min_jerk(swing)
    pitch = -(1 - leads) * (35 * moved + 22 * np.clip(e - STEP_SHARE, 0, None) / (1 - STEP_SHARE))
    toe_home = build.foot - build.heel_length
    toe_ahead = toe_home - (1 - leads) * step * moved
    toe_height = (1 - leads) * 0.03 * build.stature * np.sin(np.pi * moved)
    ahead, height = ankle_over_toe(build, pitch)
    return place(toe_ahead + ahead, aside, toe_height + height), pitch


def hand_on_hip(build: Build, pelvis: Array, axes: Axes, side: Side) -> Arm:
    """Return the arm whose hand rests on the hip, elbow out."""
    x, y, z = axes
    shoulder = pelvis + build.trunk * y + outward(side) * build.shoulder_half * z
    wrist = pelvis + build.stature * (0.045 * y + 0.01 * x + 0.098 * outward(side) * z)
    return reach_arm(build, axes, shoulder, wrist, outward(side) * z - 0.8 * x, side)
