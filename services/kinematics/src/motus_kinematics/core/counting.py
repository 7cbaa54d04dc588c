"""Retrospective counting: all cycles of the current set anew from its whole past (biomech 4.2).

A cycle goes from rest to the turn and back. Recounting the set at each look costs little and never locks onto noise,
as a running detector does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.boundaries import leaves_rest, leaves_stand, regains_stand, returns_to_rest, turns
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.composite import Composite, compose
from motus_kinematics.core.exercises import Exercise, Rest
from motus_kinematics.core.history import Table
from motus_kinematics.core.turning import Pivot, turning_points
from motus_kinematics.core.vectors import TINY

MIN_AMPLITUDE: Final = 1.0
HYSTERESIS: Final = 0.45
"""Of the set's amplitude: smaller swings are no turning points."""
AMPLITUDE_BAND: Final = (0.45, 2.2)
MIN_RETURN: Final = 0.5
"""Of the way out: a cycle followed by another one has come back if it came this far."""
FULL_RETURN: Final = 0.75
"""Of the way out: the last cycle has come back if it came this far."""
MIN_START: Final = 0.4
"""Of the way back: a cycle whose way out is shorter began before it was seen."""
DURATION_S: Final = (0.5, 14.0)
SEEN_SHARE: Final = 0.6
MAX_GAP_S: Final = 0.5
STILL_S: Final = 0.25
STILL_SHARE: Final = 0.04
"""A signal that fell by less than this share of the way out within STILL_S stands still."""
SET_OUT_SHARE: Final = 0.08
"""Risen by this share of the way out, the next movement has begun."""
REST_BAND: Final = 0.12
LOCKOUT_HOLD_S: Final = 0.4
SPEED_ROWS: Final = 4
GRIP_S: Final = 1.0
"""A bottom held for longer is a grip on the weight, not a turn."""


@dataclass(frozen=True)
class Cycle:
    """One movement from rest to the turn and back.

    Attributes:
        start_s, turn_s, end_s: When it left rest, turned and was back.
        side: `left` or `right` when only that side did it, else empty.
        amplitude: Way out in smallest repetitions.
        returned: Way back over way out.
        upside_down: Rest is where the exercise's signal is high.
        complete: It is over; otherwise it is still on its way back.
        final: What follows it was seen too, so that its end will not move.
        one_way: It never came back, and counts for its way out.
        pivots_s: Times of the low, the high and the low it was found between.
    """

    start_s: float
    turn_s: float
    end_s: float
    side: str
    amplitude: float
    returned: float
    upside_down: bool
    complete: bool
    final: bool = False
    one_way: bool = False
    pivots_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class Count:
    """What a look back found.

    Attributes:
        cycles: Counted cycles by time.
        amplitude: The set's usual amplitude in smallest repetitions; 0 when nothing moved.
        busy: The newest rows are away from rest, in a cycle that is not over.
        height: Newest height of the signal between rest (0) and turn (1).
        speed: Newest rate of that height per second, positive towards the turn.
        upside_down: Rest is where the exercise's signal is high.
        signals: What start, turn and end of the cycles were read from, by side; under the empty name that of both.
    """

    cycles: tuple[Cycle, ...] = ()
    amplitude: float = 0.0
    busy: bool = False
    height: float = 0.0
    speed: float = 0.0
    upside_down: bool = False
    signals: Mapping[str, Composite] = field(default_factory=dict)


Known: TypeAlias = Mapping[tuple[str, bool, tuple[float, ...]], Cycle]
NOTHING: Final = Count()


def count(table: Table, exercise: Exercise, *, ended: bool, before: tuple[Cycle, ...] = ()) -> Count:
    """Counts the cycles in a history.

    Args:
        table: The settled past since the last set.
        exercise: What is counted.
        ended: No more rows will come: the last cycle is judged as it stands.
        before: Cycles of the last count of the same set; those between the same turning points are taken over.
    """
    known = {(c.side, c.upside_down, c.pivots_s): c for c in before if c.final}
    looks = [_look(table, exercise, side, ended, known) for side in (SIDES if exercise.alternating else ("",))]
    seen = [look for look in looks if look is not None]
    if not seen:
        return NOTHING
    floor = max(_usual_amplitude(look.composite.level) for look in seen)
    counts = [_best_way_up(replace(look, floor=floor)) for look in seen]
    busiest = max(counts, key=lambda found: found.height)
    if len(counts) == 1:
        return busiest
    signals = {side: signal for found in counts for side, signal in found.signals.items()}
    signals[""] = next(iter(busiest.signals.values()), seen[0].composite)
    return replace(busiest, cycles=_merge(counts[0].cycles, counts[1].cycles), signals=signals)


