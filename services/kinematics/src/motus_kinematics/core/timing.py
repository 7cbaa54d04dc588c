"""When the parts of a cycle began and ended, and the measures of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import median_filter

from motus_kinematics.core.body import Floats
from motus_kinematics.core.boundaries import leaves_turn, reaches_turn, turns
from motus_kinematics.core.channels import Absence, Grade
from motus_kinematics.core.composite import GLITCH_ROWS, Composite
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.exercises import Exercise
from motus_kinematics.core.measured import Measured, plain
from motus_kinematics.core.vectors import TINY

MIN_HOLD_S: Final = 0.2
"""A movement that turns at once dwells near its extreme for almost as long."""
FINE_INTERVAL_S: Final = 0.05
"""Frames at least this close give a trustworthy timing."""


@dataclass(frozen=True)
class Timing:
    """When the way out of a cycle ended and the way back began; both the turn when nothing was held.

    Attributes:
        start_s, out_end_s, back_start_s, end_s: The moments in order.
        eccentric_out: The way out is the lengthening phase.
        one_way: There was no way back.
    """

    start_s: float
    out_end_s: float
    back_start_s: float
    end_s: float
    eccentric_out: bool
    one_way: bool

    def spans(self) -> dict[str, tuple[float, float]]:
        """Start and end of the eccentric and of the concentric phase; what never was has no length."""
        out, back = (self.start_s, self.out_end_s), (self.back_start_s, self.end_s)
        first, second = (out, back) if self.eccentric_out else (back, out)
        return {"eccentric": first, "concentric": second}


def timing(composite: Composite, cycle: Cycle, exercise: Exercise, rows: CycleRows) -> Timing:
    """Splits a cycle into the way out, the hold at the turn and the way back."""
    eccentric_out = exercise.eccentric_first != cycle.upside_down
    out_end_s, back_start_s = (cycle.turn_s, cycle.end_s) if cycle.one_way else _hold(*_way(composite, rows), cycle)
    return Timing(cycle.start_s, out_end_s, back_start_s, cycle.end_s, eccentric_out, cycle.one_way)


def _way(composite: Composite, rows: CycleRows) -> tuple[Floats, Floats]:
    """Times and how far a movement has gone: what it is counted by and the course of the whole body, half each.

    The one may fold where a joint passes its zero, the other moves with joints that do something else.
    """
    level = np.interp(rows.t_s, composite.t_s, composite.level)
    if rows.course is None:
        return rows.t_s, level
    known = np.isfinite(rows.course)
    course = np.interp(rows.t_s, rows.t_s[known], rows.course[known])
    along = float((course - course.mean()) @ (level - level.mean()))
    way = level / max(float(np.ptp(level)), TINY) + np.sign(along) * course
    return rows.t_s, median_filter(way, GLITCH_ROWS, mode="nearest")


def _hold(t_s: Floats, way: Floats, cycle: Cycle) -> tuple[float, float]:
    """Start and end of the hold at the turn; both the turn when nothing was held."""
    turn = int(way.argmax()) if len(way) else 0
    if not 0 < turn < len(way) - 1:
        return cycle.turn_s, cycle.turn_s
    out_end_s = reaches_turn(t_s[: turn + 1], -way[: turn + 1], 0, turn)
    back_start_s = leaves_turn(t_s[turn:], -way[turn:], 0, len(way) - 1 - turn)
    if back_start_s - out_end_s < MIN_HOLD_S:
        turn_s = turns(t_s, way, turn, float(np.ptp(way)))
        return turn_s, turn_s
    return out_end_s, back_start_s


def durations(rows: CycleRows, parts: Timing, rest_before_s: float) -> tuple[Measured, ...]:
    """Duration, tempo and the rest before."""
    interval_s = float(np.median(np.diff(rows.t_s))) if len(rows.t_s) > 1 else np.inf
    grade = Grade.HIGH if interval_s <= FINE_INTERVAL_S else Grade.MEDIUM
    out_s = parts.out_end_s - parts.start_s
    back_s = np.nan if parts.one_way else parts.end_s - parts.back_start_s
    eccentric_s, concentric_s = (out_s, back_s) if parts.eccentric_out else (back_s, out_s)
    figures = {
        "rep_duration_s": parts.end_s - parts.start_s,
        "eccentric_s": eccentric_s,
        "turn_hold_s": np.nan if parts.one_way else parts.back_start_s - parts.out_end_s,
        "concentric_s": concentric_s,
        "rest_before_s": rest_before_s,
    }
    return tuple(plain(name, value, Absence.NOT_APPLICABLE, grade) for name, value in figures.items())
