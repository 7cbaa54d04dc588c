"""Attempts: movements of a set that were begun like a repetition and are none, each with the reason (biomech 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from motus_kinematics.core.boundaries import leaves_rest, returns_to_rest, turns
from motus_kinematics.core.cycle import STRIKE_S, Cycle, overlap
from motus_kinematics.core.look import AMPLITUDE_BAND, DURATION_S, MIN_RETURN, MIN_START, Look
from motus_kinematics.core.turning import Pivot, coarser

SMALLEST: Final = 0.35
"""Of the set's amplitude: smaller movements are no attempt."""
NEAR_REST: Final = 0.3
"""Of the set's amplitude: an attempt begins this close to where the set's repetitions begin."""
NEAR_SET_S: Final = 6.0
"""An attempt begins or ends this close to a repetition of its set."""
REPS_TO_COMPARE: Final = 2
SAME: Final = 0.25
"""An attempt that shares more than this with a repetition is part of it."""


class Refusal(Enum):
    """Why a movement does not count."""

    SHALLOW = "The way out was {size:.0%} of the usual in this set: too short for a repetition."
    NOT_TAKEN_BACK = "Only {returned:.0%} of the way out was taken back before the next movement began."
    CUT_OFF = "The set ended before the movement was taken back."
    LARGE = "The way out was {size:.0%} of the usual in this set: another movement."
    FAST = "It took {seconds:.1f} s, which is too fast for a repetition."
    SLOW = "It took {seconds:.1f} s, which is too slow for a repetition."
    UNSEEN = "Too little of it was seen."
    TRUNK = "The trunk was not held as the exercise has it."
    UNLIKE = "It is unlike the other repetitions of the set."

    @property
    def partial(self) -> bool:
        """Whether it was begun and not completed; otherwise it was completed and refused."""
        return self in (Refusal.SHALLOW, Refusal.NOT_TAKEN_BACK, Refusal.CUT_OFF)


@dataclass(frozen=True)
class Attempt:
    """A movement that does not count.

    Attributes:
        cycle: Its times; a movement that was cut off ends where it was seen last.
        refusal: Why it does not count.
        size: Its way out over the set's usual one.
    """

    cycle: Cycle
    refusal: Refusal
    size: float

    @property
    def reason(self) -> str:
        """Why it does not count, in one sentence."""
        seconds = self.cycle.end_s - self.cycle.start_s
        return self.refusal.value.format(size=self.size, returned=max(self.cycle.returned, 0.0), seconds=seconds)


def attempts_in(look: Look, cycles: tuple[Cycle, ...]) -> tuple[Attempt, ...]:
    """What was attempted in a set and does not count; only what later rows will not change.

    Args:
        look: The look that found the cycles.
        cycles: The cycles that count, of both sides.
    """
    own = [cycle for cycle in cycles if cycle.complete and not cycle.one_way]
    if len(own) < (1 if look.ended else REPS_TO_COMPARE):
        return ()
    level = look.composite.level
    pivots = coarser(level, look.fine, SMALLEST * look.amplitude)
    rest = _rest(look, own)
    near = rest + NEAR_REST * look.amplitude
    highs = [i for i in range(1, len(pivots)) if pivots[i].high and level[pivots[i - 1].row] <= near]
    apart = [i for i in highs if not _within(cycles, float(look.composite.t_s[pivots[i].row]))]
    found = (attempt for i in apart for attempt in _attempt(look, pivots, i))
    return tuple(a for a in found if _of_set(a.cycle, own) and not any(_part_of(a.cycle, c, look) for c in cycles))


def _part_of(cycle: Cycle, rep: Cycle, look: Look) -> bool:
    """Whether a movement is part of a repetition: within it, or the follow-through of a stroke that is held."""
    follows = look.exercise.follows_through and 0.0 <= cycle.start_s - rep.end_s <= STRIKE_S
    return follows or overlap(cycle, rep) > SAME


def _within(cycles: tuple[Cycle, ...], t_s: float) -> bool:
    return any(cycle.start_s <= t_s <= cycle.end_s for cycle in cycles)


def _rest(look: Look, cycles: list[Cycle]) -> float:
    """The highest level at which one of the cycles began."""
    t_s, level = look.composite.t_s, look.composite.level
    rows = t_s.searchsorted([cycle.start_s for cycle in cycles]).clip(max=len(t_s) - 1)
    return float(level[rows].max())


def _attempt(look: Look, pivots: tuple[Pivot, ...], i: int) -> Iterator[Attempt]:
    """The attempt around the high pivot `i`, if it is one and will stay one."""
    level, t_s = look.composite.level, look.composite.t_s
    low, high = pivots[i - 1].row, pivots[i].row
    cut_off = i + 1 == len(pivots)
    if i + 2 >= len(pivots) and not look.ended:
        return
    back = len(level) - 1 if cut_off else pivots[i + 1].row
    out, home = float(level[high] - level[low]), float(level[high] - level[back])
    if out < max(SMALLEST * look.amplitude, MIN_START * home):
        return
    edges = level if look.exercise.wind_up else look.edges
    turn_s, pivots_s = turns(t_s, level, high, out), (float(t_s[low]), float(t_s[high]), float(t_s[back]))
    start_s = min(leaves_rest(t_s, edges, low, high), turn_s)
    end_s = max(float(t_s[back]) if cut_off else returns_to_rest(t_s, edges, high, back), turn_s)
    cycle = Cycle(start_s, turn_s, end_s, look.side, out, home / out, look.upside_down, True, True, pivots_s=pivots_s)
    size = out / look.amplitude
    yield Attempt(cycle, _refusal(look, cycle, size, last=i + 2 >= len(pivots)), size)


def _refusal(look: Look, cycle: Cycle, size: float, *, last: bool) -> Refusal:
    """Why a movement does not count."""
    span = (cycle.start_s, cycle.end_s)
    reasons = {
        Refusal.CUT_OFF: last and cycle.returned < look.full_return,
        Refusal.NOT_TAKEN_BACK: cycle.returned < MIN_RETURN,
        Refusal.SHALLOW: size < AMPLITUDE_BAND[0],
        Refusal.LARGE: size > AMPLITUDE_BAND[1],
        Refusal.FAST: span[1] - span[0] < DURATION_S[0],
        Refusal.SLOW: span[1] - span[0] > DURATION_S[1],
        Refusal.UNSEEN: not look.seen(*span),
        Refusal.TRUNK: not look.upright(*span),
    }
    return next((refusal for refusal, holds in reasons.items() if holds), Refusal.UNLIKE)


def _of_set(cycle: Cycle, cycles: list[Cycle]) -> bool:
    """Whether a movement lies close to a repetition of the set."""
    gaps = (max(cycle.start_s - other.end_s, other.start_s - cycle.end_s) for other in cycles)
    return min(gaps) <= NEAR_SET_S
