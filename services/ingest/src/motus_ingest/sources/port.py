"""The port of every video source: what the rest of ingest knows of where pictures come from."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from motus_ingest.sampling import Omission


class SourceError(Exception):
    """The source gives no more pictures; the message is one plain sentence for a user.

    Args:
        message: may hold a file's name; what of it cannot be printed, nor travel as UTF-8, becomes a question mark.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(sign if sign.isprintable() else "?" for sign in message))


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
    """

    t_s: float
    width: int
    height: int
    patches: tuple[Patch, ...]
    decoded_ns: int


class FrameSource(Protocol):
    """A video source. It decodes off the event loop and keeps a bounded number of pictures ahead."""

    @property
    def duration_s(self) -> float | None:
        """Seconds that it lasts; None when that is unknown, as it is before the first step."""

    def steps(self) -> AsyncGenerator[Picture | Omission, None]:
        """Every frame in order of time, or why it was left out; closing the generator closes the source.

        Raises:
            SourceError: it cannot be opened or read on.
        """
