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
from motus_kinematics.core.look import MIN_AMPLITUDE, Known, Look
from motus_kinematics.core.similarity import clarity, likenesses, shapes
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
MANY_CYCLES: Final = 4
STRIDE: Final = -0.3
"""Correlation of the thighs below which the legs stride: steps are no repetitions."""


@dataclass(frozen=True)
class _Candidate:
    """What one signal says.

    Attributes:
        signal: The channel, or that which a component is nearest to.
        look: The look at it.
        cycles: Those that are alike.
        score: How well it tells them.
    """

    signal: Signal
    look: Look
    cycles: tuple[Cycle, ...]
    score: float


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
    tried = (
        _try(table, signal, signals, levels, ended, known) for signal, signals in (*seen, *_components(seen, levels))
    )
    candidates = [candidate for candidate in tried if candidate is not None]
    if not candidates:
        return Count(NAMELESS)
    best = _elected(candidates)
    return replace(
        newest(best.look, best.cycles), cycles=best.cycles, by_look=best.cycles, signals={"": best.look.composite}
    )


def _components(seen: list[tuple[Signal, Composite]], levels: Floats) -> list[tuple[Signal, Composite]]:
    """The two directions in which the channels move most, each under the name of the channel nearest to it."""
    centered = levels - levels.mean(axis=1, keepdims=True)
    _, directions = np.linalg.eigh(centered @ centered.T)
    seen_rows = np.any([composite.seen for _, composite in seen], axis=0)
    return [
        (seen[int(np.abs(way).argmax())][0], Composite(seen[0][1].t_s, way @ centered, seen_rows))
        for way in directions.T[::-1][:2]
    ]


def _try(
    table: Table, signal: Signal, composite: Composite, levels: Floats, ended: bool, known: Known
) -> _Candidate | None:
    """The cycles of one signal, with the better end as rest; None when nothing in it is repeated."""
    first = look_at(table, _as_exercise(signal), composite, ended=ended, known=known)
    if first.amplitude < MIN_AMPLITUDE:
        return None
    look = scaled(first, first.amplitude)
    ways = [look, look.turned_over()]
    if look.pivots and look.pivots[0].high:
        ways.reverse()
    tried = [_judged(signal, way, levels) for way in ways]
    return max(tried, key=lambda candidate: len(candidate.cycles) if candidate else 0)


def _judged(signal: Signal, look: Look, levels: Floats) -> _Candidate | None:
    """The cycles of a look that are alike, scored; None when there are none."""
    cycles = look.cycles()
    if len(cycles) < MIN_CYCLES:
        return None
    courses = shapes(look.composite.t_s, levels, cycles)
    alike = likenesses(courses)
    inner = np.flatnonzero(alike >= ALIKE)
    if len(inner) < MIN_CYCLES:
        return None
    kept = slice(int(inner[0]), int(inner[-1]) + 1)
    cycles, courses = cycles[kept], courses[kept]
    if clarity(courses) < CLEAR:
        return None
    likeness = float(np.median(alike[kept]))
    score = (
        look.amplitude * np.sqrt(min(len(cycles), MANY_CYCLES)) * likeness**2 * _evenness(cycles) * _coverage(cycles)
    )
    return _Candidate(signal, look, cycles, float(score))


def _evenness(cycles: tuple[Cycle, ...]) -> float:
    """1 for cycles of equal size and duration, less the more they differ."""
    figures = np.array([(cycle.amplitude, cycle.end_s - cycle.start_s) for cycle in cycles])
    spread = np.abs(figures / np.median(figures, axis=0) - 1.0)
    return float(np.exp(-np.median(spread, axis=0).sum()))


def _coverage(cycles: tuple[Cycle, ...]) -> float:
    """Share of the time from the first to the last cycle that lies in one."""
    span = cycles[-1].end_s - cycles[0].start_s
    return float(sum(cycle.end_s - cycle.start_s for cycle in cycles)) / max(span, TINY)


def _elected(candidates: list[_Candidate]) -> _Candidate:
    """The best of the candidates that agree with most votes on how many cycles there are."""
    best = max(candidate.score for candidate in candidates)
    voters = [candidate for candidate in candidates if candidate.score >= VOTES * best]
    votes: dict[int, float] = {}
    for voter in voters:
        votes[len(voter.cycles)] = votes.get(len(voter.cycles), 0.0) + voter.score
    number = max(votes, key=lambda cycles: votes[cycles])
    return max((voter for voter in voters if len(voter.cycles) == number), key=lambda voter: voter.score)


def _strides(composer: Composer) -> bool:
    """Whether the thighs swing against each other."""
    left, right = (composer.compose((Signal(THIGH, 25.0),), (side,)) for side in SIDES)
    if left is None or right is None or min(np.ptp(left.level), np.ptp(right.level)) < MIN_AMPLITUDE:
        return False
    return bool(np.corrcoef(left.level, right.level)[0, 1] < STRIDE)


def _as_exercise(signal: Signal) -> Exercise:
    """A movement without a name, told by one channel."""
    return Exercise(NAMELESS.id, signal.channel, (signal,), eccentric_first=signal.channel != WRIST)
