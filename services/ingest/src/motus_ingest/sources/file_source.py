"""Recorded video from a file, decoded by FFmpeg through PyAV in a thread of its own."""

import logging
import math
import time
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.format import Flags
from av.stream import Disposition
from av.video.stream import VideoStream

from motus_ingest.cutting import Cutting
from motus_ingest.regions import Regions
from motus_ingest.sampling import Omission, Sampling, Timeline
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.allowed import allowed_file
from motus_ingest.sources.completeness import cut_off
from motus_ingest.sources.decoding import decoded
from motus_ingest.sources.offload import in_thread
from motus_ingest.sources.picture import MIN_SIDE_PX, PictureForm, encoded, fitted, form_of
from motus_ingest.sources.port import Picture, SourceError, Step

log = logging.getLogger("motus.ingest")

# Playlists and the like name further files and addresses, which nobody has allowed: only what holds video is read.
_FORMATS = "mov,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg,h264,hevc"
_DECODER_THREADS = 2
_FALLBACK_RATE = Fraction(30)
_RATE_TOLERANCE = 1.02
# A seek goes by decoding time, which may lie before the presentation time by some frames.
_SEEK_MARGIN_S = 1.0


class FileSource:
    """A `file://` source; see the port.

    Args:
        uri: which file.
        settings: roots, bounds and form of the pictures.
        sampling: which frames are wanted.
        regions: where pose sees people; of its pictures, numbered from 0.
    """

    def __init__(self, uri: str, settings: IngestSettings, sampling: Sampling, regions: Regions) -> None:
        self._uri, self._settings, self._sampling, self._regions = uri, settings, sampling, regions
        self._form = PictureForm(settings.max_side_px, settings.jpeg_quality, settings.patch_px)
        self._cutting, self._made = Cutting(), 0
        self._duration_s: float | None = None

    @property
    def duration_s(self) -> float | None:
        """Seconds that the file says it lasts."""
        return self._duration_s

    def steps(self) -> AsyncGenerator[Step, None]:
        """See the port."""
        settings = self._settings
        return in_thread(self._produce, name="decode", ahead=settings.decode_ahead, stall_s=settings.stall_s)

    def _produce(self) -> Generator[Step, None, None]:
        path = allowed_file(self._uri, self._settings.roots)
        try:
            with path.open("rb") as file:
                if cut_off(file):
                    raise SourceError(f"The file {path.name} was cut off: its end is missing.")
            with _opened(path, self._settings.max_source_pixels) as container:
                yield from self._play(container, path.name)
        except av.error.FFmpegError as error:
            log.info("%s: %s", path, error)
            raise SourceError(f"The file {path.name} is no video that can be read.") from None
        except OSError as error:
            raise SourceError(f"The file {path.name} cannot be read: {error.strerror}.") from None

    def _play(self, container: InputContainer, name: str) -> Generator[Picture | Omission, None, None]:
        stream = _video_stream(container, name)
        self._duration_s = _duration_s(container, stream)
        self._check(stream, self._duration_s, name)
        stream.thread_type, stream.thread_count = "AUTO", _DECODER_THREADS
        stream.codec_context.options = {"max_pixels": str(self._settings.max_source_pixels)}
        timeline = Timeline(float(1 / (stream.guessed_rate or _FALLBACK_RATE)))
        if stream.average_rate and stream.average_rate <= _RATE_TOLERANCE * self._settings.max_fps:
            # Frames that came close together once in a while, as phones write them, are no high frame rate.
            self._sampling = replace(self._sampling, max_fps=math.inf)
        played = 0
        for frame in self._decoded(container, stream):
            if frame is None:
                yield Omission.CORRUPT
                continue
            played += 1
            timeline = timeline.place(_stamp_s(frame, stream))
            yield self._step(frame, timeline.last_s or 0.0, stream.sample_aspect_ratio)
        if not played:
            raise SourceError(f"The file {name} holds no picture that can be decoded.")

    def _step(self, frame: av.VideoFrame, t_s: float, pixel_aspect: Fraction | None) -> Picture | Omission:
        if t_s > self._settings.max_duration_s:
            raise SourceError(f"The video is longer than the {self._settings.max_duration_s:g} s that are allowed.")
        omission, self._sampling = self._sampling.judge(t_s)
        if omission is not None:
            return omission
        decoded_ns = time.time_ns()
        form = form_of(frame, pixel_aspect, self._form)
        sighting = self._regions.behind(self._made) if form.patch_px else None
        cuts, self._cutting = self._cutting.judge(t_s, sighting, form)
        self._made += 1
        patches = encoded(frame, form, cuts, self._form.jpeg_quality)
        return Picture(t_s, form.width, form.height, patches, decoded_ns)

    def _check(self, stream: VideoStream, duration_s: float | None, name: str) -> None:
        """Refuse by the header what must not reach the decoder."""
        width, height = stream.codec_context.width, stream.codec_context.height
        if width <= 0 or height <= 0:
            raise SourceError(f"The video {name} has no usable picture size.")
        if width * height > self._settings.max_source_pixels:
            raise SourceError(
                f"The video's picture of {width}×{height} pixels is larger than the "
                f"{self._settings.max_source_pixels} pixels that are allowed."
            )
        if min(fitted(width, height, stream.sample_aspect_ratio, self._settings.max_side_px)) < MIN_SIDE_PX:
            raise SourceError(f"The video's picture of {width}×{height} pixels is too small or too narrow.")
        limit_s = self._settings.max_duration_s
        if duration_s is not None and duration_s > limit_s:
            raise SourceError(f"The video lasts {duration_s:.0f} s; at most {limit_s:g} s are allowed.")

    def _decoded(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame | None]:
        """Frames from about the resume position on, None for what cannot be decoded."""
        after_s = self._sampling.after_s
        if after_s <= _SEEK_MARGIN_S or not _seekable(container, stream):
            return decoded(container, stream)
        try:
            container.seek(_ticks(stream, after_s - _SEEK_MARGIN_S), stream=stream)
        except av.error.FFmpegError:
            return decoded(container, stream)
        frames = decoded(container, stream)
        first = next(frames, None)
        stamp_s = None if first is None else _stamp_s(first, stream)
        if stamp_s is not None and stamp_s <= after_s:
            return chain([first], frames)
        # The index is wrong: whatever lies between would be lost, so everything is decoded and passed over.
        container.seek(_ticks(stream, 0), stream=stream)
        return decoded(container, stream)


