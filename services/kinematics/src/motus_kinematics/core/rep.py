"""Describes a repetition or an attempt at one: measures, phases, curve, thresholds and why it counted or did not."""

from __future__ import annotations

import numpy as np

from motus_kinematics.core.counting import HYSTERESIS, Count
from motus_kinematics.core.curve import curve, likeness
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.events import RepEvent
from motus_kinematics.core.exercises import Exercise
from motus_kinematics.core.history import Table
from motus_kinematics.core.ledger import Record
from motus_kinematics.core.look import AMPLITUDE_BAND, FULL_RETURN, MIN_AMPLITUDE
from motus_kinematics.core.measuring import measure_cycle
from motus_kinematics.core.phase_measures import measured
from motus_kinematics.core.phases import phases_of
from motus_kinematics.core.ranges import COMPANY
from motus_kinematics.core.speeds import paces_of
from motus_kinematics.core.timing import timing


def describe(record: Record, past: Table, found: Count, exercise: Exercise, previous_end_s: float | None) -> RepEvent:
    """Measures one repetition of a recount, or one attempt."""
    cycle = record.cycle
    signal = found.signals[cycle.side]
    others = tuple(c for c in found.cycles if c is not cycle and c.complete and not c.one_way)
    rest_s = np.nan if previous_end_s is None else max(0.0, cycle.start_s - previous_end_s)
    angle = curve(past, cycle, exercise)
    rows, *before = (CycleRows(past, one, exercise) for one in (cycle, *_company(cycle, others)))
    parts = timing(signal, cycle, exercise, rows)
    paces = paces_of(rows, parts)
    return RepEvent(
        record=record,
        measures=measure_cycle(rows, tuple(before), cycle, parts, paces, rest_s, likeness(signal, cycle, others)),
        phases=measured(phases_of(signal, cycle, parts, exercise), cycle, rows, paces),
        curve=angle if angle.values else None,
        thresholds=_thresholds(cycle, found, np.ptp(angle.values) if angle.values else np.nan),
        reason=record.reason or _reason(cycle, found),
    )


def _company(cycle: Cycle, others: tuple[Cycle, ...]) -> tuple[Cycle, ...]:
    """The last complete repetitions before one that the same side did."""
    return tuple(one for one in others if one.side == cycle.side and one.turn_s < cycle.turn_s)[-COMPANY:]


def _thresholds(cycle: Cycle, found: Count, range_deg: float) -> dict[str, float]:
    """What the repetition was held against, in degrees of its own range; empty when that is not known."""
    if not np.isfinite(range_deg) or cycle.amplitude <= 0.0:
        return {}
    unit = float(range_deg) / cycle.amplitude
    return {
        "smallest_range": max(MIN_AMPLITUDE, AMPLITUDE_BAND[0] * found.amplitude) * unit,
        "largest_range": AMPLITUDE_BAND[1] * found.amplitude * unit,
        "usual_range": found.amplitude * unit,
        "turn_hysteresis": HYSTERESIS * found.amplitude * unit,
        "full_return": FULL_RETURN * cycle.amplitude * unit,
    }


def _reason(cycle: Cycle, found: Count) -> str:
    """Why it counted."""
    size = f"{cycle.amplitude:.1f} times the smallest repetition (usual in this set: {found.amplitude:.1f})"
    if cycle.one_way:
        return f"The way out was {size} and was held; it was not taken back."
    return f"The way out was {size}, and {min(cycle.returned, 1.0):.0%} of it was taken back."
