"""Pure core: what a person looks like, to tell two of them apart: colours of clothes and lengths of limbs, no face."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.blazepose.points import Points
from motus_pose.engines.blazepose.roi import Floats
from motus_pose.picture import Picture

EVERY_S: Final = 0.12
"""From one look to the next."""
SHARE: Final = 0.4
"""Of a new look in what is remembered of the last ones: a quarter of a second."""
_SHOULDERS, _HIPS, _KNEES, _ANKLES = (11, 12), (23, 24), (25, 26), (27, 28)
_ELBOWS, _WRISTS = (13, 14), (15, 16)
_ROWS: Final = np.linspace(0.15, 0.85, 8)
_COLUMNS: Final = np.linspace(0.2, 0.8, 5)
_LIMBS: Final = ((_SHOULDERS, _ELBOWS), (_ELBOWS, _WRISTS), (_HIPS, _KNEES), (_KNEES, _ANKLES))
_OF_LENGTH: Final = 20.0
"""A limb longer by a tenth counts as much as two of the smallest differences of colour that are seen."""


def look_of(picture: Picture, points: Points) -> NDArray[np.float32]:
    """(13,) mean colours (CIE L*a*b*) of chest, belly and thighs, and the lengths of four limbs over the trunk's."""
    trunk = points.image[list(_SHOULDERS + _HIPS), :2]
    piece = picture.showing(trunk.min(axis=0), trunk.max(axis=0))
    body = piece.within(points.image[:, :2])
    trunk = _grid(body[list(_SHOULDERS)], body[list(_HIPS)])
    thighs = np.stack([_between(body[h], body[k]) for h, k in zip(_HIPS, _KNEES, strict=True)])
    colours = [_colour(piece.rgb, part) for part in (trunk[:4], trunk[4:], thighs)]
    return np.concatenate([*colours, _OF_LENGTH * _lengths(points.world)]).astype(np.float32)


def blended(before: NDArray[np.float32] | None, now: NDArray[np.float32]) -> NDArray[np.float32]:
    """A look without what is of one picture alone."""
    return now if before is None else before + np.float32(SHARE) * (now - before)


def _grid(upper: Floats, lower: Floats) -> Floats:
    """(8, 5, 2) points between two pairs, from the upper to the lower."""
    left, right = (_between(upper[i], lower[i]) for i in (0, 1))
    return left[:, None] + _COLUMNS[:, None] * (right - left)[:, None]


def _between(a: Floats, b: Floats) -> Floats:
    return a + _ROWS[:, None] * (b - a)


def _colour(rgb: NDArray[np.uint8], points: Floats) -> Floats:
    """Mean colour at points, the nearest pixel of the picture where they lie outside of it."""
    x, y = points.reshape(-1, 2).T
    column, row = x.clip(0, rgb.shape[1] - 1).astype(int), y.clip(0, rgb.shape[0] - 1).astype(int)
    pixels = rgb[row, column][None].astype(np.float32) / np.float32(255.0)
    lab: NDArray[np.float32] = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), np.float32)
    mean: Floats = lab.reshape(-1, 3).mean(axis=0, dtype=np.float64)
    return mean


def _lengths(world: Floats) -> Floats:
    lengths = [float(np.linalg.norm(world[list(a)] - world[list(b)], axis=1).mean()) for a, b in _LIMBS]
    trunk = np.linalg.norm(world[list(_SHOULDERS)].mean(axis=0) - world[list(_HIPS)].mean(axis=0))
    shares: Floats = np.log(np.maximum(lengths, 0.01) / max(float(trunk), 0.01))
    return shares
