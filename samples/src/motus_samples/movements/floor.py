"""Movements on the floor: push-up."""

import numpy as np

from motus_samples.body import SIDES, Arm, Array, Axes, Build, Leg, Posture, Side, outward, trunk_axes
from motus_samples.reach import arm_span, place, reach_arm
from motus_samples.spec import Faults
from motus_samples.timing import Course

WRIST_HEIGHT = 0.022
"""Height of the wrist above the floor with the hand flat, of stature."""

FOOT_DORSIFLEXION_DEG = 8.0


def pushup(build: Build, course: Course, faults: Faults, rng: np.random.Generator) -> Posture:
    """Return a push-up: elbows to 84..104 degrees."""
    top, bottom, wider = rng.uniform(6, 12), rng.uniform(84, 104), rng.uniform(0.01, 0.035) * build.stature
    return on_hands(build, top + (bottom - top) * course.excursion, top, wider, rng.uniform(10, 22))


def on_hands(build: Build, elbow_deg: Array, top_deg: float, wider: float, neck_deg: float) -> Posture:
    """Return a straight body that turns about its toes as the elbows bend, hands planted.

    Args:
        build: Whose body.
        elbow_deg: Elbow flexion, (frames,).
        top_deg: The elbow flexion with the shoulders above the hands, from which the hands get their place.
        wider: How far the hands are outside of the shoulders, metres.
        neck_deg: Extension of the neck.
    """
    span = arm_span(build, elbow_deg)
    back, down = _shoulder_from_toe(build)
    length = np.hypot(back, down)
    wrist_height = WRIST_HEIGHT * build.stature
    highest = np.arcsin((wrist_height + np.sqrt(arm_span(build, np.array(top_deg)) ** 2 - wider**2)) / length)
    hand_ahead = length * np.cos(highest)
    rise = _rise(length, hand_ahead, wrist_height, np.sqrt(span**2 - wider**2))
    lean, shoulder_centre = on_toes(build, rise)
    axes = trunk_axes(lean)
    arms = {
        side: _planted_arm(build, shoulder_centre, float(hand_ahead), wrist_height, wider, axes, side) for side in SIDES
    }
    return prone(lean, shoulder_centre - build.trunk * axes[1], neck_deg, arms)


def on_toes(build: Build, rise: Array) -> tuple[Array, Array]:
    """Return the lean (degrees) and the middle of the shoulders of a straight body on its toes.

    `rise` is the angle in radians of the line from toes to shoulders, (frames,).
    """
    back, down = _shoulder_from_toe(build)
    length = np.hypot(back, down)
    lean = 90 - np.degrees(rise - np.arctan2(down, back))
    return lean, place(length * np.cos(rise), 0.0, length * np.sin(rise))


def on_forearms(build: Build, sag_deg: Array, neck_deg: float) -> Posture:
    """Return a straight body on toes and forearms, upper arms upright, risen by `sag_deg` more or less."""
    back, down = _shoulder_from_toe(build)
    rise = np.arcsin((build.upper_arm + WRIST_HEIGHT * build.stature) / np.hypot(back, down)) + np.radians(sag_deg)
    lean, shoulder_centre = on_toes(build, rise)
    still = np.ones_like(lean)
    arm = Arm(lean, 88 * still, 0 * still, 90 * still)
    pelvis = shoulder_centre - build.trunk * trunk_axes(lean)[1]
    return prone(lean, pelvis, neck_deg, {"left": arm, "right": arm})


def prone(lean: Array, pelvis: Array, neck_deg: float, arms: dict[Side, Arm]) -> Posture:
    """Return a body that is straight from the toes to the shoulders."""
    still = np.ones_like(lean)
    leg = Leg(0 * still, 0 * still, 0 * still, 3 * still, FOOT_DORSIFLEXION_DEG * still)
    return Posture(pelvis, lean, 0 * still, neck_deg * still, {"left": leg, "right": leg}, arms)


def _shoulder_from_toe(build: Build) -> tuple[float, float]:
    """Return where the shoulders are from the toes in the body's own axes: along it, and (negative) off its front.

    The knee is bent by 3 degrees throughout, as in a relaxed plank; hip and trunk are in line.
    """
    bend, dorsi = np.radians(3.0), np.radians(FOOT_DORSIFLEXION_DEG)
    shank = np.array([-np.sin(bend), -np.cos(bend)])
    front = np.array([np.cos(bend), -np.sin(bend)])
    toes = np.cos(dorsi) * front - np.sin(dorsi) * shank
    sole_up = np.array([-toes[1], toes[0]])
    ankle = np.array([0.0, -build.thigh]) + build.shank * shank
    tip = ankle + (build.foot - build.heel_length) * toes - build.ankle_height * sole_up
    return float(build.trunk - tip[1]), float(tip[0])


def _rise(length: Array | float, hand_ahead: Array | float, hand_height: float, span: Array) -> Array:
    """Return the angle (radians) of the line from toes to shoulders for a distance between shoulder and hand.

    Law of cosines in the triangle toes, hand, shoulder.
    """
    far = np.hypot(hand_ahead, hand_height)
    cosine = (length**2 + far**2 - span**2) / (2 * length * far)
    return np.asarray(np.arctan2(hand_height, hand_ahead) + np.arccos(np.clip(cosine, -1, 1)))


def _planted_arm(
    build: Build,
    shoulder_centre: Array,
    hand_ahead: float,
    hand_height: float,
    wider: float,
    axes: Axes,
    side: Side,
) -> Arm:
    _, y, z = axes
    out = outward(side) * z
    shoulder = shoulder_centre + build.shoulder_half * out
    wrist = place(np.full(len(y), hand_ahead), 0.0, hand_height) + (build.shoulder_half + wider) * out
    arm = reach_arm(build, axes, shoulder, wrist, 0.2 * out - y, side)
    return Arm(arm.elevation_deg, arm.plane_deg, arm.axial_deg, arm.elbow_flexion_deg, hand_flat=True)
