"""Contact solver: joint angles that bring a foot or a hand to where it is planted.

Two-segment limbs by the law of cosines; the answers are angles, so forward kinematics stays the one source of points.
"""

import numpy as np

from motus_samples.body import (
    FORWARD,
    Arm,
    Array,
    Axes,
    Build,
    Leg,
    Side,
    arm_axes,
    knee_axis_level,
    outward,
)


def leg_span(build: Build, knee_deg: Array) -> Array:
    """Return the distance in metres from hip to ankle at a knee flexion."""
    bend = np.cos(np.radians(knee_deg))
    return np.asarray(np.sqrt(build.thigh**2 + build.shank**2 + 2 * build.thigh * build.shank * bend))


def arm_span(build: Build, elbow_deg: Array) -> Array:
    """Return the distance in metres from shoulder to wrist at an elbow flexion."""
    bend = np.cos(np.radians(elbow_deg))
    return np.asarray(np.sqrt(build.upper_arm**2 + build.forearm**2 + 2 * build.upper_arm * build.forearm * bend))


def hip_over_ankle(build: Build, knee_deg: Array, shank_lean_deg: Array) -> tuple[Array, Array]:
    """Return how far the hip is in front of and above the ankle (metres) with the shank leaned forward."""
    shank, thigh = np.radians(shank_lean_deg), np.radians(knee_deg - shank_lean_deg)
    ahead = build.shank * np.sin(shank) - build.thigh * np.sin(thigh)
    return ahead, build.shank * np.cos(shank) + build.thigh * np.cos(thigh)


def ankle_over_toe(build: Build, pitch_deg: Array) -> tuple[Array, Array]:
    """Return how far the ankle is in front of (negative) and above the tip of a foot pitched toes-up by `pitch_deg`."""
    pitch = np.radians(pitch_deg)
    back = build.foot - build.heel_length
    ahead = -back * np.cos(pitch) - build.ankle_height * np.sin(pitch)
    return ahead, build.ankle_height * np.cos(pitch) - back * np.sin(pitch)


def reach_leg(
    build: Build,
    axes: Axes,
    hip: Array,
    ankle: Array,
    pitch_deg: Array,
    side: Side,
    *,
    knee_towards: Array = FORWARD,
    toes_towards: Array = FORWARD,
) -> Leg:
    """Return the leg's angles that bring its ankle to a place, foot pitched toes-up by `pitch_deg`.

    Knee and toes point towards directions of the world, (3,) or (frames, 3), the toes as nearly as the knee's axis
    lets them. A place out of reach is met as nearly as the straight leg can.
    """
    x, y, z = axes
    away = ankle - hip
    span = _length(away)
    along = away / span
    axis = np.cross(along, knee_towards)
    axis = axis / _length(axis)
    longest = build.thigh + build.shank
    span = np.clip(span, abs(build.thigh - build.shank) + 1e-6, longest - 1e-6)
    bend = np.arccos((span**2 - build.thigh**2 - build.shank**2) / (2 * build.thigh * build.shank))
    lead = np.arccos((build.thigh**2 + span**2 - build.shank**2) / (2 * build.thigh * span))
    thigh = np.cos(lead) * along + np.sin(lead) * np.cross(axis, along)
    shank = np.cos(bend) * thigh - np.sin(bend) * np.cross(axis, thigh)
    level = knee_axis_level(thigh, z)
    pitch = np.radians(pitch_deg)[:, None]
    level_toes = toes_towards - _dot(toes_towards, axis)[:, None] * axis
    level_toes = level_toes / _length(level_toes)
    toes = np.cos(pitch) * level_toes + np.sin(pitch) * np.cross(axis, level_toes)
    return Leg(
        hip_flexion_deg=_degrees(np.arctan2(_dot(thigh, x), -_dot(thigh, y))),
        hip_abduction_deg=_degrees(np.arcsin(outward(side) * _dot(thigh, z))),
        hip_rotation_deg=_degrees(np.arctan2(_dot(axis, np.cross(thigh, level)), _dot(axis, level))),
        knee_flexion_deg=_degrees(bend[:, 0]),
        ankle_dorsiflexion_deg=_degrees(np.arcsin(np.clip(-_dot(toes, shank), -1, 1))),
    )


def reach_arm(build: Build, axes: Axes, shoulder: Array, wrist: Array, elbow_towards: Array, side: Side) -> Arm:
    """Return the arm's angles that bring its wrist to a place with the elbow pointing towards a direction (world)."""
    x, y, z = axes
    away = wrist - shoulder
    span = _length(away)
    along = away / span
    span = np.clip(span, abs(build.upper_arm - build.forearm) + 1e-6, build.upper_arm + build.forearm - 1e-6)
    pole = elbow_towards - _dot(elbow_towards, along)[:, None] * along
    pole = pole / _length(pole)
    lead = np.arccos((build.upper_arm**2 + span**2 - build.forearm**2) / (2 * build.upper_arm * span))
    upper = np.cos(lead) * along + np.sin(lead) * pole
    forearm = (span * along - build.upper_arm * upper) / build.forearm
    elevation = _degrees(np.arccos(np.clip(-_dot(upper, y), -1, 1)))
    plane = _degrees(np.arctan2(_dot(upper, x), outward(side) * _dot(upper, z)))
    _, rising, turning = arm_axes(elevation, plane, side, axes)
    return Arm(
        elevation_deg=elevation,
        plane_deg=plane,
        axial_deg=_degrees(np.arctan2(_dot(forearm, turning), _dot(forearm, rising))),
        elbow_flexion_deg=_degrees(np.arccos(np.clip(_dot(upper, forearm), -1, 1))),
    )


def place(ahead: Array, left: Array | float, height: Array | float) -> Array:
    """Return points (frames, 3) from their coordinates in metres."""
    frames = np.ones_like(ahead)
    return np.stack([ahead, frames * left, frames * height], axis=-1)


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("...i,...i->...", a, b))


def _length(vector: Array) -> Array:
    """Return lengths with an axis kept, (..., 1)."""
    return np.asarray(np.sqrt(_dot(vector, vector))[..., None])


def _degrees(angle: Array) -> Array:
    return np.asarray(np.degrees(angle))
