"""Pure core: when a live source counts as stalled, and how long it is left alone before the next try."""

from dataclasses import dataclass, replace
from typing import Final

FIRST_S: Final = 0.25
LONGEST_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between tries: doubled up to a bound, each shortened by chance so that many do not come at once."""

    ceiling_s: float = FIRST_S

    def next(self, chance: float) -> tuple[float, "Backoff"]:
        """The pause before the next try, and the state behind it; `chance` lies between 0 and 1."""
        return self.ceiling_s * (0.5 + chance / 2), Backoff(min(2 * self.ceiling_s, LONGEST_S))


@dataclass(frozen=True, slots=True)
class Watch:
    """Since when nothing has come.

    Attributes:
        silence_s: so many seconds without a picture are a stall.
        last_s: reading of a steady clock at the last picture, or at the start.
        stalled: the stall is told.
    """

    silence_s: float
    last_s: float
    stalled: bool = False

    def left_s(self, now_s: float) -> float | None:
        """Seconds until it is a stall; None when it is told already."""
        return None if self.stalled else max(0.0, self.last_s + self.silence_s - now_s)

    def seen(self, now_s: float) -> tuple[bool, "Watch"]:
        """Whether a told stall ends with this picture, and the state behind it."""
        return self.stalled, Watch(self.silence_s, now_s)

    def stall(self) -> "Watch":
        """The state once the stall is told."""
        return replace(self, stalled=True)
