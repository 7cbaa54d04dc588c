"""What is measured in one phase of a repetition: how long, how far, how fast, how smoothly, and in which manner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from motus_kinematics.core.channels import Absence
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.events import Phase, PhaseSpan
from motus_kinematics.core.manner import explosive
from motus_kinematics.core.measured import Measured, absent, graded
from motus_kinematics.core.speeds import LENGTH_ERROR, MOVING, Paces, growing, in_motion

DURATION: Final = "duration_s"
RANGE: Final = "range_deg"


def measured(spans: Iterable[PhaseSpan], cycle: Cycle, rows: CycleRows, paces: Paces) -> tuple[PhaseSpan, ...]:
    """The phases of a cycle with their measures.

    Args:
        spans: Its phases in order of time.
        cycle: When it was; while it is still on its way back, its last phase is not over.
        rows: What was seen during it.
        paces: What was measured in the phases of a lift, which it has once each; others are measured here.
    """
    known = {} if rows.ballistic else paces
    return tuple(replace(span, measures=_measures(span, cycle, rows, known)) for span in spans)


def _measures(span: PhaseSpan, cycle: Cycle, rows: CycleRows, known: Paces) -> tuple[Measured, ...]:
    """All measures of one phase."""
    when = span.start_s, span.end_s
    figures = (
        graded(DURATION, when[1] - when[0], growing(LENGTH_ERROR, when[1] - when[0])),
        *(known.get(span.phase.value) or in_motion(rows, when)),
    )
    figures += tuple(_way(m, when) for m in figures if m.name == MOVING[0])
    if span.phase is Phase.CONCENTRIC:
        figures = (*figures, explosive(when))
    if cycle.complete or cycle.one_way or span.end_s < cycle.end_s:
        return figures
    return tuple(absent(m.name, Absence.TOO_FEW_FRAMES) for m in figures)


def _way(mean: Measured, when: tuple[float, float]) -> Measured:
    """How far the primary angle moved in a phase, by its mean speed."""
    if mean.absence is not Absence.PRESENT:
        return replace(mean, name=RANGE)
    lasts_s = when[1] - when[0]
    return graded(RANGE, mean.value * lasts_s, mean.standard_error * lasts_s)
