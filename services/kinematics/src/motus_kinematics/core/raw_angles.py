"""The angles that the world landmarks show and those that the picture shows, before they are fused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.geometry import DOWN, Geometry
from motus_kinematics.core.skeleton import NECK, THIGH, TRUNK

KNEES, SHOULDERS, ANKLES, HIPS = (slice(i, i + 2) for i in (0, 4, 6, 11))
HINGES: Final = slice(0, 6)
NECK_ANGLE, LEAN = 10, 13
"""Rows of the angles that both the picture and the world landmarks show, left before right."""

# Segments whose directions make the first eleven; the second one is turned around where its sign is negative.
_FIRST: Final = np.array([0, 1, 2, 3, 2, 3, 8, 9, 0, 1, NECK], dtype=np.intp)
_SECOND: Final = np.array([4, 5, 6, 7, TRUNK, TRUNK, 4, 5, DOWN, DOWN, TRUNK], dtype=np.intp)
_SIGN: Final = np.array([[1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0]]).T
_SHOWN: Final = np.array([*[0.8] * 2, *[0.5] * 2, *[0.0] * 2, *[1.0] * 8])
"""How much the picture decides in a side view. Where the error of depth is reckoned with, the picture adds less the
freer a joint is: legs bend in its plane, an arm may point anywhere."""
Pair = tuple[float, float]
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
        open_deg: (6,) what depth leaves open of the first six, a standard deviation.
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
    open_deg: Floats
    cosines: Floats
    depths: Floats


def raw_angles(body: Geometry, hinges_deg: Floats, open_deg: Floats) -> Raw:
    """All angles of a moment by the formulas of biomech 1.1; (6,) those of hinges in space are given."""
    first, second = body.solid.take(_FIRST, 0), body.solid.take(_SECOND, 0) * _SIGN
    flat = np.vecdot(body.flat.take(_FIRST, 0), body.flat.take(_SECOND, 0)) * _SIGN[:, 0]
    cosines = np.vecdot(first, second)
    both = np.concatenate((cosines[HINGES.stop :], flat))
    between = np.degrees(np.arccos(np.minimum(np.maximum(both, -1.0), 1.0)))
    solid_turns, abduction, plane, rotation, lean_lateral = _in_space(body)
    flat_turns, knee_turn = _in_picture(body)
    depths = np.array((first[:, 2], second[:, 2]))
    return Raw(
        solid=np.concatenate((hinges_deg, between[: -len(flat)], solid_turns)),
        flat=np.concatenate((between[-len(flat) :], flat_turns)),
        shown=_SHOWN * body.side,
        knee_turn=np.array(knee_turn),
        rotation=rotation,
        lean_lateral=lean_lateral,
        abduction=np.array(abduction),
        plane=np.array(plane),
        valgus=np.array(_valgus(body)),
        open_deg=open_deg,
        cosines=cosines,
        depths=depths,
    )


# Plain numbers from here on: fourteen single angles of two or three numbers each are faster without arrays.


def _turn_deg(opposite: float, adjacent: float) -> float:
    return math.degrees(math.atan2(opposite, adjacent))


def _in_space(body: Geometry) -> tuple[tuple[float, float, float], Pair, Pair, float, float]:
    """Hips' flexion and lean; hips' abduction; planes of the upper arms; trunk rotation and lateral lean."""
    limbs = body.solid[:4]
    ahead, aside = (limbs @ body.forward.T).tolist(), (limbs @ body.right.T).tolist()
    up = (limbs[THIGH] @ body.solid[TRUNK]).tolist()
    x, y, z = body.solid[TRUNK].tolist()
    right_x, right_z = body.heading
    lean = _turn_deg(right_x * z - right_z * x, -y)
    flexion = (_turn_deg(ahead[0][0], -up[0]), _turn_deg(ahead[1][0], -up[1]), lean)
    abduction = tuple(math.degrees(math.asin(min(max(v, -1.0), 1.0))) for v in (-aside[0][0], aside[1][0]))
    plane = (_turn_deg(ahead[2][1], -aside[2][1]), _turn_deg(ahead[3][1], aside[3][1]))
    thorax = body.right[1]
    rotation = _turn_deg(float(thorax @ body.forward[0]), float(thorax @ body.right[0]))
    return flexion, (abduction[0], abduction[1]), plane, rotation, _turn_deg(right_x * x + right_z * z, -y)


def _in_picture(body: Geometry) -> tuple[tuple[float, float, float], Pair]:
    """Hips' flexion and lean, and the sense in which each knee is bent."""
    x, y = body.flat[TRUNK].tolist()
    legs, facing = body.flat.take(_LEGS, 0).tolist(), body.facing
    hips = [_turn_deg(facing * (leg_y * x - leg_x * y), -(leg_x * x + leg_y * y)) for leg_x, leg_y in legs[:2]]
    bends = [
        math.copysign(1.0, thigh[0] * shank[1] - thigh[1] * shank[0])
        for thigh, shank in zip(legs[:2], legs[2:], strict=True)
    ]
    return (hips[0], hips[1], _turn_deg(facing * x, -y)), (bends[0], bends[1])


def _valgus(body: Geometry) -> Pair:
    """Turn of each shank against its thigh in the frontal plane, positive inwards."""
    right_x, right_z = body.heading
    legs = [_turn_deg(right_x * x + right_z * z, y) for x, y, z in body.solid.take(_LEGS, 0).tolist()]
    left, right = legs[0] - legs[2], legs[3] - legs[1]
    return (left + 180.0) % 360.0 - 180.0, (right + 180.0) % 360.0 - 180.0
