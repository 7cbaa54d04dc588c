"""One frame's points, checked, with the segments between them and how doubtful each is."""

from __future__ import annotations

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
        point_doubt: (36,) factor on the expected error of a point: 1 well seen, NaN where the engine has none.
        bone_doubt: (14,) the larger of a segment's two ends.
    """

    t_s: float
    pixels: Floats
    bones: Floats
    shadows: Floats
    point_doubt: Floats
    bone_doubt: Floats


def see(frame: Frame) -> Skeleton | Absence:
    """Checks a frame and derives its segments, or says why it shows no body."""
    if frame.image is None or frame.width <= 0 or frame.height <= 0:
        return Absence.NO_PERSON
    if not frame.presence[_TRUNK_POINTS].all():
        return Absence.NOT_PROVIDED
    there = frame.presence[:, None]
    pixels = np.where(there, frame.image[:, :2] * (frame.width, frame.height), 0.0)
    if frame.world is None:
        world = np.concatenate((pixels / frame.height, np.zeros((len(pixels), 1))), axis=1)
    else:
        world = np.where(there, frame.world, 0.0)
    if not np.isfinite(pixels.sum() + world.sum() + frame.visibility.sum()):
        return Absence.IMPLAUSIBLE
    pixels, world = _with_centers(pixels), _with_centers(world)
    bones, shadows = world[SEGMENT_TO] - world[SEGMENT_FROM], pixels[SEGMENT_TO] - pixels[SEGMENT_FROM]
    if min(length(bones[TRUNK]), length(shadows[TRUNK])) < TINY:
        return Absence.IMPLAUSIBLE
    doubt = _doubt(frame, frame.image)
    doubt = np.concatenate((doubt, np.maximum(doubt[_LEFT_OF_CENTER], doubt[_RIGHT_OF_CENTER])))
    bone_doubt = np.maximum(doubt[SEGMENT_FROM], doubt[SEGMENT_TO])
    return Skeleton(frame.t_s, pixels, bones, shadows, doubt, bone_doubt)


def _with_centers(points: Floats) -> Floats:
    """The points and, behind them, the centres of hips, shoulders and ears."""
    return np.concatenate((points, (points[_LEFT_OF_CENTER] + points[_RIGHT_OF_CENTER]) / 2.0))


def _doubt(frame: Frame, image: Floats) -> Floats:
    """(33,) factor on the expected error of what rests on a point; NaN where the engine has none."""
    outside = (np.abs(image[:, :2] - 0.5) > 0.5 + IMAGE_MARGIN).any(axis=1)
    unseen = np.minimum(np.maximum((SEEN - frame.visibility) / SEEN, 0.0), 1.0)
    return np.where(frame.presence, np.where(outside, OUTSIDE_DOUBT, 1.0 + HIDDEN_DOUBT * unseen), np.nan)
