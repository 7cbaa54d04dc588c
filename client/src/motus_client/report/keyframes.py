"""Still pictures out of a video at given moments, as small JPEGs."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_LONG_SIDE = 640
# The scale of MJPEG's quantiser runs from 2, the best, to 31.
_QUANTISER = 4
_SOON_S = 2.0


@dataclass(frozen=True)
class Picture:
    """A frame as a JPEG, not yet turned upright.

    Attributes:
        jpeg: the bytes.
        width: pixels of the JPEG.
        height: pixels of the JPEG.
        rotation_deg: clockwise turn that makes it upright: 0, 90, 180 or 270.
        aspect: width over height of the upright picture, pixels that are not square taken into account.
    """

    jpeg: bytes
    width: int
    height: int
    rotation_deg: int
    aspect: float


def pictures_at(video: Path, times_s: Sequence[float]) -> list[Picture | None]:
    """The frames shown at the given moments.

    Args:
        video: the file.
        times_s: seconds since the video stream's first time stamp, in any order.

    Returns:
        One picture per moment, None where the video gives none.
    """
    found: dict[float, Picture] = {}
    with suppress(OSError, av.error.FFmpegError, IndexError), av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for t_s, frame in _frames_at(container, stream, sorted(set(times_s))):
            found[t_s] = _picture(frame, stream)
    return [found.get(t_s) for t_s in times_s]


def _frames_at(
    container: InputContainer, stream: VideoStream, times_s: Sequence[float]
) -> Iterator[tuple[float, VideoFrame]]:
    """Pairs of moment and frame; jumps where the next moment is far."""
    base = stream.time_base or Fraction(1, 1000)
    begin = stream.start_time or 0
    frames, shown = container.decode(stream), -_SOON_S
    for t_s in times_s:
        if t_s - shown > _SOON_S:
            container.seek(begin + int(t_s / base), stream=stream)
            frames = container.decode(stream)
        # Half a millisecond: time stamps are rounded to the stream's base.
        for frame in frames:
            if frame.pts is not None and float((frame.pts - begin) * base) >= t_s - 0.0005:
                shown = t_s
                yield t_s, frame
                break


def _picture(frame: VideoFrame, stream: VideoStream) -> Picture:
    scale = min(1.0, _LONG_SIDE / max(frame.width, frame.height))
    # Halved colour needs even sides.
    width, height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    rotation = -frame.rotation % 360
    pixel = float(stream.sample_aspect_ratio or 1)
    aspect = frame.width * pixel / frame.height
    return Picture(_jpeg(frame, width, height), width, height, rotation, 1 / aspect if rotation % 180 else aspect)


def _jpeg(frame: VideoFrame, width: int, height: int) -> bytes:
    small = frame.reformat(width, height, "yuvj420p")
    small.pts, small.time_base = 0, Fraction(1, 25)
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.qmin = encoder.qmax = _QUANTISER
    return b"".join(bytes(packet) for packet in (*encoder.encode(small), *encoder.encode(None)))
