"""The angles that the world landmarks show and those that the picture shows, before they are fused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.geometry import DOWN, Geometry
from motus_kinematics.core.skeleton import NECK, THIGH, TRUNK, UPPER_ARM
from motus_kinematics.core.vectors import ramp

KNEES, ELBOWS, SHOULDERS, ANKLES, THIGHS, HIPS = (slice(i, i + 2) for i in (0, 2, 4, 6, 8, 11))
NECK_ANGLE, LEAN = 10, 13
"""Rows of the angles that both the picture and the world landmarks show, left before right."""

# Segments whose directions make the first eleven; the second one is turned around where its sign is negative.
_FIRST: Final = np.array([0, 1, 2, 3, 2, 3, 8, 9, 0, 1, NECK], dtype=np.intp)
_SECOND: Final = np.array([4, 5, 6, 7, TRUNK, TRUNK, 4, 5, DOWN, DOWN, TRUNK], dtype=np.intp)
_SIGN: Final = np.array([1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0])
_ARMS: Final = slice(2, 6)
AWAY_BAND: Final = (0.2, 0.45)
"""Depth over length of an arm's segment from which on the world landmarks weigh, and decide (biomech 1.2)."""
ARMS_FROM_SIDE: Final = 0.8
"""Least weight of the picture on arms in a side view, where depth is guessed worst and most arms swing forward."""
_OUTWARD: Final = np.array([-1.0, 1.0])
_OUTWARD_OF_LEGS: Final = np.array([-1.0, 1.0, -1.0, 1.0])
_LEGS: Final = np.array([0, 1, 4, 5], dtype=np.intp)


@dataclass(frozen=True)
class Raw:
    """Angles in degrees.

    Attributes:
        solid: (14,) by the world landmarks.
        flat: (14,) by the picture, never negative but for hips and lean.
        shown: (14,) how much the picture shows of each of them: 1 all of it, 0 nothing of it.
        knee_turn: (2,) sign of the knees' bend in the picture: 1 where the shank is turned to the picture's left.
        rotation: Shoulder line against hip line.
        lean_lateral: Trunk line from vertical in the frontal plane.
        abduction: (2,) of the hips.
        plane: (2,) of the upper arms.
        valgus: (2,) of the knees.
        cosines: (11,) of the first solid angles.
        depths: (2, 11) depth components of the two directions that make each of them.
    """

    solid: Floats
    flat: Floats
    shown: Floats
    knee_turn: Floats
    rotation: float
    lean_lateral: float
    abduction: Floats
    plane: Floats
    valgus: Floats
    cosines: Floats
    depths: Floats


def raw_angles(body: Geometry) -> Raw:
    """All angles of a moment by the formulas of biomech 1.1."""
    first, second = body.solid[_FIRST], body.solid[_SECOND] * _SIGN[:, None]
    flat_second = body.flat[_SECOND] * _SIGN[:, None]
    cosines = np.vecdot(first, second)
    both = np.concatenate((cosines, np.vecdot(body.flat[_FIRST], flat_second)))
    between = np.degrees(np.arccos(np.minimum(np.maximum(both, -1.0), 1.0)))
    thighs, trunk = body.solid[THIGH], body.solid[TRUNK]
    on_thorax = body.solid[UPPER_ARM] @ np.array((body.forward[1], body.right[1])).T
    turned = np.degrees(np.arctan2(*_legs_of_tangents(body, thighs, trunk, on_thorax)))
    shank, thigh = body.flat[4:6], body.flat[THIGH]
    return Raw(
        solid=np.concatenate((between[:11], turned[:3])),
        flat=np.concatenate((between[11:], turned[3:6])),
        shown=_shown(body, first, second),
        knee_turn=np.sign(thigh[:, 0] * shank[:, 1] - thigh[:, 1] * shank[:, 0]),
        rotation=float(turned[6]),
        lean_lateral=float(turned[7]),
        abduction=np.degrees(np.arcsin(np.minimum(np.maximum(_OUTWARD * (thighs @ body.right[0]), -1.0), 1.0))),
        plane=turned[8:10],
        valgus=(turned[12:] - turned[10:12] + 180.0) % 360.0 - 180.0,
        cosines=cosines,
        depths=np.array((first[:, 2], second[:, 2])),
    )


def _shown(body: Geometry, first: Floats, second: Floats) -> Floats:
    """(14,) weights of the picture: legs and trunk bend in the athlete's sagittal plane, arms in any."""
    shown = np.full(14, body.side)
    away = np.maximum(np.abs(first[_ARMS, 2]), np.abs(second[_ARMS, 2]))
    shown[_ARMS] = np.maximum(1.0 - ramp(away, *AWAY_BAND), ARMS_FROM_SIDE * body.side)
    return shown


def _legs_of_tangents(body: Geometry, thighs: Floats, trunk: Floats, on_thorax: Floats) -> tuple[Floats, Floats]:
    """Opposite and adjacent legs of fourteen angles.

    Hips and lean, solid, then flat; rotation; lateral lean; arms' planes; thighs and shanks in the frontal plane.
    """
    x, y, z = trunk.tolist()
    right_x, right_z = body.heading
    flat_x, flat_y = body.flat[TRUNK].tolist()
    flat_thighs, legs = body.flat[THIGH], body.solid[_LEGS]
    outward = _OUTWARD_OF_LEGS * (right_x * legs[:, 0] + right_z * legs[:, 2])
    hips, thorax = body.right[0], body.right[1]
    opposite = (
        thighs @ body.forward[0],
        (right_x * z - right_z * x,),
        body.facing * (flat_thighs @ np.array((-flat_y, flat_x))),
        (body.facing * flat_x,),
        (thorax @ body.forward[0], right_x * x + right_z * z),
        on_thorax[:, 0],
        outward,
    )
    adjacent = (
        -(thighs @ trunk),
        (-y,),
        -(flat_thighs @ body.flat[TRUNK]),
        (-flat_y,),
        (thorax @ hips, -y),
        _OUTWARD * on_thorax[:, 1],
        legs[:, 1],
    )
    return np.concatenate(opposite), np.concatenate(adjacent)
