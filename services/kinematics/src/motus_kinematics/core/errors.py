"""Standard errors of the angles: errors of landmarks, carried to each angle to first order (biomech 9.3).

An angle between two segments errs by how far their ends are off across them, within the plane in which the angle lies:
by the error of the picture where that plane is the picture's, by that of depth where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Flags, Floats
from motus_kinematics.core.bones import LENGTH_OF_SEGMENT
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.geometry import Geometry
from motus_kinematics.core.raw_angles import ANKLES, HINGES, SHOULDERS, Raw
from motus_kinematics.core.skeleton import HIP_LINE, NECK, SHOULDER_LINE, TRUNK, UPPER_ARM, Skeleton
from motus_kinematics.core.stance import Stance
from motus_kinematics.core.vectors import filled

NATURAL: Final = (
    *(f"{joint}_{side}_deg" for joint in ("knee_flexion", "elbow_flexion", "shoulder_elevation") for side in SIDES),
    *(f"{joint}_{side}_deg" for joint in ("ankle_dorsiflexion", "thigh_elevation") for side in SIDES),
    "neck_trunk_deg",
    *(f"hip_flexion_{side}_deg" for side in SIDES),
    "trunk_lean_deg",
    "trunk_rotation_deg",
    "trunk_lean_lateral_deg",
    "pelvis_yaw_deg",
    "thorax_yaw_deg",
    *(f"{joint}_{side}_deg" for joint in ("hip_abduction", "shoulder_plane", "knee_valgus") for side in SIDES),
    "hip_hinge_deg",
    "trunk_shape_ratio",
)
"""The angles in the order in which they are made."""

POINT_SIGMA_M: Final = 0.022
"""Error of a well seen landmark in the picture's plane: jitter and slow bias of 15 to 25 mm."""
DEPTH_RATIO: Final = 2.0
TRUNK_DEPTH_RATIO: Final = 4.0
"""Error of depth over that in the picture's plane; of a leaning trunk's, which the pose model guesses too upright."""
FORESHORTENED: Final = (0.8, 2.0)
"""Depth over length of a segment from which on its direction errs more, and how much more."""
DISAGREEMENT_DEG: Final = 30.0
DISAGREEMENT: Final = 1.7
"""Picture and world landmarks further apart than this, where both count, err more."""
MISFIT: Final = (0.15, 1.5)
"""Deviation of a bone from its known length, as a share, from which on it errs more, and how much more."""
UNKNOWN_OFFSET_DEG: Final = 10.0
"""Error of an ankle whose zero was not learnt while standing."""
SHAPE_SIGMA: Final = 0.05
MIN_SINE: Final = 0.2
"""A limb straighter than this has no plane of its own."""
UNKNOWN: Final = 1e6
"""Stands for the doubt in what the engine does not provide."""

# Variance of a segment's ends over that of a plain landmark: hips and shoulders are steadier, feet are not.
_ENDS: Final = np.array([1.1, 1.1, 1.4, 1.4, 2.0, 2.0, 2.2, 2.2, 1.2, 1.2, 0.5, 0.7, 0.3, 1.0])


# Levers: the segments that an angle rests on. Those of the angles that the picture and the world landmarks show come
# first, in pairs, then thighs and trunk within the sagittal plane; then lines, trunk sideways, thighs sideways, arms
# about the trunk, and the legs in the picture.
_GROUND: Final = 14
_FIRST: Final = (0, 1, 2, 3, 2, 3, 8, 9, 0, 1, NECK)
_SECOND: Final = (4, 5, 6, 7, TRUNK, TRUNK, 4, 5, _GROUND, _GROUND, TRUNK)
_ALONE: Final = (0, 1, TRUNK, HIP_LINE, SHOULDER_LINE, TRUNK, 0, 1, 2, 3, 0, 1, 4, 5)
_LEVERS: Final = np.array((*_FIRST, *_SECOND, *_ALONE), dtype=np.intp)
_DEPTH_RATIOS: Final = np.where(_LEVERS == TRUNK, TRUNK_DEPTH_RATIO, DEPTH_RATIO)
_SEGMENTS: Final = np.minimum(_LEVERS, _GROUND - 1)
_SAGITTAL: Final = np.array([0, 1, TRUNK], dtype=np.intp)
_LEGS: Final = np.array([0, 1, 4, 5], dtype=np.intp)
_FUSED: Final = np.array((*range(11), *range(11), 11, 12, 13, *[14] * len(_ALONE[3:])), dtype=np.intp)
"""The angle whose share of the picture holds for each lever; the last for those that no picture shows."""
_HINGED: Final = np.flatnonzero(HINGES.stop > _FUSED)
"""Levers of knees, elbows and shoulders, whose error by depth is known by itself."""
_RESTS_ON: Final[dict[int, tuple[int, ...]]] = {
    **{angle: (angle, 11 + angle) for angle in range(11)},
    **{11: (22, 24), 12: (23, 24), 13: (24,)},
    **{14: (25, 26), 15: (27,), 16: (25,), 17: (26,), 18: (28,), 19: (29,), 20: (30,), 21: (31,)},
    **{22: (32, 34), 23: (33, 35), 24: (22, 23, 24)},
}
_INCIDENCE: Final = np.zeros((len(_RESTS_ON), len(_LEVERS)))
for _angle, _its in _RESTS_ON.items():
    _INCIDENCE[_angle, list(_its)] = 1.0

_ALL_SEEN: Final = np.zeros(len(NATURAL), dtype=bool)

