"""The port of every video source: what the rest of ingest knows of where pictures come from."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import av

from motus_ingest.sampling import Omission


class _Told(Exception):
    """One plain sentence for a user.

    Args:
        message: may hold a file's name; what of it cannot be printed, nor travel as UTF-8, becomes a question mark.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(sign if sign.isprintable() else "?" for sign in message))


class SourceError(_Told):
    """The source gives no more pictures; the message is one plain sentence for a user."""


class LostError(_Told):
    """The connection is lost or was not to be had; it is tried again. The message holds no secret."""


class CaptureOrigin(StrEnum):
    """How it is known when a picture was captured."""

    SENDER = "sender"
    PTS = "pts"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of a picture, encoded: its upper left corner and size in pixels of the full picture, and the JPEG."""

    x: float
    y: float
    width: float
    height: float
    jpeg: bytes
    track_id: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded, upright picture with square pixels, scaled and encoded again.

    Attributes:
        t_s: seconds on the source's clock.
        width: of the full picture, pixels.
        height: of the full picture, pixels.
        patches: what is sent of it.
        decoded_ns: when it was decoded, Unix nanoseconds.
        origin: how its capture time is known.
        captured_ns: when the sender says it was captured, Unix nanoseconds; None: t_s after the session's start.
    """

    t_s: float
    width: int
    height: int
    patches: tuple[Patch, ...]
    decoded_ns: int
    origin: CaptureOrigin = CaptureOrigin.PTS
    captured_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about the link that a person should know.

    Attributes:
        code: stable, as `source_stalled`.
        text: one plain sentence.
        reasons: stable codes of why.
    """

    code: str
    text: str
    reasons: tuple[str, ...] = ()


Step = Picture | Omission | Trouble


@dataclass(frozen=True, slots=True)
class Shot:
    """A live source's frame as it was decoded.

    Attributes:
        frame: neither scaled nor turned.
        stamp_s: seconds on the source's own steady clock within this connection; None: it has none.
        arrived_ns: when it was decoded, Unix nanoseconds.
        captured_ns: when the sender says it was captured, Unix nanoseconds; None: it does not say.
        pixel_aspect: a pixel's width by its height; None: square.
    """

    frame: av.VideoFrame
    stamp_s: float | None
    arrived_ns: int
    captured_ns: int | None = None
    pixel_aspect: float | None = None


class FrameSource(Protocol):
    """A video source. It decodes off the event loop and keeps a bounded number of pictures ahead."""

    @property
    def duration_s(self) -> float | None:
        """Seconds that it lasts; None when that is unknown, as it is before the first step."""

    def steps(self) -> AsyncGenerator[Step, None]:
        """Every frame in order of time, or why it was left out; closing the generator closes the source.

        Raises:
            SourceError: it cannot be opened or read on.
        """


class LiveSource(Protocol):
    """One connection to something that goes on whether it is watched or not."""

    @property
    def overtaken(self) -> int:
        """Frames that a newer one replaced before they were taken."""

    def shots(self) -> AsyncGenerator[Shot, None]:
        """The newest frame each time; ends when the other side ended it; closing the generator disconnects.

        Raises:
            LostError: it is worth another try.
            SourceError: it is not.
        """
