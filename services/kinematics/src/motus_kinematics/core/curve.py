"""The shape of a repetition: its primary angle over time, and how like the others of its set it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.composite import Composite
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.exercises import Exercise
from motus_kinematics.core.history import Table

CURVE_POINTS: Final = 32


@dataclass(frozen=True)
class Curve:
    """A repetition's primary angle, evenly resampled from its start to its end."""

    channel: str
    values: tuple[float, ...]


def curve(table: Table, cycle: Cycle, exercise: Exercise) -> Curve:
    """The primary angle of the better seen side over a cycle; unseen rows are bridged, empty when all are."""
    rows = CycleRows(table, cycle, exercise)
    channel = rows.primary
    values = rows.values(channel)
    known = np.isfinite(values)
    if known.sum() < 2:
        return Curve(channel, ())
    moments = np.linspace(cycle.start_s, cycle.end_s, CURVE_POINTS)
    return Curve(channel, tuple(np.interp(moments, rows.t_s[known], values[known]).tolist()))


def likeness(composite: Composite, cycle: Cycle, others: tuple[Cycle, ...]) -> float:
    """Correlation of a cycle's signal with the mean of the others', over 32 points; NaN without others."""
    if not others:
        return np.nan
    shape = _shape(composite, cycle)
    template = np.mean([_shape(composite, other) for other in others], axis=0)
    norm = float(np.linalg.norm(shape) * np.linalg.norm(template))
    return float(shape @ template) / norm if norm > 0.0 else np.nan


def _shape(composite: Composite, cycle: Cycle) -> Floats:
    """A cycle's signal at evenly spaced moments, without its mean."""
    level = np.interp(np.linspace(cycle.start_s, cycle.end_s, CURVE_POINTS), composite.t_s, composite.level)
    centered: Floats = level - level.mean()
    return centered
