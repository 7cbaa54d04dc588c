"""Pure core: where a frame lies in time, whether it is sent, when it is due, and which frames are traced."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

TRACE_EVERY_S = 10.0


class Omission(StrEnum):
    """Why a frame is not sent; the value is the name of its count."""

    RESUMED = "frames_skipped"
    THINNED = "frames_thinned"
    CORRUPT = "frames_dropped_corrupt"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Gives each frame a time behind that of the frame before, also where the file has none or jumps back.

    Attributes:
        step_s: nominal time between frames, for frames without a usable time stamp, seconds.
        last_s: time of the frame before; absent before the first.
    """

    step_s: float
    last_s: float | None = None

    def place(self, stamp_s: float | None) -> "Timeline":
        """The timeline with one more frame, whose time is then `last_s`.

        Args:
            stamp_s: the frame's own time stamp since the stream's start, seconds; None when it has none.
        """
        if stamp_s is not None and (self.last_s is None or stamp_s > self.last_s):
            return replace(self, last_s=stamp_s)
        return replace(self, last_s=0.0 if self.last_s is None else self.last_s + self.step_s)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a source are sent.

    Attributes:
        max_fps: more frames per second than this are thinned evenly; inf: every frame is sent.
        after_s: frames up to and with this time were done by an owner before; -inf when there was none.
        next_s: the next frame is wanted at about this time.
    """

    max_fps: float
    after_s: float = -math.inf
    next_s: float = -math.inf

    @classmethod
    def behind(cls, max_fps: float, after_s: float | None) -> "Sampling":
        """The sampling of a source of which all is done up to a time; None: nothing is."""
        return cls(max_fps) if after_s is None else cls(max_fps, after_s)

    def judge(self, t_s: float) -> tuple[Omission | None, "Sampling"]:
        """Why the frame at `t_s` is not sent, None when it is, and the state behind it.

        Frames are wanted on a grid of 1 / max_fps, which starts anew behind a gap. One that is up to an eighth of that
        early passes, so that a source of exactly max_fps whose stamps are rounded loses nothing.
        """
        interval_s = 1 / self.max_fps
        if t_s <= self.after_s:
            return Omission.RESUMED, replace(self, next_s=t_s + interval_s)
        if t_s < self.next_s - interval_s / 8:
            return Omission.THINNED, self
        grid_s = self.next_s if t_s < self.next_s + interval_s else t_s
        return None, replace(self, next_s=grid_s + interval_s)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the frames of a recording that is played in real time are due.

    Attributes:
        clock_s: reading of a steady clock at the moment when the first frame was due.
        first_s: that frame's time on the source's clock.
    """

    clock_s: float
    first_s: float

    def due_s(self, t_s: float) -> float:
        """Reading of the steady clock at the moment when the frame at `t_s` is due."""
        return self.clock_s + t_s - self.first_s


@dataclass(frozen=True, slots=True)
class Tracing:
    """Which frames are traced: one in TRACE_EVERY_S seconds of the source."""

    next_s: float = -math.inf

    def judge(self, t_s: float) -> tuple[bool, "Tracing"]:
        """Whether the frame at `t_s` is traced, and the state behind it."""
        if t_s < self.next_s:
            return False, self
        return True, Tracing(t_s + TRACE_EVERY_S)
