"""LiveKit's decoded frames as PyAV's, upright."""

from typing import Final

import av
import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from motus_ingest.sources.planes import frame_of

_QUARTERS: Final = (
    rtc.VideoRotation.VIDEO_ROTATION_0,
    rtc.VideoRotation.VIDEO_ROTATION_90,
    rtc.VideoRotation.VIDEO_ROTATION_180,
    rtc.VideoRotation.VIDEO_ROTATION_270,
)


def av_frame(event: rtc.VideoFrameEvent) -> av.VideoFrame:
    """A frame in I420 as one in yuv420p: a copy of its planes, a third of what RGB takes."""
    # It says how far it must be turned clockwise; rot90 counts the other way.
    turns = -_QUARTERS.index(event.rotation)
    return frame_of([np.rot90(plane, turns) for plane in _planes(event.frame)], "yuv420p")


def _planes(frame: rtc.VideoFrame) -> list[NDArray[np.uint8]]:
    """Luma and both chromas, each half as wide and high, rounded up."""
    width, height = frame.width, frame.height
    half = ((height + 1) // 2, (width + 1) // 2)
    pixels = np.frombuffer(frame.data, np.uint8)
    ends = np.cumsum([width * height, half[0] * half[1]])
    luma, blue, red = np.split(pixels, ends)
    return [luma.reshape(height, width), blue.reshape(half), red.reshape(half)]
