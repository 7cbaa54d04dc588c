"""Pure core: the turned square around a person, in pixels of the picture, from two points of the body."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.places import Region, shared

Floats = NDArray[np.float64]

MARGIN: Final = 1.25
"""The networks were trained on squares so much larger than the circle through the two points."""


@dataclass(frozen=True, slots=True)
class Roi:
    """A square.

    Attributes:
        x, y: Its centre, pixels.
        size: Its side, pixels.
        turn: How far the person leans clockwise from upright, radians from -pi to pi.
    """

    x: float
    y: float
    size: float
    turn: float

    @property
    def usable(self) -> bool:
        """Whether a picture can be cut there at all."""
        return bool(np.isfinite([self.x, self.y, self.turn]).all()) and 2.0 <= self.size < 1e5

    @property
    def reach(self) -> float:
        """Side of the upright square around it, pixels."""
        return self.size * float(abs(np.cos(self.turn)) + abs(np.sin(self.turn)))

    @property
    def upside_down(self) -> "Roi":
        """The same square for somebody whose head is where the feet were taken to be."""
        return replace(self, turn=self.turn - np.copysign(np.pi, self.turn))


def roi_of(hips: Floats, rim: Floats) -> Roi:
    """The square of a person.

    Args:
        hips: (2,) the middle between the hips, pixels.
        rim: (2,) a point that lies as far from it as the body reaches, straight up when the person stands upright.
    """
    along = rim - hips
    turn = np.pi / 2.0 - np.arctan2(-along[1], along[0])
    turn -= 2.0 * np.pi * np.floor((turn + np.pi) / (2.0 * np.pi))
    return Roi(float(hips[0]), float(hips[1]), 2.0 * MARGIN * float(np.hypot(*along)), float(turn))


def to_picture(points: Floats, rois: list[Roi]) -> Floats:
    """Points within squares, as points of the picture.

    Args:
        points: (people, n, 2) fractions of the square's sides from its upper left corner.
        rois: Each person's square.

    Returns:
        (people, n, 2) pixels.
    """
    squares = np.array([(roi.x, roi.y, roi.size, np.cos(roi.turn), np.sin(roi.turn)) for roi in rois])
    x, y, size, cos, sin = squares.T[:, :, None]
    across, down = points[..., 0] - 0.5, points[..., 1] - 0.5
    return np.stack([x + size * (cos * across - sin * down), y + size * (sin * across + cos * down)], axis=-1)


def overlap(a: Roi, b: Roi) -> float:
    """Intersection over union of two squares, taken as upright."""
    return shared(Region(a.x, a.y, a.size, a.size), Region(b.x, b.y, b.size, b.size))
