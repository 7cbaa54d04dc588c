"""Live video by FFmpeg through PyAV: RTSP, RTMP, MPEG-TS over UDP, cameras of this machine, pictures made by FFmpeg."""

import logging
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote

import av
import av.error
from av.container import InputContainer

from motus_ingest.settings import IngestSettings
from motus_ingest.sources.decoding import decoded
from motus_ingest.sources.newest import Newest, newest_in_thread
from motus_ingest.sources.picture import MIN_SIDE_PX
from motus_ingest.sources.port import LostError, Shot, SourceError
from motus_ingest.sources.reachable import checked_scheme, reachable

log = logging.getLogger("motus.ingest")

LIVE_SCHEMES: Final = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "udp", "device", "lavfi"})
# Opening takes a second or two less when FFmpeg does not wait for more of what it will not find.
_QUICK: Final = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "500000", "probesize": "200000"}
_WHITELIST: Final = {
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsp,rtsps,rtp,srtp,udp,tcp,tls",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,rtmp,tls,tcp",
    "udp": "udp",
}
_MAX_BAD_IN_A_ROW: Final = 300


@dataclass(frozen=True, slots=True)
class _Opening:
    """What FFmpeg is told. The URL holds secrets, so it is in no text."""

    url: str = field(repr=False)
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


class AvSource:
    """One connection to a live source; see the port.

    Args:
        uri: which.
        settings: who may be watched, and how.
    """

    def __init__(self, uri: str, settings: IngestSettings) -> None:
        self._uri, self._settings = uri, settings
        self._slot: Newest[Shot] | None = None

    @property
    def overtaken(self) -> int:
        """See the port."""
        return self._slot.overtaken if self._slot is not None else 0

    def shots(self) -> AsyncGenerator[Shot, None]:
        """See the port."""
        self._slot = Newest()
        return newest_in_thread(self._produce, self._slot, name="live")

    def _produce(self) -> Generator[Shot, None, None]:
        opening = _opening(self._uri, self._settings)
        waits_s = (self._settings.connect_s, self._settings.silence_s)
        try:
            with av.open(
                opening.url, format=opening.format, options=dict(opening.options), timeout=waits_s
            ) as container:
                yield from _played(container, self._settings)
        except (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError):
            raise SourceError("The source's server refuses the name and password that it was given.") from None
        except (av.error.FFmpegError, OSError) as error:
            # Its text holds the URL with its password.
            log.info("a live source was lost: %s", type(error).__name__)
            raise LostError(_sentence(error)) from None


def _sentence(error: Exception) -> str:
    if isinstance(error, av.error.HTTPNotFoundError):
        return "The source's server knows no such stream, or nobody publishes it now."
    if isinstance(error, (av.error.ExitError, TimeoutError)):
        return "The source gave no picture in time."
    if isinstance(error, ConnectionRefusedError):
        return "The source's server takes no connection."
    return "The connection to the source was lost or not to be had."


def _opening(uri: str, settings: IngestSettings) -> _Opening:
    parts = checked_scheme(uri, settings.schemes)
    if parts.scheme == "device":
        return _Opening(_device(parts), "v4l2", _QUICK)
    if parts.scheme == "lavfi":
        # FFmpeg makes pictures as fast as they are taken.
        graph = unquote(uri.removeprefix("lavfi://"))
        return _Opening(f"{graph},realtime", "lavfi")
    options = {**_QUICK, "protocol_whitelist": _WHITELIST[parts.scheme]}
    if parts.scheme == "udp":
        return _Opening(parts.geturl(), "mpegts", options)
    endpoint = reachable(uri, settings)
    if parts.scheme in ("rtsp", "rtsps"):
        options |= {"rtsp_transport": settings.rtsp_transport, "allowed_media_types": "video"}
        options |= {"timeout": str(round(settings.silence_s * 1e6))}
    else:
        options |= {"rtmp_live": "live"}
    by_name = settings.tls_verify and parts.scheme in ("rtsps", "rtmps")
    if by_name:
        options |= {"tls_verify": "1"}
        if settings.ca_file:
            options |= {"ca_file": settings.ca_file}
    url_format = "rtsp" if parts.scheme in ("rtsp", "rtsps") else "flv"
    return _Opening(endpoint.url(by_name=by_name), url_format, options)


def _device(parts: SplitResult) -> str:
    if parts.netloc or not parts.path.startswith("/dev/video") or not parts.path[10:].isdigit():
        raise SourceError("A camera of this machine is named device:///dev/video0.")
    return parts.path


def _played(container: InputContainer, settings: IngestSettings) -> Generator[Shot, None, None]:
    if not container.streams.video:
        raise LostError("The source sends no video.")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise SourceError("The source's video is coded in a way that this server cannot decode.")
    # Frame threads would hold back a picture per thread: 104 ms instead of 37 from light to array.
    stream.thread_type = "SLICE"
    stream.codec_context.options = {"max_pixels": str(settings.max_source_pixels)}
    for frame in decoded(container, stream, _MAX_BAD_IN_A_ROW):
        if frame is None:
            continue
        if frame.width * frame.height > settings.max_source_pixels:
            raise SourceError(f"The source's picture of {frame.width}×{frame.height} pixels is larger than allowed.")
        if min(frame.width, frame.height) < MIN_SIDE_PX:
            continue
        stamp_s = float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else None
        aspect = float(stream.sample_aspect_ratio) if stream.sample_aspect_ratio else None
        yield Shot(frame, stamp_s, time.time_ns(), pixel_aspect=aspect)
