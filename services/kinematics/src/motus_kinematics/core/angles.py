"""One frame's landmarks to joint angles, trunk attitude and heights, each with its standard error or why it is absent.

Formulas are those of biomech 1.1; `raw_angles` reads them off the world landmarks and off the picture, `fusion` puts
both together, `errors` says how far they may be off.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from motus_kinematics.core.body import Flags, Floats, Frame
from motus_kinematics.core.bones import LENGTH_OF_SEGMENT
from motus_kinematics.core.channels import GRADE_BOUNDS_DEG, POSITIONS, Absence, Codes, Reading, nothing
from motus_kinematics.core.errors import NATURAL, Errors, standard_errors
from motus_kinematics.core.fusion import fuse, mix
from motus_kinematics.core.geometry import Geometry, geometry
from motus_kinematics.core.heights import HEIGHTS, heights
from motus_kinematics.core.hinges import hinges
from motus_kinematics.core.raw_angles import ANKLES, HIPS, KNEES, LEAN, SHOULDERS, Raw, raw_angles
from motus_kinematics.core.skeleton import TRUNK, Skeleton, see
from motus_kinematics.core.stance import Stance, follow
from motus_kinematics.core.standing import Standing, follow_standing

HINGE_KNEE_DEG: Final = 45.0
"""Knees bent further make a squat of a hinge."""
PLANE_ELEVATIONS_DEG: Final = (30.0, 150.0)
"""Between them the upper arm has a plane."""
UPRIGHT_DEG: Final = 60.0
"""Leaning further, a trunk has no sideways lean."""
FRONTAL: Final = 0.5
"""Share of the lateral axis along the line of sight up to which the view is frontal: 30 degrees."""
LOOKS_STRAIGHT_DEG: Final = 15.0
LOOKS_WHOLE: Final = np.array([0.65, 0.65, 0.65, 0.65, 0.8])
"""Share of its known length that a segment shows at least; a camera held high shortens legs."""

_NAMES: Final = (*NATURAL, *HEIGHTS)
_TO_CHANNELS: Final = np.array([_NAMES.index(name) for name in POSITIONS], dtype=np.intp)
_DEGREES_PER_UNIT: Final = np.array([1.0 if name.endswith("_deg") else np.degrees(1.0) for name in _NAMES])
_PLACES: Final = np.array([25, 26, 27, 28, 33, 34], dtype=np.intp)
_STANDING_SEGMENTS: Final = np.array([0, 1, 4, 5, TRUNK], dtype=np.intp)
_STANDING_LENGTHS: Final = LENGTH_OF_SEGMENT[_STANDING_SEGMENTS]
_STANDING_ANGLES: Final = np.array([0, 1, 8, 9, LEAN], dtype=np.intp)
_PRESENT: Final = (Absence.PRESENT,) * 4
_ALWAYS_FUSED: Final = np.zeros(14, dtype=np.uint8)
_ALWAYS_HIGH: Final = np.zeros(len(HEIGHTS), dtype=np.uint8)
_LEG_ANGLES: Final = np.array([0, 1, 11, 12], dtype=np.intp)


def measure(frame: Frame, stance: Stance | None, known: Floats | None = None) -> tuple[Reading, Stance | None]:
    """Measures one frame.

    Args:
        frame: The frame.
        stance: What the frame before handed on; None for the first.
        known: (9,) lengths of the athlete's bones from earlier sessions, NaN where unknown.

    Returns:
        The reading, all NaN with one reason when nobody is seen or the points make no body, and the stance to hand on.
    """
    seen = see(frame)
    if isinstance(seen, Absence):
        return nothing(frame.t_s, seen), stance
    dt_s = 0.0 if stance is None else frame.t_s - stance.t_s
    stance = follow(stance, seen, known)
    body = geometry(seen, stance)
    raw = raw_angles(body, *hinges(seen, stance.lengths))
    stance = replace(stance, standing=_learn(stance, seen, body, raw, dt_s))
    errors = standard_errors(seen, stance, body, raw)
    fused = fuse(body, raw, stance.standing.offsets_deg)
    others, reasons = _others(stance, body, raw, fused, errors)
    high, high_errors = heights(seen, stance)
    values = np.concatenate((fused, others, high))
    sigmas = np.concatenate((errors.sigmas, high_errors.sigmas))
    reasons = np.concatenate((_ALWAYS_FUSED, reasons, _ALWAYS_HIGH))
    hidden = np.concatenate((errors.hidden, high_errors.hidden))
    return _reading(frame.t_s, values, sigmas, reasons, hidden), stance


def _reading(t_s: float, values: Floats, sigmas: Floats, reasons: Codes, hidden: Flags) -> Reading:
    """Brings all into the channels' order; what has a reason to be absent is, what errs too much is not shown."""
    lacking = np.isnan(sigmas)
    reasons = np.where(lacking, Absence.NOT_PROVIDED, reasons)
    absent = reasons != Absence.PRESENT
    vague = ~absent & (sigmas * _DEGREES_PER_UNIT >= GRADE_BOUNDS_DEG[-1])
    codes = np.where(vague, np.where(hidden, Absence.OCCLUDED, Absence.VIEW), reasons)
    values, sigmas = np.where(absent, np.nan, values), np.where(absent, np.nan, sigmas)
    return Reading(t_s, values[_TO_CHANNELS], sigmas[_TO_CHANNELS], codes[_TO_CHANNELS].astype(np.uint8))


