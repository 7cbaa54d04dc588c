"""Pure core: where a person is in the picture, and how far and how much two places have in common."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.port import PersonPose, points_there

_MARGIN: Final = 0.15
TRUNK: Final = np.array([11, 12, 23, 24])
"""Shoulders and hips."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture, by default in fractions of its width and height: centre and size."""

    x: float
    y: float
    width: float
    height: float


def region(pose: PersonPose) -> Region:
    """The upright box around a person's points with some room, cut at the picture's edges."""
    return box(pose.image[points_there(pose.presence_mask)])


def box(image: NDArray[np.float32]) -> Region:
    """The same around points (n, 2 or more) in fractions of the picture's width and height."""
    points = image[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    room = _MARGIN * (high - low)
    low, high = (low - room).clip(0, 1), (high + room).clip(0, 1)
    (x, y), (width, height) = (low + high) / 2, high - low
    return Region(float(x), float(y), float(width), float(height))


def middle(pose: PersonPose) -> float:
    """How far right the middle of a body is, as a fraction of the picture's width: of its trunk, where that is seen."""
    there = points_there(pose.presence_mask)
    trunk = TRUNK[there[TRUNK]]
    return float(pose.image[trunk if len(trunk) else there, 0].mean())


def gap_between(here: Region, there: Region | None) -> float:
    """From one place to another in heights of whoever is larger; infinite when one is not known."""
    if there is None:
        return np.inf
    return float(np.hypot(here.x - there.x, here.y - there.y)) / max(here.height, there.height, 1e-9)


def shared(a: Region, b: Region) -> float:
    """Intersection over union of two places in the same unit."""
    both = _both(a, b)
    return both / max(a.width * a.height + b.width * b.height - both, 1e-9)


def covered(a: Region, b: Region) -> float:
    """Intersection over the smaller of two places in the same unit."""
    return _both(a, b) / max(min(a.width * a.height, b.width * b.height), 1e-9)


def _both(a: Region, b: Region) -> float:
    across = min(a.x + a.width / 2, b.x + b.width / 2) - max(a.x - a.width / 2, b.x - b.width / 2)
    down = min(a.y + a.height / 2, b.y + b.height / 2) - max(a.y - a.height / 2, b.y - b.height / 2)
    return max(across, 0.0) * max(down, 0.0)