def _look(table: Table, exercise: Exercise, side: str, ended: bool, known: Known) -> _Look | None:
    """A look at one side, or at both when `side` is empty; None when nothing of it is seen."""
    sides = (side,) if side else SIDES
    composite = compose(table, exercise.signals, sides)
    if composite is None:
        return None
    edges = compose(table, exercise.edges, sides) or composite
    return _Look(table, exercise, composite, edges.level, side, 0.0, ended, known)


def _best_way_up(look: _Look) -> Count:
    """Counts with rest where the exercise has it."""
    turned = replace(
        look, composite=replace(look.composite, level=-look.composite.level), edges=-look.edges, upside_down=True
    )
    if look.exercise.rest is Rest.EITHER:
        return max((found.count() for found in (look, turned)), key=lambda found: len(found.cycles))
    upside_down = look.exercise.rest is Rest.FLOOR and _begins_upright(look.composite)
    return (turned if upside_down else look).count()


def _begins_upright(composite: Composite) -> bool:
    """Whether a floor exercise starts at the top and goes through its first bottom without gripping a weight there."""
    pivots = turning_points(composite.level, MIN_AMPLITUDE)
    if not pivots or not pivots[0].high or len(pivots) < 3:
        return False
    low, back = pivots[1].row, pivots[2].row
    bottom = composite.level[low] + REST_BAND * (composite.level[back] - composite.level[low])
    dwell = composite.t_s[pivots[0].row : back][composite.level[pivots[0].row : back] < bottom]
    return bool(dwell[-1] - dwell[0] < GRIP_S)


