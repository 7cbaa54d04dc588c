"""Pure core: whether the times of what is pushed may be as they are."""

import math
from collections import deque
from enum import StrEnum
from typing import Final

_TOLERANCE: Final = 1.1
"""Cameras of a nominal rate give a few more frames in one second, and fewer in the next."""


class Fault(StrEnum):
    """Why a moment cannot be taken."""

    UNSORTED = "unsorted"
    TOO_MANY = "too many"
    TOO_LONG = "too long"


class Times:
    """The moments of one call.

    Args:
        max_fps: moments per second at most.
        max_duration_s: seconds from the first to the last at most.
        after_s: time up to which all is stored; None: nothing is.
    """

    def __init__(self, max_fps: float, max_duration_s: float, after_s: float | None) -> None:
        self._most, self._max_duration_s = max_fps * _TOLERANCE + 1, max_duration_s
        self._after_s = -math.inf if after_s is None else after_s
        self._first_s: float | None = None
        self._last_second: deque[float] = deque()

    def take(self, t_s: float) -> Fault | None:
        """Take the next moment in; returns why that cannot be."""
        recent = self._last_second
        if recent and t_s <= recent[-1]:
            return Fault.UNSORTED
        self._first_s = t_s if self._first_s is None else self._first_s
        if t_s - self._first_s > self._max_duration_s:
            return Fault.TOO_LONG
        recent.append(t_s)
        while recent[0] <= t_s - 1:
            recent.popleft()
        return Fault.TOO_MANY if len(recent) > self._most else None

    def is_stored(self, t_s: float) -> bool:
        """Whether an earlier call brought this moment."""
        return t_s <= self._after_s
