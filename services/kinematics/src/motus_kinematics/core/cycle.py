"""One movement from rest to the turn and back, as a recount found it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from motus_kinematics.core.vectors import TINY

STRIKE_S: Final = 0.4
"""Between wind-up and follow-through: a longer stop is a rest."""
STROKE_PARTS: Final = 2
PIVOTS: Final = 3
"""Of a cycle: low, high and low again."""


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
        pivots_s: Times of the low, the high and the low it was found between; a stroke has another high and low.
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

    @property
    def is_stroke(self) -> bool:
        """Whether it goes out twice: to wind up, and to follow through."""
        return len(self.pivots_s) > PIVOTS


def overlap(a: Cycle, b: Cycle) -> float:
    """Time in both over the shorter of two cycles."""
    common = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return common / max(min(a.end_s - a.start_s, b.end_s - b.start_s), TINY)


def followed_through(cycles: tuple[Cycle, ...]) -> tuple[Cycle, ...]:
    """Strokes: a wind-up and the follow-through that comes without a rest are one, and its turn is the strike.

    Three or more in a row without a rest are no strokes but swings to and fro, and stay as they are.
    """
    runs: list[list[Cycle]] = []
    for cycle in cycles:
        if runs and cycle.start_s - runs[-1][-1].end_s <= STRIKE_S:
            runs[-1].append(cycle)
        else:
            runs.append([cycle])
    return tuple(cycle for run in runs for cycle in ((_stroke(*run),) if len(run) == STROKE_PARTS else run))


def _stroke(wind_up: Cycle, follow_through: Cycle) -> Cycle:
    """The wind-up and what follows it as one."""
    return replace(
        follow_through,
        start_s=wind_up.start_s,
        turn_s=(wind_up.end_s + follow_through.start_s) / 2.0,
        amplitude=max(wind_up.amplitude, follow_through.amplitude),
        pivots_s=wind_up.pivots_s + follow_through.pivots_s[1:],
    )


def merge(left: tuple[Cycle, ...], right: tuple[Cycle, ...]) -> tuple[Cycle, ...]:
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