@dataclass(frozen=True)
class _Look:
    """One look back at one signal, low at rest."""

    table: Table
    exercise: Exercise
    composite: Composite
    edges: Floats
    side: str
    floor: float
    ended: bool
    known: Known
    upside_down: bool = False

    def count(self) -> Count:
        """All cycles of the signal."""
        level, t_s = self.composite.level, self.composite.t_s
        amplitude = max(_usual_amplitude(level), self.floor)
        if amplitude < MIN_AMPLITUDE:
            return NOTHING
        pivots = turning_points(level, max(HYSTERESIS * amplitude, MIN_AMPLITUDE / 2.0))
        highs = [i for i in range(1, len(pivots) - 1) if pivots[i].high]
        found = [cycle for i in highs if (cycle := self._cycle(pivots, i, amplitude))]
        if self.exercise.one_way and not found and not self.upside_down:
            found = self._way_up(pivots, amplitude)
        lows = [p for p in pivots if not p.high]
        rest = float(level[lows[-1].row]) if lows else float(level.min())
        height = (float(level[-1]) - rest) / amplitude
        before = max(0, len(level) - 1 - SPEED_ROWS)
        speed = float(level[-1] - level[before]) / amplitude / max(float(t_s[-1] - t_s[before]), TINY)
        waiting = bool(pivots) and t_s[-1] - t_s[pivots[-1].row] < DURATION_S[1]
        busy = waiting and (pivots[-1].high or height > REST_BAND)
        return Count(tuple(found), amplitude, busy, height, speed, self.upside_down, {self.side: self._shape})

    def _cycle(self, pivots: tuple[Pivot, ...], i: int, amplitude: float) -> Cycle | None:
        """The cycle around the high pivot `i`, or None when it is not one."""
        level, t_s = self.composite.level, self.composite.t_s
        low, high, back = (pivot.row for pivot in pivots[i - 1 : i + 2])
        out, home = float(level[high] - level[low]), float(level[high] - level[back])
        is_last = i + 2 == len(pivots)
        needed = self._full_return if is_last and self.ended else MIN_RETURN
        if home < needed * out or out < MIN_START * home or not self._plausible(max(out, home), amplitude):
            return None
        pivots_s = (float(t_s[low]), float(t_s[high]), float(t_s[back]))
        if not is_last and (known := self.known.get((self.side, self.upside_down, pivots_s))):
            return known
        start_s, end_s = self._bounds(pivots, i)
        if not DURATION_S[0] <= end_s - start_s <= DURATION_S[1] or not self._visible(start_s, end_s):
            return None
        final = not is_last or self.ended
        complete = final or self._settled(back, out, home)
        times = (start_s, turns(t_s, level, high, out), end_s)
        return Cycle(*times, self.side, out, home / out, self.upside_down, complete, final, pivots_s=pivots_s)

    @property
    def _shape(self) -> Composite:
        """The signal that phases and likeness are read from."""
        return self.composite if self.exercise.wind_up else replace(self.composite, level=self.edges)

    @property
    def _full_return(self) -> float:
        """Of the way out: a jump begins below the stand that it ends in."""
        return MIN_RETURN if self.exercise.wind_up else FULL_RETURN

    def _bounds(self, pivots: tuple[Pivot, ...], i: int) -> tuple[float, float]:
        """Start and end of the cycle around the high pivot `i`."""
        t_s = self.composite.t_s
        low, high, back = (pivot.row for pivot in pivots[i - 1 : i + 2])
        if not self.exercise.wind_up:
            return leaves_rest(t_s, self.edges, low, high), returns_to_rest(t_s, self.edges, high, back)
        before = pivots[i - 2].row if i >= 2 else 0
        after = pivots[i + 2].row if i + 2 < len(pivots) else len(t_s) - 1
        return leaves_stand(t_s, self.edges, before, high), regains_stand(t_s, self.edges, high, after)

    def _way_up(self, pivots: tuple[Pivot, ...], amplitude: float) -> list[Cycle]:
        """A way to the turn that was never taken back: a pull from the floor that ends at lock-out."""
        last = len(pivots) - 1 if pivots and pivots[-1].high else len(pivots) - 2
        if last < 1:
            return []
        level, t_s = self.composite.level, self.composite.t_s
        low, high = pivots[last - 1].row, pivots[last].row
        out = float(level[high] - level[low])
        nearly = low + int(np.argmax(level[low : high + 1] >= level[high] - REST_BAND * out))
        if not (self.ended or t_s[-1] - t_s[nearly] >= LOCKOUT_HOLD_S) or not self._plausible(out, amplitude):
            return []
        start_s, turn_s = leaves_rest(t_s, self.edges, low, high), float(t_s[nearly])
        if not self._visible(start_s, turn_s):
            return []
        return [Cycle(start_s, turn_s, turn_s, self.side, out, 0.0, False, self.ended, self.ended, one_way=True)]

    def _plausible(self, size: float, amplitude: float) -> bool:
        """Whether a swing is of the size of the set's others."""
        return max(MIN_AMPLITUDE, AMPLITUDE_BAND[0] * amplitude) <= size <= AMPLITUDE_BAND[1] * amplitude

    def _visible(self, start_s: float, end_s: float) -> bool:
        """Whether enough of the cycle was seen, with the trunk as the exercise has it."""
        t_s = self.composite.t_s
        rows = slice(int(np.searchsorted(t_s, start_s)), int(np.searchsorted(t_s, end_s, side="right")))
        seen = t_s[rows][self.composite.seen[rows]]
        if len(seen) < max(3.0, SEEN_SHARE * (rows.stop - rows.start)):
            return False
        if np.diff(seen, prepend=start_s, append=end_s).max() > MAX_GAP_S:
            return False
        lean = self.table.value("trunk_lean_deg")[rows]
        lean = np.abs(lean[np.isfinite(lean)])
        low, high = self.exercise.lean_deg
        return not len(lean) or bool(low <= np.median(lean) <= high)

    def _settled(self, back: int, out: float, home: float) -> bool:
        """Whether the newest cycle is over: it came back, and since then stood still or set out again."""
        level, t_s = self.composite.level, self.composite.t_s
        if home < self._full_return * out:
            return False
        earlier = int(np.searchsorted(t_s, t_s[-1] - STILL_S))
        stopped = level[earlier] - level[back] < STILL_SHARE * out
        return bool(stopped or level[-1] - level[back] > SET_OUT_SHARE * out)


def _usual_amplitude(level: Floats) -> float:
    """Median swing of a signal, weighted by the square of the swings' sizes; 0 when nothing moved."""
    pivots = turning_points(level, MIN_AMPLITUDE / 2.0)
    heights = level[[p.row for p in pivots]]
    swings = np.sort(np.abs(np.diff(heights)))
    swings = swings[swings >= MIN_AMPLITUDE]
    if not len(swings):
        return 0.0
    weights = np.cumsum(swings**2)
    return float(swings[np.searchsorted(weights, weights[-1] / 2.0)])


def _merge(left: tuple[Cycle, ...], right: tuple[Cycle, ...]) -> tuple[Cycle, ...]:
    """Cycles of both sides by time; two that overlap by more than half of the shorter one are one of both sides."""
    alone, both = list(right), []
    for cycle in left:
        partner = next((other for other in alone if overlap(cycle, other) > 0.5), None)
        if partner is not None:
            alone.remove(partner)
            bigger = max(cycle, partner, key=lambda c: c.amplitude)
            cycle = replace(bigger, side="", complete=cycle.complete and partner.complete)
        both.append(cycle)
    return tuple(sorted(both + alone, key=lambda c: c.turn_s))


def overlap(a: Cycle, b: Cycle) -> float:
    """Time in both over the shorter of two cycles."""
    common = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return common / max(min(a.end_s - a.start_s, b.end_s - b.start_s), TINY)
