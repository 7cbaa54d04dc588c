"""Retrospective counting: all cycles of the current set anew from its whole past (biomech 4.2).

A cycle goes from rest to the turn and back. Recounting the set at each look costs little and never locks onto noise,
as a running detector does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from motus_kinematics.core.attempts import Attempt, attempts_in
from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.composite import Composer, Composite
from motus_kinematics.core.cycle import Cycle, merge
from motus_kinematics.core.exercises import Exercise, Rest
from motus_kinematics.core.history import Table
from motus_kinematics.core.look import DURATION_S, MIN_AMPLITUDE, REST_BAND, Known, Look
from motus_kinematics.core.turning import Pivot, coarser, turning_points
from motus_kinematics.core.vectors import TINY

HYSTERESIS: Final = 0.45
"""Of the set's amplitude: smaller swings are no turning points."""
SPEED_ROWS: Final = 4
NOISE_SIGMAS, DEAD_SHARE = 3.0, 0.08
"""A movement is faster than so many standard errors of the speed, and than this share of the set's peak speed."""
NOISE_ROWS: Final = 60
ROUGHNESS_TO_SIGMA: Final = 1.4826 / 6.0**0.5
"""Standard deviation of white noise over the median size of its second differences."""
MIN_JERK_PEAK: Final = 1.875
"""Peak over mean speed of a minimum-jerk movement (Flash and Hogan 1985)."""
USUAL_OUT_S: Final = 1.0
GRIP_S: Final = 1.5
"""A bottom held for longer is a grip on the weight, not a turn."""