def _opened(path: Path, max_pixels: int) -> InputContainer:
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file", "max_pixels": str(max_pixels)}
    return av.open(str(path), mode="r", options=options, metadata_errors="replace")


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    streams: Sequence[VideoStream] = container.streams.video
    # A song's cover is a video stream to FFmpeg.
    moving = [stream for stream in streams if Disposition.attached_pic not in Disposition(stream.disposition)]
    if not moving:
        raise SourceError(f"The file {name} holds no video.")
    if moving[0].codec_context is None:
        raise SourceError(f"The video {name} is coded in a way that this server cannot decode.")
    return moving[0]


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _seekable(container: InputContainer, stream: VideoStream) -> bool:
    """Whether a time stamp names one place: not where there are none, or where they may start again midway."""
    flags = Flags(container.format.flags)
    return stream.start_time is not None and not flags & (Flags.no_timestamps | Flags.ts_discont)


def _ticks(stream: VideoStream, t_s: float) -> int:
    return (stream.start_time or 0) + int(t_s / (stream.time_base or 1))


def _stamp_s(frame: av.VideoFrame, stream: VideoStream) -> float | None:
    if frame.pts is None or frame.time_base is None:
        return None
    start = (stream.start_time or 0) * (stream.time_base or 0)
    return float(frame.pts * frame.time_base - start)
