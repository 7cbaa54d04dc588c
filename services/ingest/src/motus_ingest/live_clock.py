"""Pure core: a live source's time stamps on the session's own clock, over every reconnection."""

from dataclasses import dataclass, replace
from typing import Final

AGREE_S: Final = 1.0
"""A stamp that says a time so far from the arrival is no measure of time: the clock is set anew."""
STEP_S: Final = 0.001
"""Time never stands still: a picture that bears no later time than the one before follows it by so much."""


@dataclass(frozen=True, slots=True)
class LiveClock:
    """Seconds since the session's start.

    Attributes:
        last_s: time of the last picture.
        offset_s: what a stamp of this connection lacks to that time; None: no stamp has come yet.
    """

    last_s: float
    offset_s: float | None = None

    def reconnected(self) -> "LiveClock":
        """The stamps begin anew."""
        return replace(self, offset_s=None)

    def place(self, stamp_s: float | None, arrived_s: float) -> "LiveClock":
        """The clock with one more picture, whose time is then `last_s`.

        Stamps tell the distance of pictures better than their arrival, which the network spreads; of when they were
        taken only the arrival tells.

        Args:
            stamp_s: on the source's clock, seconds; None when it has none.
            arrived_s: seconds since the session's start.
        """
        offset_s = self.offset_s
        if stamp_s is None:
            t_s = arrived_s
        else:
            if offset_s is None or abs(stamp_s + offset_s - arrived_s) > AGREE_S:
                offset_s = arrived_s - stamp_s
            t_s = stamp_s + offset_s
        return LiveClock(max(t_s, self.last_s + STEP_S), offset_s)
