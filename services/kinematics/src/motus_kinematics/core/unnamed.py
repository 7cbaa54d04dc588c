"""Counts a movement that has no name: every channel is tried, the best ones vote (biomech 4.2, "unknown").

Only what is repeated is counted: a set opens with the second of two cycles that are alike over all channels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.composite import Composer, Composite
from motus_kinematics.core.counting import Count, look_at, newest, scaled
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.exercises import ELBOW, HIP, KNEE, SHOULDER, THIGH, WRIST, Exercise, Signal
from motus_kinematics.core.history import Table
from motus_kinematics.core.look import MIN_AMPLITUDE, Look
from motus_kinematics.core.ranked import median
from motus_kinematics.core.similarity import clarity, likenesses, shapes
from motus_kinematics.core.spans import Spans, roughly
from motus_kinematics.core.vectors import TINY

WATCHED: Final = (
    Signal(KNEE, 35.0, lead=True),
    Signal(HIP, 30.0, lead=True),
    Signal(ELBOW, 40.0, lead=True),
    Signal(SHOULDER, 35.0, lead=True),
    Signal(WRIST, 0.4, lead=True),
    Signal("trunk_lean_deg", 25.0),
    Signal("trunk_lean_lateral_deg", 15.0),
    Signal("trunk_rotation_deg", 25.0),
    Signal("hip_height_ratio", 0.12),
    Signal("shoulder_level_m", 0.15),
)
"""What may tell the cycles of a movement without a name, each with its smallest repetition."""
NAMELESS: Final = Exercise("unknown", KNEE, ())
MIN_CYCLES: Final = 2
ALIKE: Final = 0.7
"""Correlation with the most typical cycle; a set's first and last cycles that are less alike are left out."""
CLEAR: Final = 2.0
VOTES: Final = 0.6
"""Of the best score: what scores less has no vote."""
STAYS: Final = 1.25
"""Weight of a signal that turns where the last count's cycles do: what was said is not taken back for as little."""
ENDS: Final = 0.25
"""Of a signal's swing: this close to its high or low it is at that end."""
DWELLS: Final = 2.0
"""So many times as long at one end as at the other: that end is rest, and no turn."""
SETTLED: Final = 4
"""So many cycles have shown which end is rest."""
SAME_TURN, MOST = 0.25, 0.8
"""Turning points that are this share of a cycle apart, and this share of them, are the same ones."""
MANY_CYCLES: Final = 4
STRIDE: Final = -0.3
"""Correlation of the thighs below which the legs stride: steps are no repetitions."""


@dataclass(frozen=True)
class _Candidate:
    """What one signal says.

    Attributes:
        look: The look at it.
        cycles: Those that are alike.
        score: How well it tells them.
    """

    look: Look
    cycles: Spans
    score: float

    @property
    def number(self) -> int:
        """How many cycles there are."""
        return len(self.cycles)


def count_unnamed(table: Table, *, ended: bool, before: tuple[Cycle, ...] = ()) -> Count:
    """Counts the cycles of whatever is repeated.

    Args:
        table: The settled past since the last set.
        ended: No more rows will come.
        before: Cycles of the last count of the same set.
    """
    composer = Composer(table)
    seen = [(signal, found) for signal in WATCHED if (found := composer.compose((signal,))) is not None]
    if not seen or _strides(composer):
        return Count(NAMELESS)
    levels = np.array([found.level for _, found in seen])
    known = {(c.side, c.upside_down, c.pivots_s): c for c in before if c.final}
    looks = [
        look_at(table, _as_exercise(signal), composite, ended=ended, known=known)
        for signal, composite in (*seen, *_components(seen, levels))
    ]
    candidates = _candidates(looks, levels, before)
    return _counted(_elected(candidates)) if candidates else Count(NAMELESS)


def _counted(chosen: _Candidate) -> Count:
    """The cycles of the signal that was chosen, from where they begin to where they end."""
    look, first_s, last_s = chosen.look, chosen.cycles.start_s[0], chosen.cycles.end_s[-1]
    cycles = tuple(cycle for cycle in look.cycles() if first_s <= cycle.turn_s <= last_s)
    return replace(newest(look, cycles), cycles=cycles, by_look=cycles, signals={"": look.composite})


def _components(seen: list[tuple[Signal, Composite]], levels: Floats) -> list[tuple[Signal, Composite]]:
    """The two directions in which the channels move most, each under the name of the channel nearest to it."""
    centered = levels - levels.mean(axis=1, keepdims=True)
    _, directions = np.linalg.eigh(centered @ centered.T)
    seen_rows = np.any([composite.seen for _, composite in seen], axis=0)
    return [
        (seen[int(np.abs(way).argmax())][0], Composite(seen[0][1].t_s, way @ centered, seen_rows))
        for way in directions.T[::-1][:2]
    ]