CALIBRATION: Final[dict[str, tuple[float, float]]] = {
    "knee_flexion_deg": (5.6, 0.77),
    "elbow_flexion_deg": (7.5, 0.83),
    "shoulder_elevation_deg": (2.6, 0.83),
    "ankle_dorsiflexion_deg": (6.5, 0.52),
    "thigh_elevation_deg": (3.5, 1.44),
    "neck_trunk_deg": (3.0, 1.05),
    "hip_flexion_deg": (3.0, 1.33),
    "trunk_lean_deg": (0.7, 1.82),
    "trunk_rotation_deg": (7.5, 0.15),
    "trunk_lean_lateral_deg": (0.0, 1.69),
    "pelvis_yaw_deg": (8.8, 0.90),
    "thorax_yaw_deg": (7.5, 0.10),
    "hip_abduction_deg": (5.6, 1.56),
    "shoulder_plane_deg": (3.0, 1.23),
    "knee_valgus_deg": (4.1, 1.14),
    "hip_hinge_deg": (0.6, 0.90),
}
"""By measure: degrees that no geometry explains, and the factor on those that it does. Fitted so that 80 % of the
errors lie within 1.2816 standard errors, however large those are, on synthetic athletes with even seeds, medium noise,
from all three views; `tools/calibrate_errors.py` prints them anew."""
_STEMS: Final = tuple(name.replace("_left", "").replace("_right", "") for name in NATURAL)
FLOORS: Final = np.array([CALIBRATION.get(stem, (0.0, 1.0))[0] for stem in _STEMS])
SLOPES: Final = np.array([CALIBRATION.get(stem, (0.0, 1.0))[1] for stem in _STEMS])


@dataclass(frozen=True)
class Errors:
    """What is to be expected of the angles in the order of NATURAL.

    Attributes:
        sigmas: (26,) standard errors in the unit of each; NaN where the engine lacks a point.
        hidden: (26,) whether a point that it rests on is hidden or outside the picture.
    """

    sigmas: Floats
    hidden: Flags


def standard_errors(seen: Skeleton, stance: Stance, body: Geometry, raw: Raw) -> Errors:
    """Expected errors of a moment's angles."""
    doubt = filled(seen.bone_doubt, UNKNOWN)
    lever = _segment_variances(seen, stance, body, doubt).take(_LEVERS)
    lever[30:32] /= np.maximum(1.0 - raw.cosines[SHOULDERS] ** 2, 0.1)
    lever[32:36] /= np.maximum(1.0 - (body.solid.take(_LEGS, 0) @ body.ahead) ** 2, 0.01)
    unshown = np.ones(15)
    unshown[:14] -= raw.shown
    depth = (_DEPTH_RATIOS * unshown.take(_FUSED)) ** 2 - 1.0
    depth[_HINGED] = 0.0
    lever *= 1.0 + depth * _depth_shares(body, raw)
    sigmas = np.degrees(np.sqrt(_INCIDENCE @ lever))
    sigmas[HINGES] = np.hypot(sigmas[HINGES], unshown[HINGES] * raw.open_deg)
    apart = np.abs((raw.solid - raw.flat + 180.0) % 360.0 - 180.0) > DISAGREEMENT_DEG
    sigmas[:14][apart & (np.abs(raw.shown - 0.5) < 0.5)] *= DISAGREEMENT
    if not stance.standing.learnt_s:
        sigmas[ANKLES] = np.hypot(sigmas[ANKLES], UNKNOWN_OFFSET_DEG)
    sigmas = np.concatenate((sigmas, (SHAPE_SIGMA,)))
    sigmas = np.where(sigmas < UNKNOWN, np.hypot(FLOORS, SLOPES * sigmas), np.nan)
    return Errors(sigmas, _hidden(doubt))


def _hidden(doubt: Floats) -> Flags:
    """(26,) whether a point that each angle rests on is hidden or outside the picture."""
    if doubt.max() <= 1.0:
        return _ALL_SEEN
    return np.concatenate((_INCIDENCE @ (doubt > 1.0)[_SEGMENTS] > 0.0, (doubt[TRUNK] > 1.0,)))


def _segment_variances(seen: Skeleton, stance: Stance, body: Geometry, doubt: Floats) -> Floats:
    """(15,) variance of each segment's direction within the picture's plane, radians squared; 0 for straight down."""
    off = doubt * POINT_SIGMA_M
    off[np.abs(body.solid[:_GROUND, 2]) > FORESHORTENED[0]] *= FORESHORTENED[1]
    known = stance.lengths.take(LENGTH_OF_SEGMENT)
    off[np.abs(seen.sizes - known) > MISFIT[0] * known] *= MISFIT[1]
    variances = np.zeros(_GROUND + 1)
    variances[:_GROUND] = _ENDS * (off / np.maximum(body.sizes[:_GROUND], POINT_SIGMA_M)) ** 2
    return variances


def _depth_shares(body: Geometry, raw: Raw) -> Floats:
    """(36,) squared depth component of the way across each lever along which its angle errs."""
    first, second = raw.depths
    sine = np.maximum(1.0 - raw.cosines**2, MIN_SINE**2)
    x, y, z = body.lateral.tolist()
    sagittal = body.solid.take(_SAGITTAL, 0) @ np.array((-y, x, 0.0))
    (pelvis, thorax), hips_2 = body.forward[:, 2].tolist(), float(body.right[0, 2]) ** 2
    left, right = body.solid[UPPER_ARM, 2].tolist()
    frontal = body.heading[1] ** 2
    alone = (pelvis**2, thorax**2, z * z, hips_2, hips_2, 1.0 - left**2, 1.0 - right**2, *(frontal,) * 4)
    shares = np.concatenate(
        ((second - raw.cosines * first) ** 2 / sine, (first - raw.cosines * second) ** 2 / sine, sagittal**2, alone)
    )
    return np.minimum(shares, 1.0)
