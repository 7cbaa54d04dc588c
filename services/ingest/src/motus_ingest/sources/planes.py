"""A frame's planes as arrays: FFmpeg keeps rows longer than they are wide."""

from collections.abc import Sequence

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray


def rows_of(plane: VideoPlane) -> NDArray[np.uint8]:
    """All bytes of a plane, a row each; a view, with what lies behind the picture's own."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)


def frame_of(planes: Sequence[NDArray[np.uint8]], name: str) -> av.VideoFrame:
    """A frame of a planar pixel format with copies of these planes, the first of which is as large as the picture."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, name)
    for plane, pixels in zip(frame.planes, planes, strict=True):
        rows_of(plane)[: pixels.shape[0], : pixels.shape[1]] = pixels
    return frame
