"""LiveKit's frames as PyAV's."""

import numpy as np
import pytest
from livekit import rtc

from motus_ingest.sources.livekit_frames import av_frame


def _event(width: int, height: int, quarters: int = 0) -> rtc.VideoFrameEvent:
    """A frame whose upper left quarter is bright and red, the rest dark."""
    luma = np.full((height, width), 30, np.uint8)
    luma[: height // 2, : width // 2] = 200
    chroma = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)
    red = chroma.copy()
    red[: height // 4, : width // 4] = 220
    data = bytearray(b"".join(plane.tobytes() for plane in (luma, chroma, red)))
    frame = rtc.VideoFrame(width, height, rtc.VideoBufferType.I420, data)
    return rtc.VideoFrameEvent(frame, 0, rtc.VideoRotation.Value(f"VIDEO_ROTATION_{90 * quarters}"))


@pytest.mark.parametrize("size", [(64, 48), (322, 181), (17, 33), (1280, 720)])
def test_every_pixel_stays_where_it_was(size: tuple[int, int]) -> None:
    """Whatever the size, also where rows of the copy are padded and chroma is rounded up."""
    event = _event(*size)
    frame = av_frame(event)
    assert (frame.width, frame.height, frame.format.name) == (*size, "yuv420p")
    planes = [
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    ]
    assert b"".join(plane.tobytes() for plane in planes) == event.frame.data.tobytes()


@pytest.mark.parametrize(("quarters", "corner"), [(0, (0, 0)), (1, (0, -1)), (2, (-1, -1)), (3, (-1, 0))])
def test_a_turned_frame_is_turned_clockwise(quarters: int, corner: tuple[int, int]) -> None:
    """The upper left corner goes right, then down, in luma and chroma alike."""
    pixels = av_frame(_event(64, 48, quarters)).to_ndarray(format="rgb24").astype(int)
    assert pixels.shape[:2] == ((64, 48) if quarters % 2 else (48, 64))
    assert pixels[corner][0] > 180
    assert pixels[-1 - corner[0], -1 - corner[1]].max() < 60
