"""What is measured in one repetition: every measure of the register, with its error or the reason of its absence."""

from __future__ import annotations

from motus_kinematics.core.channels import Absence
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.exercises import Exercise
from motus_kinematics.core.history import Table
from motus_kinematics.core.measured import Measured, absent, plain
from motus_kinematics.core.ranges import reach
from motus_kinematics.core.speeds import speeds
from motus_kinematics.core.timing import Timing, durations


def measure_cycle(
    table: Table, cycle: Cycle, parts: Timing, exercise: Exercise, rest_before_s: float, likeness: float
) -> tuple[Measured, ...]:
    """All measures of the register for one cycle.

    Args:
        table: The past that the cycle lies in.
        cycle: The cycle.
        parts: How it divides into phases.
        exercise: What was done.
        rest_before_s: Time since the end of the cycle before, NaN for the first of a set.
        likeness: Correlation with the set's other cycles, NaN when there is none.
    """
    rows = CycleRows(table, cycle, exercise)
    measures = (
        *durations(rows, parts, rest_before_s),
        *reach(rows),
        *speeds(rows, parts),
        plain("similarity_ratio", likeness, Absence.NOT_APPLICABLE),
    )
    if cycle.complete or cycle.one_way:
        return measures
    back = "concentric" if parts.eccentric_out else "eccentric"
    return tuple(_unless_open(measure, back) for measure in measures)


def _unless_open(measure: Measured, back: str) -> Measured:
    """Leaves out what cannot be known while a cycle is still on its way back."""
    if measure.name in ("rep_duration_s", "similarity_ratio") or measure.name.startswith(back):
        return absent(measure.name, Absence.TOO_FEW_FRAMES)
    return measure