@dataclass(frozen=True)
class Count:
    """What a look back found.

    Attributes:
        exercise: What was counted, and by which signals.
        cycles: Counted cycles by time.
        by_look: The cycles of each side for itself, which the next count takes over.
        attempts: What was attempted and does not count, by time.
        amplitude: The set's usual amplitude in smallest repetitions; 0 when nothing moved.
        busy: The newest rows are away from rest, in a cycle that is not over.
        height: Newest height of the signal between rest (0) and turn (1).
        speed: Newest rate of that height per second, positive towards the turn.
        dead_speed: Slower is no movement: noise, or next to nothing in this set (biomech 5).
        upside_down: Rest is where the exercise's signal is high.
        signals: What start, turn and end of the cycles were read from, by side; under the empty name that of both.
    """

    exercise: Exercise
    cycles: tuple[Cycle, ...] = ()
    by_look: tuple[Cycle, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    amplitude: float = 0.0
    busy: bool = False
    height: float = 0.0
    speed: float = 0.0
    dead_speed: float = 0.0
    upside_down: bool = False
    signals: Mapping[str, Composite] = field(default_factory=dict)


def count(table: Table, exercise: Exercise, *, ended: bool, before: tuple[Cycle, ...] = ()) -> Count:
    """Counts the cycles in a history.

    Args:
        table: The settled past since the last set.
        exercise: What is counted.
        ended: No more rows will come: the last cycle is judged as it stands.
        before: Cycles of each side in the last count of the same set; those between the same turning points are taken
            over.
    """
    looks = _looks(table, exercise, ended, {(c.side, c.upside_down, c.pivots_s): c for c in before if c.final})
    amplitude = max((look.amplitude for look in looks), default=0.0)
    if amplitude < MIN_AMPLITUDE:
        return Count(exercise)
    way = before[-1].upside_down if before else None
    chosen = [_best_way_up(scaled(look, amplitude), way) for look in looks]
    by_side = [look.cycles() for look in chosen]
    cycles = by_side[0] if len(chosen) == 1 else merge(*by_side)
    return replace(
        max((newest(look, cycles) for look in chosen), key=lambda found: found.height),
        cycles=cycles,
        by_look=tuple(cycle for own in by_side for cycle in own),
        attempts=tuple(sorted((a for look in chosen for a in attempts_in(look, cycles)), key=lambda a: a.cycle.turn_s)),
        signals={look.side: look.shape for look in chosen} | {"": max(chosen, key=_height).shape},
    )


def _looks(table: Table, exercise: Exercise, ended: bool, known: Known) -> list[Look]:
    """A look at each side, or one at both; nothing for what is not seen."""
    composer, looks = Composer(table), list[Look]()
    for sides in ((side,) for side in SIDES) if exercise.alternating else (SIDES,):
        composite = composer.compose(exercise.signals, sides)
        if composite is None:
            continue
        look = look_at(table, exercise, composite, ended=ended, known=known)
        edges = composer.compose(exercise.edges, sides) or composite
        looks.append(replace(look, edges=edges.level, side=sides[0] if exercise.alternating else ""))
    return looks


def look_at(table: Table, exercise: Exercise, composite: Composite, *, ended: bool, known: Known) -> Look:
    """A look at a signal of both sides, with the usual amplitude of its swings."""
    fine = turning_points(composite.level, MIN_AMPLITUDE / 2.0)
    amplitude = _usual_amplitude(composite.level, fine)
    return Look(table, exercise, composite, composite.level, "", ended, known, amplitude, fine)


def scaled(look: Look, amplitude: float) -> Look:
    """The look with the turning points that matter in a set of that amplitude."""
    pivots = coarser(look.composite.level, look.fine, max(HYSTERESIS * amplitude, MIN_AMPLITUDE / 2.0))
    return replace(look, amplitude=amplitude, pivots=pivots)


def _best_way_up(look: Look, upside_down: bool | None) -> Look:
    """The look with rest where the exercise has it.

    Args:
        look: The look.
        upside_down: Which end was rest in the last count of the set, if there was one. It stays so when the beginning
            of the set is forgotten, or when the other end tells no more cycles.
    """
    known = upside_down is not None
    if look.exercise.rest is Rest.EITHER and not (known and look.table.cut):
        likelier = upside_down if known else bool(look.pivots) and look.pivots[0].high
        ways = (look.turned_over(), look) if likelier else (look, look.turned_over())
        return max(ways, key=lambda way: len(way.cycles()))
    if known and look.table.cut:
        return look.turned_over() if upside_down else look
    return look.turned_over() if look.exercise.rest is Rest.FLOOR and _begins_upright(look) else look


def _begins_upright(look: Look) -> bool:
    """Whether a floor exercise starts at the top and goes through its first bottom without gripping a weight there."""
    pivots = coarser(look.composite.level, look.fine, MIN_AMPLITUDE)
    if not pivots or not pivots[0].high or len(pivots) < 3:
        return False
    level, t_s = look.composite.level, look.composite.t_s
    low, back = pivots[1].row, pivots[2].row
    bottom = level[low] + REST_BAND * (level[back] - level[low])
    dwell = t_s[pivots[0].row : back][level[pivots[0].row : back] < bottom]
    return bool(dwell[-1] - dwell[0] < GRIP_S)


def newest(look: Look, cycles: tuple[Cycle, ...]) -> Count:
    """Where the newest row is between rest and turn, and which way it goes; `cycles` are the set's."""
    level, t_s = look.composite.level, look.composite.t_s
    before = max(0, len(level) - 1 - SPEED_ROWS)
    span_s = max(float(t_s[-1] - t_s[before]), TINY)
    noise = float(np.median(np.abs(np.diff(level[-NOISE_ROWS:], 2)))) * ROUGHNESS_TO_SIGMA if len(level) > 2 else 0.0
    usual_s = float(np.median([c.turn_s - c.start_s for c in cycles])) if cycles else USUAL_OUT_S
    dead = max(NOISE_SIGMAS * np.sqrt(2.0) * noise / look.amplitude / span_s, DEAD_SHARE * MIN_JERK_PEAK / usual_s)
    waiting = bool(look.pivots) and t_s[-1] - t_s[look.pivots[-1].row] < DURATION_S[1]
    height = _height(look)
    busy = bool(waiting and (look.pivots[-1].high or height > REST_BAND))
    return Count(
        look.exercise,
        amplitude=look.amplitude,
        busy=busy,
        height=height,
        speed=float(level[-1] - level[before]) / look.amplitude / span_s,
        dead_speed=float(dead),
        upside_down=look.upside_down,
    )


def _height(look: Look) -> float:
    """Height of the newest row between rest (0) and turn (1)."""
    level = look.composite.level
    lows = [pivot for pivot in look.pivots if not pivot.high]
    rest = float(level[lows[-1].row]) if lows else float(level.min())
    return (float(level[-1]) - rest) / look.amplitude


def _usual_amplitude(level: Floats, pivots: tuple[Pivot, ...]) -> float:
    """Median swing of a signal, weighted by the square of the swings' sizes; 0 when nothing moved."""
    swings = np.sort(np.abs(np.diff(level[[pivot.row for pivot in pivots]])))
    swings = swings[swings >= MIN_AMPLITUDE]
    if not len(swings):
        return 0.0
    weights = np.cumsum(swings**2)
    return float(swings[np.searchsorted(weights, weights[-1] / 2.0)])
