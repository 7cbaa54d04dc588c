"""What is measured of a set as a whole, once it is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import median_abs_deviation

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import Absence
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.measured import Measured, plain

FEWEST: Final = 3
"""Repetitions without which nothing can be said of how much they differ."""


def of_set(cycles: Sequence[Cycle], before_s: float) -> tuple[Measured, ...]:
    """All measures of a set.

    Args:
        cycles: Its repetitions, at least one.
        before_s: When the last repetition of the set before ended, NaN for the first set.
    """
    durations_s = np.array([cycle.end_s - cycle.start_s for cycle in cycles])
    start_s, end_s = min(cycle.start_s for cycle in cycles), max(cycle.end_s for cycle in cycles)
    figures = {
        "set_duration_s": end_s - start_s,
        "set_rest_before_s": start_s - before_s,
        "rep_duration_median_s": float(np.median(durations_s)),
        "rep_duration_spread_percent": _spread_percent(durations_s),
    }
    return tuple(plain(name, value, Absence.NOT_APPLICABLE) for name, value in figures.items())


def _spread_percent(durations_s: Floats) -> float:
    """Robust coefficient of variation: the scaled median absolute deviation over the median."""
    if len(durations_s) < FEWEST:
        return np.nan
    return float(100.0 * median_abs_deviation(durations_s, scale="normal") / np.median(durations_s))
