"""Where the cycles of a signal lie, roughly and all at once: enough to choose the signal to count by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Flags, Floats
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.look import DURATION_S, Look

NEAR_REST: Final = 0.15
"""Of the way: a signal this close to its rest has nearly left it, or is nearly back."""


@dataclass(frozen=True)
class Spans:
    """Cycles by time.

    Attributes:
        start_s, end_s: (k,) when they began and ended.
        size: (k,) their ways out.
    """

    start_s: Floats
    end_s: Floats
    size: Floats

    def __len__(self) -> int:
        return len(self.size)

    def __getitem__(self, kept: slice | Flags) -> Spans:
        return Spans(self.start_s[kept], self.end_s[kept], self.size[kept])


def exactly(cycles: tuple[Cycle, ...]) -> Spans:
    """The spans of cycles."""
    return Spans(*np.array([(cycle.start_s, cycle.end_s, cycle.amplitude) for cycle in cycles]).reshape(-1, 3).T)


def roughly(look: Look) -> Spans:
    """The cycles of a look, each from where the signal was last near its rest to where it first is again."""
    swings = look.swings()
    if not len(swings):
        return exactly(())
    t_s, level = look.composite.t_s, look.composite.level
    rows = np.array([pivot.row for pivot in look.pivots])
    heights, whole = level[rows], slice(rows[0], rows[-1])
    near = np.minimum(heights[:-1], heights[1:]) + NEAR_REST * np.abs(np.diff(heights))
    numbers, ways = np.arange(len(t_s))[whole], rows[:-1] - rows[0]
    resting = level[whole] <= np.repeat(near, np.diff(rows))
    leaves = np.maximum.reduceat(np.where(resting, numbers, -1), ways)[swings - 1]
    returns = np.minimum.reduceat(np.where(resting, numbers, rows[-1]), ways)[swings].clip(max=rows[swings + 1])
    spans = Spans(t_s[leaves], t_s[returns], heights[swings] - heights[swings - 1])
    lasts = spans.end_s - spans.start_s
    return spans[(lasts >= DURATION_S[0]) & (lasts <= DURATION_S[1]) & _seen(look, spans)]


def _seen(look: Look, spans: Spans) -> Flags:
    """(k,) whether enough of each was seen."""
    if look.composite.unbroken:
        return np.ones(len(spans), dtype=bool)
    return np.array([look.seen(*span) for span in zip(spans.start_s.tolist(), spans.end_s.tolist(), strict=True)])
