"""One look back at one signal: its cycles, and what was begun and is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.body import Floats
from motus_kinematics.core.boundaries import leaves_rest, leaves_stand, regains_stand, returns_to_rest, turns
from motus_kinematics.core.composite import Composite
from motus_kinematics.core.cycle import Cycle, followed_through
from motus_kinematics.core.exercises import ANY_LEAN, Exercise, Rest
from motus_kinematics.core.history import Table
from motus_kinematics.core.turning import Pivot

MIN_AMPLITUDE: Final = 1.0
AMPLITUDE_BAND: Final = (0.45, 2.2)
MIN_RETURN: Final = 0.5
"""Of the way out: a cycle followed by another one has come back if it came this far."""
FULL_RETURN: Final = 0.7
"""Of the way out: the last cycle has come back if it came this far."""
MIN_START: Final = 0.4
"""Of the way back: a cycle whose way out is shorter began before it was seen."""
HALF_SWING: Final = 0.75
"""Of the next swing: the first of a movement to and fro that is smaller came from the middle."""
DURATION_S: Final = (0.5, 14.0)
SEEN_SHARE: Final = 0.6
MAX_GAP_S: Final = 1.5
MAX_GAP_SHARE: Final = 0.75
"""Of the cycle: a longer gap may have hidden the turn and more."""
STILL_S: Final = 0.25
STILL_SHARE: Final = 0.04
"""A signal that fell by less than this share of the way out within STILL_S stands still."""
SET_OUT_SHARE: Final = 0.08
"""Risen by this share of the way out, the next movement has begun."""
REST_BAND: Final = 0.12
LOCKOUT_HOLD_S: Final = 0.4

Known: TypeAlias = Mapping[tuple[str, bool, tuple[float, ...]], Cycle]


@dataclass(frozen=True)
class Look:
    """One look back at one signal, low at rest.

    Attributes:
        table: The past.
        exercise: What is counted.
        composite: The signal.
        edges: (n,) signal that start and end are read from.
        side: `left`, `right`, or empty for both.
        ended: No more rows will come.
        known: Final cycles of the last look, by side, way up and turning points.
        amplitude: The set's usual amplitude in smallest repetitions.
        fine: Turning points of the signal that are half a smallest repetition apart.
        pivots: Those that are apart by a share of the set's amplitude.
        upside_down: The signal was turned over: rest is where the exercise's is high.
    """

    table: Table
    exercise: Exercise
    composite: Composite
    edges: Floats
    side: str
    ended: bool
    known: Known
    amplitude: float
    fine: tuple[Pivot, ...]
    pivots: tuple[Pivot, ...] = ()
    upside_down: bool = False

    def turned_over(self) -> Look:
        """The same look with the other end as rest."""
        composite = replace(self.composite, level=-self.composite.level)
        fine, pivots = (tuple(Pivot(p.row, not p.high) for p in points) for points in (self.fine, self.pivots))
        return replace(self, composite=composite, edges=-self.edges, fine=fine, pivots=pivots, upside_down=True)

    @property
    def shape(self) -> Composite:
        """The signal that phases and likeness are read from."""
        return self.composite if self.exercise.wind_up else replace(self.composite, level=self.edges)

    @property
    def full_return(self) -> float:
        """Of the way out: a jump begins below the stand that it ends in."""
        return MIN_RETURN if self.exercise.wind_up else FULL_RETURN

    @property
    def least_start(self) -> float:
        """Of the way back: a movement to and fro begins with half a swing, which is no repetition."""
        return HALF_SWING if self.exercise.rest is Rest.EITHER else MIN_START

    def cycles(self) -> tuple[Cycle, ...]:
        """All cycles of the signal."""
        found = tuple(cycle for i in self.swings().tolist() if (cycle := self._cycle(i)))
        if self.exercise.follows_through:
            return followed_through(found)
        return found or (self._way_up() if self.exercise.one_way and not self.upside_down else ())

    def swings(self) -> NDArray[np.intp]:
        """The high pivots around which the signal went out as far as in the set's other cycles, and came back."""
        first = 2 if self.pivots and self.pivots[0].high else 1
        highs = np.arange(first, len(self.pivots) - 1, 2)
        if not len(highs):
            return highs
        heights = self.composite.level[[pivot.row for pivot in self.pivots]]
        out, home = heights[highs] - heights[highs - 1], heights[highs] - heights[highs + 1]
        needed = np.full(len(highs), MIN_RETURN)
        if self.ended and highs[-1] + 2 == len(self.pivots):
            needed[-1] = self.full_return
        smallest, largest = self.sizes
        size = np.maximum(out, home)
        plausible = (size >= smallest) & (size <= largest)
        return highs[plausible & (home >= needed * out) & (out >= self.least_start * home)]

    def _cycle(self, i: int) -> Cycle | None:
        """The cycle around the high pivot `i` of a full swing, or None when it is not one."""
        level, t_s = self.composite.level, self.composite.t_s
        low, high, back = (pivot.row for pivot in self.pivots[i - 1 : i + 2])
        out, home = float(level[high] - level[low]), float(level[high] - level[back])
        is_last = i + 2 == len(self.pivots)
        pivots_s = (float(t_s[low]), float(t_s[high]), float(t_s[back]))
        if not is_last and (known := self.known.get((self.side, self.upside_down, pivots_s))):
            return known
        start_s, end_s = self._bounds(i)
        if not DURATION_S[0] <= end_s - start_s <= DURATION_S[1] or not self._visible(start_s, end_s):
            return None
        final = not is_last or self.ended
        complete = final or self._settled(back, out, home)
        times = (start_s, turns(t_s, level, high, out), end_s)
        return Cycle(*times, self.side, out, home / out, self.upside_down, complete, final, pivots_s=pivots_s)

    def _bounds(self, i: int) -> tuple[float, float]:
        """Start and end of the cycle around the high pivot `i`."""
        t_s, pivots = self.composite.t_s, self.pivots
        low, high, back = (pivot.row for pivot in pivots[i - 1 : i + 2])
        if not self.exercise.wind_up:
            return leaves_rest(t_s, self.edges, low, high), returns_to_rest(t_s, self.edges, high, back)
        before = pivots[i - 2].row if i >= 2 else 0
        after = pivots[i + 2].row if i + 2 < len(pivots) else len(t_s) - 1
        return leaves_stand(t_s, self.edges, before, high), regains_stand(t_s, self.edges, high, after)

    def _way_up(self) -> tuple[Cycle, ...]:
        """A way to the turn that was never taken back: a pull from the floor that ends at lock-out."""
        pivots = self.pivots
        last = len(pivots) - 1 if pivots and pivots[-1].high else len(pivots) - 2
        if last < 1:
            return ()
        level, t_s = self.composite.level, self.composite.t_s
        low, high = pivots[last - 1].row, pivots[last].row
        out = float(level[high] - level[low])
        nearly = low + int(np.argmax(level[low : high + 1] >= level[high] - REST_BAND * out))
        smallest, largest = self.sizes
        if not (self.ended or t_s[-1] - t_s[nearly] >= LOCKOUT_HOLD_S) or not smallest <= out <= largest:
            return ()
        start_s, turn_s = leaves_rest(t_s, self.edges, low, high), float(t_s[nearly])
        if not self._visible(start_s, turn_s):
            return ()
        return (Cycle(start_s, turn_s, turn_s, self.side, out, 0.0, False, self.ended, self.ended, one_way=True),)

    @property
    def sizes(self) -> tuple[float, float]:
        """Of the set's cycles: the smallest and the largest."""
        smallest, largest = (share * self.amplitude for share in AMPLITUDE_BAND)
        return max(MIN_AMPLITUDE, smallest), largest

    def _visible(self, start_s: float, end_s: float) -> bool:
        """Whether enough of a span was seen, with the trunk as the exercise has it."""
        return self.seen(start_s, end_s) and self.upright(start_s, end_s)

    def seen(self, start_s: float, end_s: float) -> bool:
        """Whether enough of a span was seen."""
        if self.composite.unbroken:
            return True
        t_s, rows = self.composite.t_s, self._rows(start_s, end_s)
        seen = t_s[rows][self.composite.seen[rows]]
        if len(seen) < max(3.0, SEEN_SHARE * (rows.stop - rows.start)):
            return False
        gap_s = max(seen[0] - start_s, end_s - seen[-1], (seen[1:] - seen[:-1]).max())
        return bool(gap_s <= min(MAX_GAP_S, MAX_GAP_SHARE * (end_s - start_s)))

    def upright(self, start_s: float, end_s: float) -> bool:
        """Whether the trunk is as the exercise has it, as far as it was seen."""
        low, high = self.exercise.lean_deg
        if (low, high) == ANY_LEAN:
            return True
        lean = self.table.between(start_s, end_s).value("trunk_lean_deg")
        lean = np.abs(lean[np.isfinite(lean)])
        return not len(lean) or bool(low <= np.median(lean) <= high)

    def _rows(self, start_s: float, end_s: float) -> slice:
        t_s = self.composite.t_s
        return slice(int(np.searchsorted(t_s, start_s)), int(np.searchsorted(t_s, end_s, side="right")))

    def _settled(self, back: int, out: float, home: float) -> bool:
        """Whether the newest cycle is over: it came back, and since then stood still or set out again."""
        level, t_s = self.composite.level, self.composite.t_s
        if home < self.full_return * out:
            return False
        earlier = int(np.searchsorted(t_s, t_s[-1] - STILL_S))
        stopped = level[earlier] - level[back] < STILL_SHARE * out
        return bool(stopped or level[-1] - level[back] > SET_OUT_SHARE * out)
