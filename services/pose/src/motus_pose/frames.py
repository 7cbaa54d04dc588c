"""What arrives: a picture in pieces, with its identity and times, or the end of the pictures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FrameRef:
    """Identity and times of a frame.

    Attributes:
        session: bare session id.
        ingest_epoch: lease epoch of the ingest worker that decoded it.
        frame_seq: running number within the epoch, from 0.
        t_s: seconds on the source's clock.
        capture_time_ns: when the light hit the sensor, Unix nanoseconds.
        capture_origin: how that is known, a value of the contract that is only passed on.
        ingest_time_ns: when it was decoded, Unix nanoseconds.
    """

    session: str
    ingest_epoch: int
    frame_seq: int
    t_s: float
    capture_time_ns: int
    capture_origin: int
    ingest_time_ns: int


@dataclass(frozen=True, slots=True)
class Patch:
    """A JPEG piece of the picture.

    Attributes:
        x: left edge in pixels of the full picture.
        y: top edge in pixels of the full picture.
        width: in pixels of the full picture; 0: as many as the JPEG has.
        height: in pixels of the full picture; 0: as many as the JPEG has.
        jpeg: the encoded piece.
    """

    x: float
    y: float
    width: float
    height: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The source gives no more frames: whether and why it failed, and how many frames it gave in this epoch."""

    failed: bool
    reason: str
    frames: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture on its way through pose, or the end of the pictures.

    Attributes:
        ref: identity and times.
        width: full picture's width in pixels.
        height: full picture's height in pixels.
        patches: its pieces.
        every: it must not be left out; else a newer one may take its place.
        end: set when no frame follows; then there are no patches.
    """

    ref: FrameRef
    width: int
    height: int
    patches: tuple[Patch, ...]
    every: bool
    end: End | None
