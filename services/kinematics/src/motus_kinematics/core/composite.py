"""The one signal that counting looks at: an exercise's channels, scaled, weighted by how well each is seen, added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.ndimage import median_filter

from motus_kinematics.core.body import Flags, Floats
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.exercises import Signal, channels_of
from motus_kinematics.core.history import Table
from motus_kinematics.core.ranked import median

SEEN_SHARE: Final = 0.5
"""A channel that is known for less than this share of the rows is left out."""
GUESSED_DEG: Final = 20.0
VAGUE_DEG: Final = 35.0
GUESSED_RATIO: Final = 0.15
"""Expected errors from which a value is no measure, and from which it is not even good for counting."""
GLITCH_ROWS: Final = 7
"""Length of the median filter, about 0.2 s: no repetition turns twice within it, a lost limb does."""
MISSED_S: Final = 0.1
"""Rows further apart have missed something."""
ROUGHNESS_WEIGHT: Final = 3.0


@dataclass(frozen=True)
class Composite:
    """A signal over the history.

    Attributes:
        t_s: (n,) times.
        level: (n,) signal; 1 is the smallest repetition; high at the turn.
        seen: (n,) whether at least one channel was really seen.
    """

    t_s: Floats
    level: Floats
    seen: Flags

    @cached_property
    def unbroken(self) -> bool:
        """Whether every row was really seen and none is missing."""
        return bool(self.seen.all() and (self.t_s[1:] - self.t_s[:-1]).max(initial=0.0) <= MISSED_S)


@dataclass(frozen=True)
class _Part:
    """A part of a signal.

    Attributes:
        level: (n,) in smallest repetitions.
        seen: (n,) whether it was really seen.
        weigh: What it weighs beside others; parts that stand alone are never weighed.
    """

    level: Floats
    seen: Flags
    weigh: Callable[[], float]

    @cached_property
    def weight(self) -> float:
        """Its weight."""
        return self.weigh()


class Composer:
    """Puts signals of one past together; a channel that several of them share is looked at once.

    Args:
        table: The past.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._parts: dict[tuple[str, float], _Part | None] = {}

    def compose(self, signals: tuple[Signal, ...], sides: tuple[str, ...] = SIDES) -> Composite | None:
        """One signal of several on the given sides, or None when nothing of them is seen."""
        parts = [part for signal in signals if (part := self._of_signal(signal, sides)) is not None]
        if not parts:
            return None
        whole = _mean(parts)
        return Composite(self._table.t_s, median_filter(whole.level, GLITCH_ROWS, mode="nearest"), whole.seen)

    def _of_signal(self, signal: Signal, sides: tuple[str, ...]) -> _Part | None:
        """One signal with its sides put together."""
        names = channels_of(signal, sides)
        parts = [part for name in names if (part := self._of_channel(name, signal.span)) is not None]
        if not parts:
            return None
        if signal.lead:
            level = np.max([part.level for part in parts], axis=0)
            seen = np.any([part.seen for part in parts], axis=0)
            return _Part(level, seen, lambda: max(part.weight for part in parts))
        return _mean(parts)

    def _of_channel(self, name: str, span: float) -> _Part | None:
        if (name, span) not in self._parts:
            self._parts[name, span] = _of_channel(self._table, name, span)
        return self._parts[name, span]


def _of_channel(table: Table, name: str, span: float) -> _Part | None:
    """One channel in units of its span; unseen rows are bridged by a straight line."""
    values, sigmas = table.value(name), table.sigma(name)
    limit = VAGUE_DEG if name.endswith("_deg") else GUESSED_RATIO
    seen: Flags = np.isfinite(values) & (sigmas < limit)
    share = np.count_nonzero(seen) / len(seen) if len(seen) else 0.0
    if share < SEEN_SHARE:
        return None
    level = values / span if share == 1.0 else np.interp(table.t_s, table.t_s[seen], values[seen] / span)
    return _Part(level, seen, lambda: share * _trust(level, sigmas[seen] / abs(span)))


def _trust(level: Floats, sigmas: Floats) -> float:
    """How much a channel is to be trusted, by its expected errors and by how it shakes."""
    roughness = median(np.abs(np.diff(level, 2))) if len(level) > 2 else 0.0
    return 1.0 / (median(sigmas) ** 2 + (ROUGHNESS_WEIGHT * roughness) ** 2)


def _mean(parts: list[_Part]) -> _Part:
    """Weighted mean of several; seen where any is."""
    if len(parts) == 1:
        return parts[0]
    weights = np.array([part.weight for part in parts])
    level = (weights / weights.sum()) @ np.array([part.level for part in parts])
    return _Part(level, np.any([part.seen for part in parts], axis=0), lambda: float(weights.sum()))
