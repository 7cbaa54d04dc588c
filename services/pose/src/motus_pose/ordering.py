"""Pure core: whether a frame is to be done now.

It may have been done before, be of an owner of the past, have come too early, or be too old to be of use.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from motus_pose.frames import Frame

LATE_S: Final = 0.25
"""A live frame so much older than the freshest ones were is of no use: the next one is on its way."""
FORGOTTEN_S: Final = 0.001
"""How much of what is known of the freshest frames is given up with each frame: clocks drift apart."""


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


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old live frames are when they come to be looked at.

    Attributes:
        least_s: age of the freshest one; it holds how far the sender's clock is from this one. Infinite: none came.
    """

    least_s: float = float("inf")

    def judge(self, age_s: float) -> tuple[bool, "Freshness"]:
        """Whether a frame of this age is too old, and the state behind it."""
        least_s = min(age_s, self.least_s + FORGOTTEN_S)
        return age_s > least_s + LATE_S, Freshness(least_s)
