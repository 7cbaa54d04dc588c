"""The square that MoveNet looks at, after the cropping algorithm of its authors' tutorial.

Source: https://www.tensorflow.org/hub/tutorials/movenet, whose functions are named below. Keypoints are (17, 3) as the
network says them: y, x, score; y and x in fractions of the height and width of what they lie in.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

KEYPOINTS: Final = 17
SHOULDERS: Final = (5, 6)
HIPS: Final = (11, 12)
RELIABLE: Final = 0.2
"""MIN_CROP_KEYPOINT_SCORE: with a lower score a keypoint says nothing of where the body is."""
TORSO_ROOM: Final = 1.9
BODY_ROOM: Final = 1.2

_Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Crop:
    """An upright square, which may reach beyond the picture: its upper left corner and its side in pixels."""

    top: float
    left: float
    side: float


def whole_picture(height: int, width: int) -> Crop:
    """The smallest square around the whole picture, in its middle (`init_crop_region`)."""
    side = max(height, width)
    return Crop((height - side) / 2, (width - side) / 2, side)


def next_crop(keypoints: _Array, height: int, width: int) -> Crop:
    """The square around somebody for the next picture (`determine_crop_region`): their hips are its middle.

    Args:
        keypoints: (17, 3) in fractions of the picture.
        height: The picture's, in pixels.
        width: The picture's, in pixels.
    """
    if not torso_visible(keypoints):
        return whole_picture(height, width)
    places = keypoints[:, :2] * (height, width)
    y, x = places[HIPS, :].mean(axis=0)
    torso, body = torso_and_body_range(places - (y, x), keypoints[:, 2])
    half = min(max(TORSO_ROOM * torso, BODY_ROOM * body), max(x, width - x, y, height - y))
    if half > max(height, width) / 2:
        return whole_picture(height, width)
    return Crop(y - half, x - half, 2 * half)


def torso_visible(keypoints: _Array) -> bool:
    """Whether at least one hip and one shoulder are reliable (`torso_visible`)."""
    reliable = keypoints[:, 2] > RELIABLE
    return bool(reliable[list(HIPS)].any() and reliable[list(SHOULDERS)].any())


def torso_and_body_range(offsets: _Array, scores: _Array) -> tuple[float, float]:
    """How far shoulders and hips reach, and how far all that is reliable does (`determine_torso_and_body_range`).

    Args:
        offsets: (17, 2) from the middle of the hips, pixels.
        scores: (17,).

    Returns:
        Two largest distances across or down, pixels; the body's is 0 when nothing is reliable.
    """
    reach = np.abs(offsets).max(axis=1)
    return float(reach[[*SHOULDERS, *HIPS]].max()), float(reach[scores >= RELIABLE].max(initial=0.0))


def cut(rgb: NDArray[np.uint8], crop: Crop, side: int) -> NDArray[np.uint8]:
    """The square as a picture of its own, black beyond the picture (`crop_and_resize`).

    Corners lie on corners, as in TensorFlow's `tf.image.crop_and_resize`: the square's first and last sample are its
    edges, and the fractions 0 and 1 of the picture its first and last pixel.

    Args:
        rgb: uint8 (height, width, 3).
        crop: The square.
        side: Of the result, pixels.

    Returns:
        uint8 (side, side, 3).
    """
    height, width = rgb.shape[:2]
    steps = crop.side * np.linspace(0.0, 1.0, side)
    down = (crop.top + steps) * ((height - 1) / height)
    across = (crop.left + steps) * ((width - 1) / width)
    x, y = (grid.astype(np.float32) for grid in np.meshgrid(across, down))
    piece: NDArray[np.uint8] = cv2.remap(rgb, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)  # type: ignore[assignment]
    return piece


def to_picture(keypoints: _Array, crop: Crop, height: int, width: int) -> NDArray[np.float64]:
    """Keypoints (17, 3) in fractions of a square, in fractions of the picture (`run_inference`)."""
    places = (crop.top, crop.left) + crop.side * keypoints[:, :2]
    return np.column_stack([places / (height, width), keypoints[:, 2]])