def _learn(stance: Stance, seen: Skeleton, body: Geometry, raw: Raw, dt_s: float) -> Standing:
    """Looks whether the athlete stands still, and learns from it."""
    trunk_px = stance.trunk_m * stance.px_per_m
    least_px = LOOKS_WHOLE * stance.px_per_m * stance.lengths[_STANDING_LENGTHS]
    whole = body.flat_sizes[_STANDING_SEGMENTS] >= least_px
    straight = np.abs(raw.flat[_STANDING_ANGLES]) < LOOKS_STRAIGHT_DEG
    flat = np.concatenate((raw.flat[KNEES], body.side * raw.flat[HIPS]))
    ankles = 90.0 - mix(raw.solid[ANKLES], raw.flat[ANKLES], raw.shown[ANKLES])
    lean = raw.solid[LEAN] - body.side * raw.flat[LEAN]
    return follow_standing(
        stance.standing,
        seen.pixels[_PLACES] / trunk_px,
        dt_s,
        upright=bool(whole.all() and straight.all()),
        bias_deg=np.concatenate((raw.solid[_LEG_ANGLES] - flat, ankles, (lean, raw.rotation))),
        trunk_length=float(body.flat_sizes[TRUNK] / trunk_px),
    )


def _others(stance: Stance, body: Geometry, raw: Raw, fused: Floats, errors: Errors) -> tuple[Floats, Codes]:
    """What only one of the two shows: (12,) in the order of NATURAL, and why one of them has no meaning here."""
    standing, view = stance.standing, abs(float(stance.lateral[2]))
    hinge, knee = _better_seen(fused[HIPS], errors.sigmas[HIPS]), _better_seen(fused[KNEES], errors.sigmas[KNEES])
    shape = float(body.flat_sizes[TRUNK]) / (stance.trunk_m * stance.px_per_m * standing.trunk_length)
    elevation = fused[SHOULDERS]
    planes = (elevation > PLANE_ELEVATIONS_DEG[0]) & (elevation < PLANE_ELEVATIONS_DEG[1])
    leaning = abs(float(fused[LEAN])) > UPRIGHT_DEG
    rotation = raw.rotation - float(standing.offsets_deg[7])
    values = ((rotation, raw.lean_lateral), stance.yaw_deg, raw.abduction, raw.plane, raw.valgus, (hinge, shape))
    off_front = Absence.VIEW if view > FRONTAL else Absence.PRESENT
    off_side = Absence.VIEW if body.side <= 0.0 else Absence.PRESENT
    if np.isnan(shape) and not off_side:
        off_side = Absence.TOO_FEW_FRAMES
    meaningless = Absence.NOT_APPLICABLE
    reasons = (
        *(Absence.PRESENT, meaningless if leaning else Absence.PRESENT, *_PRESENT),
        *(Absence.PRESENT if plane else meaningless for plane in planes.tolist()),
        *(off_front, off_front, Absence.PRESENT if knee < HINGE_KNEE_DEG else meaningless, off_side),
    )
    return np.concatenate(values), np.array(reasons, dtype=np.uint8)


def _better_seen(pair: Floats, sigmas: Floats) -> float:
    """Mean of left and right, each by how well it is seen."""
    left, right = pair.tolist()
    weight_left, weight_right = (sigmas**-2).tolist()
    return float((weight_left * left + weight_right * right) / (weight_left + weight_right))
