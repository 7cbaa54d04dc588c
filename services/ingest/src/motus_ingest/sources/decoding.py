"""Frames out of an opened container, whatever is damaged in it."""

from collections.abc import Iterator
from typing import Final

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

MAX_BAD_IN_A_ROW: Final = 100
"""So many packets in a row without a picture are no damaged spot but another kind of data."""


def decoded(
    container: InputContainer, stream: VideoStream, max_bad: int = MAX_BAD_IN_A_ROW
) -> Iterator[av.VideoFrame | None]:
    """Every frame in order, None for a packet that cannot be decoded.

    Raises:
        FFmpegError: so many of them came in a row, or the container cannot be read on.
    """
    bad = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            bad += 1
            if bad >= max_bad:
                raise
            yield None
            continue
        if frames:
            bad = 0
        yield from frames