def _candidates(looks: list[Look], levels: Floats, before: tuple[Cycle, ...]) -> list[_Candidate]:
    """What those signals say that may have a vote, judged by roughly where their cycles begin and end.

    Args:
        looks: At all signals.
        levels: (C, n) all channels.
        before: Cycles of the last count.
    """
    found, best = list[_Candidate](), 0.0
    for look in sorted(looks, key=lambda look: -look.amplitude):
        if look.amplitude < MIN_AMPLITUDE or STAYS * look.amplitude * MANY_CYCLES**0.5 < VOTES * best:
            break
        candidate = _better_way_up(scaled(look, look.amplitude), levels, before)
        if candidate is not None:
            found.append(candidate)
            best = max(best, candidate.score)
    return found


def _better_way_up(look: Look, levels: Floats, before: tuple[Cycle, ...]) -> _Candidate | None:
    """The cycles of one signal, with the better end as rest; None when nothing in it is repeated.

    The end where the signal dwells is rest. If that is unclear, the end that was rest in the last count stays so after
    some cycles, or when the other end tells no more of them.
    """
    over, dwells = bool(look.pivots) and look.pivots[0].high, _dwells(look)
    ways = (over, not over) if dwells is None else (dwells,)
    stays = [way for way in ways if _turns_with(look, before, high=not way)]
    others = [way for way in ways if way not in stays]
    best: _Candidate | None = None
    for upside_down in stays if stays and len(before) >= SETTLED else (*stays, *others):
        way = look.turned_over() if upside_down else look
        if best is not None and best.number >= len(way.swings()):
            continue
        found = _judged(way, roughly(way), levels)
        if found is not None and (best is None or found.number > best.number):
            best = replace(found, score=STAYS * found.score) if upside_down in stays else found
    return best


def _dwells(look: Look) -> bool | None:
    """Whether a signal dwells high rather than low; None when it does neither clearly."""
    level = look.composite.level
    low, high = np.quantile(level, (0.05, 0.95))
    at_low, at_high = (level < low + ENDS * (high - low)).sum(), (level > high - ENDS * (high - low)).sum()
    if max(at_low, at_high) < DWELLS * min(at_low, at_high):
        return None
    return bool(at_high > at_low)


def _turns_with(look: Look, before: tuple[Cycle, ...], *, high: bool) -> bool:
    """Whether a signal is high, or low, where the cycles of the last count turned, of which there may be none."""
    ends_s = look.composite.t_s[[pivot.row for pivot in look.pivots if pivot.high == high]]
    if not len(ends_s) or not before:
        return False
    start_s, turn_s, end_s = np.array([(cycle.start_s, cycle.turn_s, cycle.end_s) for cycle in before]).T
    apart_s = np.abs(ends_s[:, None] - turn_s).min(axis=0)
    return bool(np.mean(apart_s < SAME_TURN * (end_s - start_s)) >= MOST)


def _judged(look: Look, cycles: Spans, levels: Floats) -> _Candidate | None:
    """Those cycles of a look that are alike, scored; None when there are none."""
    if len(cycles) < MIN_CYCLES:
        return None
    courses = shapes(look.composite.t_s, levels, cycles)
    alike = likenesses(courses)
    inner = np.flatnonzero(alike >= ALIKE)
    if len(inner) < MIN_CYCLES:
        return None
    kept = slice(int(inner[0]), int(inner[-1]) + 1)
    if clarity(courses[kept]) < CLEAR:
        return None
    likeness, number = median(alike[kept]), kept.stop - kept.start
    score = look.amplitude * min(number, MANY_CYCLES) ** 0.5 * likeness**2 * _steadiness(cycles[kept])
    return _Candidate(look, cycles[kept], score)


def _steadiness(cycles: Spans) -> float:
    """1 for cycles of equal size and duration, one right after the other, less the more they differ or are apart."""
    lasts = cycles.end_s - cycles.start_s
    spread = sum(median(np.abs(figure / median(figure) - 1.0)) for figure in (cycles.size, lasts))
    coverage = float(lasts.sum() / max(cycles.end_s[-1] - cycles.start_s[0], TINY))
    return float(np.exp(-spread)) * coverage


def _elected(candidates: list[_Candidate]) -> _Candidate:
    """The best of the candidates that agree with most votes on how many cycles there are."""
    best = max(candidate.score for candidate in candidates)
    voters = [candidate for candidate in candidates if candidate.score >= VOTES * best]
    votes: dict[int, float] = {}
    for voter in voters:
        votes[voter.number] = votes.get(voter.number, 0.0) + voter.score
    number = max(votes, key=lambda cycles: votes[cycles])
    return max((voter for voter in voters if voter.number == number), key=lambda voter: voter.score)


def _strides(composer: Composer) -> bool:
    """Whether the thighs swing against each other."""
    left, right = (composer.compose((Signal(THIGH, 25.0),), (side,)) for side in SIDES)
    if left is None or right is None or min(np.ptp(left.level), np.ptp(right.level)) < MIN_AMPLITUDE:
        return False
    return bool(np.corrcoef(left.level, right.level)[0, 1] < STRIDE)


def _as_exercise(signal: Signal) -> Exercise:
    """A movement without a name, told by one channel."""
    return Exercise(NAMELESS.id, signal.channel, (signal,), eccentric_first=signal.channel != WRIST)
