"""Pure core: whether a frame is to be done now, was done before, is of an owner of the past, or came too early."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from motus_pose.frames import Frame


class Verdict(Enum):
    """What is to become of a frame."""

    TAKE = auto()
    DUPLICATE = auto()
    STALE = auto()
    EARLY = auto()


@dataclass(frozen=True, slots=True)
class Done:
    """The last frame that was done.

    Attributes:
        epoch: its ingest epoch; 0 when there was none.
        seq: its number within the epoch; -1 when there was none.
        ended: the epoch's end was passed on.
    """

    epoch: int = 0
    seq: int = -1
    ended: bool = False


def judge(done: Done, frame: Frame) -> Verdict:
    """What is to become of a frame, given the last one done.

    A frame that must not be left out waits (EARLY) for the ones before it: after a lost message the sender's next
    frame may arrive before the lost one is sent again. The end bears the last frame's number.
    """
    epoch, seq = frame.ref.ingest_epoch, frame.ref.frame_seq
    if epoch < done.epoch:
        return Verdict.STALE
    last = done.seq if epoch == done.epoch else -1
    if frame.end is not None:
        if done.ended and epoch == done.epoch:
            return Verdict.DUPLICATE
        return Verdict.EARLY if frame.every and frame.end.frames and seq > last else Verdict.TAKE
    if seq <= last:
        return Verdict.DUPLICATE
    return Verdict.EARLY if frame.every and seq > last + 1 else Verdict.TAKE


def after(done: Done, frame: Frame) -> Done:
    """The state once `frame` is done."""
    ref = frame.ref
    if frame.end is None:
        return Done(ref.ingest_epoch, ref.frame_seq)
    return replace(done, ended=True) if ref.ingest_epoch == done.epoch else Done(ref.ingest_epoch, -1, ended=True)
