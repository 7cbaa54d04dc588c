"""Pure core: what the detecting network says, as people with their squares."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.blazepose.roi import Floats, Roi, roi_of, to_picture

SIDE: Final = 224
"""Sides of the network's picture, pixels."""
MIN_SCORE: Final = 0.5
SAME_OVERLAP: Final = 0.5
"""Boxes that share more than this of their union are of one person."""
MIN_ASPECT: Final = 1.25
"""A picture that is closer to a square is only seen as a whole."""
TILE_STEP: Final = 0.6
"""From one square to the next, in sides: whoever is narrower than the rest lies within one."""
# Feature maps and how many anchors each of their cells has.
_GRIDS: Final = ((28, 2), (14, 2), (7, 6))
_CLIP: Final = 100.0


@dataclass(frozen=True, slots=True)
class Detection:
    """A person that was found: how sure the network is, from 0 to 1, and where."""

    score: float
    roi: Roi


def whole_picture(width: int, height: int) -> Roi:
    """The square that holds all of a picture."""
    return Roi(width / 2.0, height / 2.0, float(max(width, height)), 0.0)


@lru_cache(16)
def views(width: int, height: int) -> tuple[Roi, ...]:
    """The whole picture, and squares along its longer sides that show people larger, each point in one of them."""
    short, long = min(width, height), max(width, height)
    number = 0 if long < MIN_ASPECT * short else 1 + int(np.ceil((long - short) / (TILE_STEP * short)))
    middles = np.linspace(short / 2.0, long - short / 2.0, number)
    squares = [Roi(m, short / 2.0, short, 0.0) if width > height else Roi(short / 2.0, m, short, 0.0) for m in middles]
    return (whole_picture(width, height), *squares)


def tensor(piece: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture as the network takes it: (1, 224, 224, 3) from -1 to 1."""
    return (piece.astype(np.float32) * np.float32(2.0 / 255.0) - np.float32(1.0))[None]


def detections(boxes: NDArray[np.float32], scores: NDArray[np.float32], seen: Roi) -> list[Detection]:
    """People, the surest first.

    Args:
        boxes: (2254, 12) centre, size and four points of each anchor's box, pixels from the anchor.
        scores: (2254,) logits.
        seen: The square of the picture that the network saw.
    """
    sure = 1.0 / (1.0 + np.exp(-np.clip(scores.astype(np.float64), -_CLIP, _CLIP)))
    chosen = np.flatnonzero(sure >= MIN_SCORE)
    raw = boxes[chosen].astype(np.float64) / SIDE
    raw[:, :2] += anchors()[chosen]
    raw[:, 4:] += np.tile(anchors()[chosen], 4)
    return [_detection(score, box, seen) for score, box in _merged(sure[chosen], raw)]


@cache
def anchors() -> Floats:
    """(2254, 2) centres of the anchors, fractions of the sides; all of them have size 1."""
    found = []
    for cells, each in _GRIDS:
        at = (np.arange(cells) + 0.5) / cells
        rows, columns = np.meshgrid(at, at, indexing="ij")
        found.append(np.repeat(np.stack([columns, rows], axis=-1).reshape(-1, 2), each, axis=0))
    return np.concatenate(found)


def _merged(scores: Floats, boxes: Floats) -> list[tuple[float, Floats]]:
    """Non-maximum suppression that weighs: boxes of one person give their mean, by how sure each is."""
    left, people = np.argsort(-scores, kind="stable"), list[tuple[float, Floats]]()
    while len(left):
        shared = _overlaps(boxes[left[0]], boxes[left])
        same = left[shared > SAME_OVERLAP]
        people.append((float(scores[left[0]]), np.average(boxes[same], axis=0, weights=scores[same])))
        left = left[shared <= SAME_OVERLAP]
    return people


def _overlaps(box: Floats, others: Floats) -> Floats:
    """Intersection over union of a box with others."""
    low, high = others[:, :2] - others[:, 2:4] / 2, others[:, :2] + others[:, 2:4] / 2
    size = np.minimum(high, box[:2] + box[2:4] / 2) - np.maximum(low, box[:2] - box[2:4] / 2)
    shared = size.clip(0.0).prod(axis=1)
    union = box[2:4].prod() + others[:, 2:4].prod(axis=1) - shared
    return np.where(union > 0.0, shared / np.maximum(union, 1e-12), 1.0)


def _detection(score: float, box: Floats, seen: Roi) -> Detection:
    hips, rim = to_picture(box[4:8].reshape(1, 2, 2), [seen])[0]
    return Detection(score, roi_of(hips, rim))
