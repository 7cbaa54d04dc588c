"""One frame's points, checked, with the segments between them and how doubtful each is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats, Frame
from motus_kinematics.core.channels import Absence
from motus_kinematics.core.vectors import TINY, length

HIP_CENTER, SHOULDER_CENTER, EAR_CENTER = 33, 34, 35
_LEFT_OF_CENTER: Final = np.array([23, 11, 7], dtype=np.intp)
_RIGHT_OF_CENTER: Final = np.array([24, 12, 8], dtype=np.intp)
_TRUNK_POINTS: Final = np.array([11, 12, 23, 24], dtype=np.intp)

# Segments from proximal to distal, left before right; the lines of hips and shoulders run to the athlete's right.
SEGMENT_FROM: Final = np.array([23, 24, 11, 12, 25, 26, 13, 14, 29, 30, 23, 11, 33, 34], dtype=np.intp)
SEGMENT_TO: Final = np.array([25, 26, 13, 14, 27, 28, 15, 16, 31, 32, 24, 12, 34, 35], dtype=np.intp)
THIGH, UPPER_ARM, SHANK, FOREARM, FOOT = (slice(i, i + 2) for i in range(0, 10, 2))
HIP_LINE, SHOULDER_LINE, TRUNK, NECK = 10, 11, 12, 13
LINES: Final = slice(10, 12)

IMAGE_MARGIN: Final = 0.05
"""A landmark further outside the picture than this share of it is guessed."""
SEEN: Final = 0.85
"""Visibility from which on a landmark is seen."""
HIDDEN_DOUBT: Final = 1.5
OUTSIDE_DOUBT: Final = 6.0
"""By how much more a hidden landmark errs at most, and how many times more one outside of the picture."""


@dataclass(frozen=True)
class Skeleton:
    """A frame's body.

    Attributes:
        t_s: Capture time.
        pixels: (36, 2) points in the picture in pixels, the centres of hips, shoulders and ears behind the 33.
        bones: (14, 3) segments in metres, camera axes.
        shadows: (14, 2) segments in the picture in pixels.
        sizes, flat_sizes, level_sizes: (14,) their lengths: of the bones, of the shadows, of the bones as far as they
            lie across the line of sight.
        point_doubt: (36,) factor on the expected error of a point: 1 well seen, NaN where the engine has none.
        bone_doubt: (14,) the larger of a segment's two ends.
        metric: The engine has world coordinates; else what is said to be metres are heights of the picture.
    """

    t_s: float
    pixels: Floats
    bones: Floats
    shadows: Floats
    sizes: Floats
    flat_sizes: Floats
    level_sizes: Floats
    point_doubt: Floats
    bone_doubt: Floats
    metric: bool


def see(frame: Frame) -> Skeleton | Absence:
    """Checks a frame and derives its segments, or says why it shows no body."""
    if frame.image is None or frame.width <= 0 or frame.height <= 0:
        return Absence.NO_PERSON
    if not frame.presence[_TRUNK_POINTS].all():
        return Absence.NOT_PROVIDED
    points = _points(frame, frame.image)
    if not math.isfinite(float(points.sum() + frame.visibility.sum())):
        return Absence.IMPLAUSIBLE
    segments = points.take(SEGMENT_TO, 0) - points.take(SEGMENT_FROM, 0)
    shadows, bones = segments[:, :2], segments[:, 2:]
    sizes, flat_sizes, level_sizes = length(bones), length(shadows), length(segments[:, 2:4])
    if min(sizes[TRUNK], flat_sizes[TRUNK]) < TINY:
        return Absence.IMPLAUSIBLE
    doubt = _doubt(frame, frame.image)
    bone_doubt = np.maximum(doubt.take(SEGMENT_FROM), doubt.take(SEGMENT_TO))
    lengths = sizes, flat_sizes, level_sizes
    return Skeleton(
        frame.t_s, points[:, :2], bones, shadows, *lengths, doubt, bone_doubt, metric=frame.world is not None
    )


def _points(frame: Frame, image: Floats) -> Floats:
    """(36, 5) pixels and metres of the points, absent ones zero, the centres of hips, shoulders and ears behind."""
    points = np.zeros((36, 5))
    points[:33, :2] = image[:, :2] * np.array((frame.width, frame.height), dtype=np.float64)
    if frame.world is None:
        points[:33, 2:4] = points[:33, :2] / frame.height
    else:
        points[:33, 2:] = frame.world
    if not frame.presence.all():
        points[:33][~frame.presence] = 0.0
    points[33:] = (points.take(_LEFT_OF_CENTER, 0) + points.take(_RIGHT_OF_CENTER, 0)) / 2.0
    return points


def _doubt(frame: Frame, image: Floats) -> Floats:
    """(36,) factor on the expected error of what rests on a point; NaN where the engine has none."""
    doubt = np.ones(36)
    doubt[:33] += HIDDEN_DOUBT * np.maximum(1.0 - frame.visibility / SEEN, 0.0)
    across = image[:, :2]
    if across.min() < -IMAGE_MARGIN or across.max() > 1.0 + IMAGE_MARGIN:
        doubt[:33][np.abs(across - 0.5).max(axis=1) > 0.5 + IMAGE_MARGIN] = OUTSIDE_DOUBT
    if not frame.presence.all():
        doubt[:33][~frame.presence] = np.nan
    doubt[33:] = np.maximum(doubt.take(_LEFT_OF_CENTER), doubt.take(_RIGHT_OF_CENTER))
    return doubt
