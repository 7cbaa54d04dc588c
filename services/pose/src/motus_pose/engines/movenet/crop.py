"""Pure core: which square of the picture the network sees next, given the points of the picture before.

Rules and thresholds are those of the authors' example (TensorFlow Hub, "MoveNet: Ultra fast and accurate pose detection
model", section "Helper functions for cropping"): a square around the hips, 1.9 times as far as shoulders and hips reach
or 1.2 times as far as all sure points do, and the whole picture while no torso is seen.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MIN_SCORE: Final = 0.2
"""A point below it is not there."""
TORSO_EXPANSION, BODY_EXPANSION = 1.9, 1.2
SHOULDERS, HIPS = [5, 6], [11, 12]
_TORSO: Final = [*SHOULDERS, *HIPS]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crop:
    """A square in pixels of the picture, which may reach beyond it: upper left corner and side."""

    x: float
    y: float
    side: float


def whole(width: int, height: int) -> Crop:
    """The square that holds all of a picture, in its middle."""
    side = float(max(width, height))
    return Crop((width - side) / 2.0, (height - side) / 2.0, side)


def torso_visible(points: Floats) -> bool:
    """Whether a shoulder and a hip are there.

    Args:
        points: (17, 3) x, y and score.
    """
    return bool((points[SHOULDERS, 2] > MIN_SCORE).any() and (points[HIPS, 2] > MIN_SCORE).any())


def following(points: Floats, width: int, height: int) -> Crop:
    """Where to look for somebody in the next picture.

    Args:
        points: (17, 3) x and y in pixels of the picture, and score.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    if not torso_visible(points):
        return whole(width, height)
    middle = points[HIPS, :2].mean(axis=0)
    away = np.abs(points[:, :2] - middle)
    sure = away[points[:, 2] >= MIN_SCORE]
    half = max(away[_TORSO].max() * TORSO_EXPANSION, sure.max() * BODY_EXPANSION)
    half = min(half, max(middle[0], width - middle[0], middle[1], height - middle[1]))
    if half > max(width, height) / 2.0:
        return whole(width, height)
    return Crop(float(middle[0] - half), float(middle[1] - half), float(2.0 * half))


def sampled(crop: Crop, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each of the network's pixels lies in the picture, (side, side) each: x and y."""
    steps = np.arange(side) * (crop.side / side) + 0.5 * (crop.side / side - 1.0)
    x, y = np.meshgrid(crop.x + steps, crop.y + steps)
    return x.astype(np.float32), y.astype(np.float32)


def to_picture(points: Floats, crop: Crop) -> Floats:
    """What the network says, (17, 3) y, x in fractions of the crop and score, as x, y in pixels and score."""
    return np.stack([crop.x + points[:, 1] * crop.side, crop.y + points[:, 0] * crop.side, points[:, 2]], axis=1)
