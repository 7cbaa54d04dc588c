"""How a decoded picture looks as a picture: how bright, how blurred, and whether it is the one before once more."""

import zlib
from dataclasses import dataclass
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from motus_ingest.sources.planes import rows_of

LONG_SIDE_PX: Final = 640
"""Pictures are looked at in about the size in which they are sent; blur is nothing without a size."""
_REACH_PX: Final = 5
_EVERY_ROW: Final = 6
_WITH_LUMA: Final = ("yuv4", "yuvj4", "nv12", "nv21", "gray")


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture is like.

    Attributes:
        brightness: 95 % of the pixels are darker, 0 to 1.
        blur: 0 for the sharpest to 1 (Crété-Roffet et al. 2007, The blur effect).
    """

    brightness: float
    blur: float


def luma_of(frame: av.VideoFrame) -> NDArray[np.uint8] | None:
    """A copy of a frame's luma, which may be looked at in another thread; None when the frame has none by itself.

    FFmpeg's scaler keeps its state in the frame: two threads that scale one frame bring the process down.
    """
    if not frame.format.name.startswith(_WITH_LUMA):
        return None
    return rows_of(frame.planes[0])[: frame.height, : frame.width].copy()


def look_at(luma: NDArray[np.uint8]) -> Look:
    """Judge a picture by its luma, some milliseconds."""
    factor = max(1, round(max(luma.shape) / LONG_SIDE_PX))
    height, width = (side // factor * factor for side in luma.shape)
    pooled = luma[:height, :width].reshape(height // factor, factor, width // factor, factor)
    small = pooled.mean(axis=(1, 3), dtype=np.float32)
    return Look(float(np.percentile(small[::4, ::4], 95)) / 255, max(_blur(small), _blur(small.T)))


def fingerprint(frame: av.VideoFrame) -> int:
    """A number that differs in any two pictures of a camera, whose noise never repeats."""
    return zlib.crc32(rows_of(frame.planes[0])[: frame.height : _EVERY_ROW, : frame.width].tobytes())


def _blur(luma: NDArray[np.float32]) -> float:
    """Along the rows: the share of the differences between neighbours that blurring again leaves as it was."""
    if luma.shape[1] <= 2 * _REACH_PX + 2:
        return 0.0
    sums = np.cumsum(luma, axis=1, dtype=np.float64)
    again = (sums[:, 2 * _REACH_PX + 1 :] - sums[:, : -2 * _REACH_PX - 1]) / (2 * _REACH_PX + 1)
    sharp = np.abs(np.diff(luma[:, _REACH_PX + 1 : _REACH_PX + 1 + again.shape[1]], axis=1))
    smooth = np.abs(np.diff(again, axis=1))[:, : sharp.shape[1]]
    total = float(sharp.sum())
    return 1.0 - float(np.maximum(sharp - smooth, 0).sum()) / total if total else 0.0
