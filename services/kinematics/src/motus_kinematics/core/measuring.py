"""What is measured in one repetition: every measure of the register, with its error or the reason of its absence."""

from __future__ import annotations

from typing import Final

from motus_kinematics.core.channels import Absence
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.manner import manner
from motus_kinematics.core.measured import Measured, absent, plain
from motus_kinematics.core.ranges import reach
from motus_kinematics.core.speeds import Paces, speeds, sticking
from motus_kinematics.core.timing import Timing, durations

_OF_THE_WHOLE: Final = frozenset(
    ("rep_duration_s", "similarity_ratio", "sticking_ratio", "explosive_ratio", "tremor_percent", "shaky_ratio")
)


def measure_cycle(
    rows: CycleRows,
    before: tuple[CycleRows, ...],
    cycle: Cycle,
    parts: Timing,
    paces: Paces,
    rest_before_s: float,
    likeness: float,
) -> tuple[Measured, ...]:
    """All measures of the register for one cycle.

    Args:
        rows: What was seen during the cycle.
        before: What was seen during the cycles before it in its set.
        cycle: The cycle.
        parts: How it divides into phases.
        paces: What was measured in each of them.
        rest_before_s: Time since the end of the cycle before, NaN for the first of a set.
        likeness: Correlation with the set's other cycles, NaN when there is none.
    """
    measures = (
        *durations(rows, parts, rest_before_s),
        *reach(rows, before),
        *speeds(paces),
        sticking(rows, parts),
        *manner(rows, parts),
        plain("similarity_ratio", likeness, Absence.NOT_APPLICABLE),
    )
    if cycle.complete or cycle.one_way:
        return measures
    back = "concentric" if parts.eccentric_out else "eccentric"
    return tuple(_unless_open(measure, back) for measure in measures)


def _unless_open(measure: Measured, back: str) -> Measured:
    """Leaves out what cannot be known while a cycle is still on its way back."""
    if measure.name in _OF_THE_WHOLE or measure.name.startswith(back):
        return absent(measure.name, Absence.TOO_FEW_FRAMES)
    return measure
