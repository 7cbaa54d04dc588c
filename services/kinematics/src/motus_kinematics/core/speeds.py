"""How fast a repetition went, phase by phase."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motus_kinematics.core.channels import DIFFERENTIATED, Absence, grade_of
from motus_kinematics.core.cycle_rows import MIN_ROWS, CycleRows
from motus_kinematics.core.measured import Measured, absent
from motus_kinematics.core.ranges import EXTREME
from motus_kinematics.core.timing import Timing


def speeds(rows: CycleRows, parts: Timing) -> tuple[Measured, ...]:
    """Mean and peak speed of the primary angle, eccentric and concentric."""
    return tuple(measured for phase, span in parts.spans().items() for measured in _speed(rows, phase, span))


def _speed(rows: CycleRows, phase: str, span: tuple[float, float]) -> tuple[Measured, ...]:
    """Mean and peak speed of the primary angle in one phase."""
    channel = rows.primary
    names = (f"{phase}_mean_velocity_deg_s", f"{phase}_peak_velocity_deg_s")
    if missing := rows.missing(names[0], channel):
        return tuple(replace(missing, name=name) for name in names)
    within = (rows.t_s >= span[0]) & (rows.t_s <= span[1])
    pace = np.abs(rows.rates(channel)[within])
    pace = pace[np.isfinite(pace)]
    if len(pace) < MIN_ROWS - 1:
        reason = Absence.NOT_APPLICABLE if channel not in DIFFERENTIATED or not within.any() else Absence.TOO_FEW_FRAMES
        return tuple(absent(name, reason) for name in names)
    grade = grade_of(rows.sigma(channel))
    figures = (float(pace.mean()), float(np.quantile(pace, EXTREME)))
    return tuple(Measured(name, figure, grade=grade) for name, figure in zip(names, figures, strict=True))
