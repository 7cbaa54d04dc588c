"""The phases of a repetition, and the phase that goes on now (biomech 5).

A lift goes out and comes back. A stroke winds up, strikes and follows through. A jump bends, drives, flies and lands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from motus_kinematics.core.composite import Composite
from motus_kinematics.core.counting import Count
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import MIN_ROWS
from motus_kinematics.core.events import Phase, PhaseSpan
from motus_kinematics.core.exercises import Exercise
from motus_kinematics.core.timing import Timing
from motus_kinematics.core.turning import turning_points

LEFT_REST: Final = 0.1
"""Of the way out: what moves below may be a sway."""
HELD_HEIGHT: Final = 0.5
"""Of the way out: what stands still above is a hold at the turn."""
TOE_OFF_M: Final = 0.1
"""How far the hips rise above their stand until the toes leave the ground."""
GRAVITY_M_S2: Final = 9.81
PAUSE: Final = 0.15
"""Of the highest speed: a dip of the speed by more parts two movements in the same direction."""


def phases_of(signal: Composite, cycle: Cycle, parts: Timing, exercise: Exercise) -> tuple[PhaseSpan, ...]:
    """The phases of a repetition in order of time, those that lasted, still without measures.

    Args:
        signal: What it was counted by.
        cycle: Its times.
        parts: Its way out, hold and way back.
        exercise: What was done.
    """
    if cycle.is_stroke:
        spans = _stroke(cycle)
    elif exercise.wind_up:
        spans = _jump(signal, cycle, exercise)
    elif exercise.strikes:
        spans = _strike(signal, cycle)
    else:
        spans = _lift(parts)
    return tuple(PhaseSpan(*span) for span in spans if span[2] > span[1])


def live_phase(found: Count) -> Phase:
    """The phase that goes on: the direction of the signal, as far as it is more than its noise, and its height."""
    if found.amplitude == 0.0:
        return Phase.REST if found.exercise.signals else Phase.UNKNOWN
    eccentric_out = found.exercise.eccentric_first != found.upside_down
    if abs(found.speed) > found.dead_speed and found.height > LEFT_REST:
        return Phase.ECCENTRIC if (found.speed > 0.0) == eccentric_out else Phase.CONCENTRIC
    return Phase.TURN_HOLD if found.height > HELD_HEIGHT else Phase.REST


Spans = Iterator[tuple[Phase, float, float]]


def _lift(parts: Timing) -> Spans:
    """Way out, hold, way back."""
    first, second = Phase.ECCENTRIC, Phase.CONCENTRIC
    if not parts.eccentric_out:
        first, second = second, first
    yield first, parts.start_s, parts.out_end_s
    yield Phase.TURN_HOLD, parts.out_end_s, parts.back_start_s
    yield second, parts.back_start_s, parts.end_s


def _stroke(cycle: Cycle) -> Spans:
    """Wind-up, strike, follow-through and the way back to rest."""
    _, top_s, _, end_s, _ = cycle.pivots_s
    yield Phase.SWING, cycle.start_s, top_s
    yield Phase.CONCENTRIC, top_s, cycle.turn_s
    yield Phase.FOLLOW_THROUGH, cycle.turn_s, end_s
    yield Phase.TRANSITION, end_s, cycle.end_s


def _strike(signal: Composite, cycle: Cycle) -> Spans:
    """Wind-up, strike, follow-through and the way back to rest, where the hand all but stops between them."""
    top_s = _slowest(signal, cycle.start_s, cycle.turn_s)
    through_s = _slowest(signal, cycle.turn_s, cycle.end_s)
    yield Phase.SWING, cycle.start_s, cycle.turn_s if top_s is None else top_s
    if top_s is not None:
        yield Phase.CONCENTRIC, top_s, cycle.turn_s
    yield Phase.FOLLOW_THROUGH, cycle.turn_s, cycle.end_s if through_s is None else through_s
    if through_s is not None:
        yield Phase.TRANSITION, through_s, cycle.end_s


def _slowest(signal: Composite, start_s: float, end_s: float) -> float | None:
    """When a movement in one direction all but stops on its way; None when it does not."""
    first, last = (int(signal.t_s.searchsorted(at_s)) for at_s in (start_s, end_s))
    t_s, level = signal.t_s[first : last + 1], signal.level[first : last + 1]
    if len(t_s) < MIN_ROWS:
        return None
    speed = np.abs(np.gradient(level, t_s))
    pauses = [pivot.row for pivot in turning_points(speed, PAUSE * float(speed.max()))[1:-1] if not pivot.high]
    return float(t_s[min(pauses, key=lambda row: speed[row])]) if pauses else None


def _jump(signal: Composite, cycle: Cycle, exercise: Exercise) -> Spans:
    """Countermovement, drive, flight, landing; the flight by the height that the hips are thrown to."""
    t_s, height_m = signal.t_s, signal.level * abs(exercise.signals[0].span)
    start, turn, end = (int(t_s.searchsorted(at)) for at in (cycle.start_s, cycle.turn_s, min(cycle.end_s, t_s[-1])))
    thrown_m = max(float(height_m[turn] - height_m[start]) - TOE_OFF_M, 0.0)
    half_s = float(np.sqrt(2.0 * thrown_m / GRAVITY_M_S2))
    takeoff_s, landing_s = max(cycle.turn_s - half_s, cycle.start_s), min(cycle.turn_s + half_s, cycle.end_s)
    lowest_s = float(t_s[start + int(height_m[start : turn + 1].argmin())])
    absorbed_s = float(t_s[turn + int(height_m[turn : end + 1].argmin())])
    yield Phase.ECCENTRIC, cycle.start_s, min(lowest_s, takeoff_s)
    yield Phase.CONCENTRIC, lowest_s, takeoff_s
    yield Phase.FLIGHT, takeoff_s, landing_s
    yield Phase.ECCENTRIC, landing_s, absorbed_s
    yield Phase.CONCENTRIC, max(absorbed_s, landing_s), cycle.end_s
