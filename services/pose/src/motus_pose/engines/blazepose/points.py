"""Pure core: what the landmark network says, as points of the picture and of the world, over all people at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.blazepose.roi import Floats, Roi, roi_of, to_picture
from motus_pose.engines.port import EngineError

SIDE: Final = 256
"""Sides of the network's picture, pixels."""
MIN_PRESENCE: Final = 0.5
"""Below it there is nobody in the square."""
BODY: Final = 33
_ALL: Final = 39
_ROI_POINTS: Final = slice(33, 35)
_KERNEL: Final = np.arange(-3, 4)
_MIN_PEAK: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the network says of a batch of squares, float32.

    Attributes:
        points: (people, 195) x, y, z in pixels of the square, logits of visibility and presence, of 39 points.
        flags: (people,) how likely somebody is there, 0 to 1.
        heat: (people, 64, 64, 39) logits of where each point is.
        world: (people, 117) metres from the hips, turned with the square.
    """

    points: NDArray[np.float32]
    flags: NDArray[np.float32]
    heat: NDArray[np.float32]
    world: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A person's points.

    Attributes:
        image: (33, 5) x, y in pixels of the picture, z in the scale of x, visibility and presence from 0 to 1.
        world: (33, 3) metres, origin between the hips.
        flag: How likely somebody is there, 0 to 1.
        roi: The square in which to look for the person in the next picture.
    """

    image: Floats
    world: Floats
    flag: float
    roi: Roi


def slots_of(shapes: list[tuple[int, ...]]) -> tuple[int, int, int, int]:
    """Where points, flag, heat and world are among the network's outputs; EngineError where they are not.

    Args:
        shapes: the outputs' shapes, without the batch.
    """
    try:
        return shapes.index((195,)), shapes.index((1,)), shapes.index((64, 64, 39)), shapes.index((117,))
    except ValueError:
        raise EngineError(f"not BlazePose's landmark network: its outputs are {shapes}") from None


def tensor(pieces: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Squares as the network takes them: (people, 256, 256, 3) from 0 to 1."""
    batch = np.empty((len(pieces), SIDE, SIDE, 3), np.float32)
    for row, piece in zip(batch, pieces, strict=True):
        np.multiply(piece, np.float32(1.0 / 255.0), out=row, casting="unsafe")
    return batch


def decoded(answer: Answer, rois: list[Roi]) -> list[Points]:
    """Each person's points, also of those with a flag below MIN_PRESENCE.

    Args:
        answer: What the network says.
        rois: The squares that it saw.
    """
    raw = answer.points.reshape(len(rois), _ALL, 5).astype(np.float64)
    within = _refined(raw[..., :2] / SIDE, answer.heat)
    sizes = np.array([roi.size for roi in rois])[:, None]
    image = np.concatenate(
        [to_picture(within, rois), (raw[..., 2] / SIDE * sizes)[..., None], _sigmoid(raw[..., 3:])], axis=-1
    )
    world = _turned(answer.world.reshape(len(rois), _ALL, 3).astype(np.float64), rois)
    return [
        Points(image[i, :BODY], world[i, :BODY], float(answer.flags[i]), roi_of(*image[i, _ROI_POINTS, :2]))
        for i in range(len(rois))
    ]


def _refined(points: Floats, heat: NDArray[np.float32]) -> Floats:
    """Points moved to the centre of the heat around them, where the heat map is sure of them.

    Args:
        points: (people, 39, 2) fractions of the square's sides.
        heat: (people, 64, 64, 39) logits.
    """
    size = heat.shape[1]
    cells = np.trunc(points * size)
    inside = ((cells >= 0) & (cells < size)).all(axis=-1)
    columns, rows = (np.where(inside, cells[..., i], 0).astype(np.intp)[..., None] + _KERNEL for i in (0, 1))
    person, point = np.ogrid[: len(points), :_ALL]
    near = heat[person[..., None, None], rows[..., None].clip(0, size - 1), columns[..., None, :].clip(0, size - 1),
                point[..., None, None]]  # fmt: skip
    within = ((rows >= 0) & (rows < size))[..., None] & ((columns >= 0) & (columns < size))[..., None, :]
    warm = np.where(within, _sigmoid(near.astype(np.float64)), 0.0)
    total = warm.sum(axis=(-1, -2))
    sure = inside & (warm.max(axis=(-1, -2)) >= _MIN_PEAK)
    scale = np.where(sure, total, 1.0) * size
    x, y = (warm.sum(axis=-2) * columns).sum(axis=-1) / scale, (warm.sum(axis=-1) * rows).sum(axis=-1) / scale
    return np.where(sure[..., None], np.stack([x, y], axis=-1), points)


def _turned(world: Floats, rois: list[Roi]) -> Floats:
    """Points in metres, turned back as the squares were turned."""
    cos, sin = (np.array([turn(roi.turn) for roi in rois])[:, None] for turn in (np.cos, np.sin))
    x, y = world[..., 0], world[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y, world[..., 2]], axis=-1)


def _sigmoid(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))
