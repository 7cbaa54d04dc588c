"""One figure of a repetition or a phase: its value with error and grade, or the reason why it is absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.channels import GRADE_BOUNDS_DEG, RATE_GRADE_BOUNDS_DEG_S, Absence, Grade, grade_of

_BOUNDS: Final = {
    "_deg": GRADE_BOUNDS_DEG,
    "_deg_s": RATE_GRADE_BOUNDS_DEG_S,
    "_deg_s2": 4.0 * RATE_GRADE_BOUNDS_DEG_S,
    "_s": np.array([0.05, 0.1, 0.2]),
}
_RATIO_BOUNDS: Final = np.radians(GRADE_BOUNDS_DEG)
"""Ratios are graded as their equivalent in degrees of a leg's swing."""


@dataclass(frozen=True)
class Measured:
    """One figure, by its name in the register.

    Attributes:
        name: Name in the register of measures.
        value: In the register's unit; NaN when absent.
        standard_error: In the same unit; NaN when only the grade is known.
        grade: Trust in the value.
        absence: Why there is no value; PRESENT when there is one.
    """

    name: str
    value: float
    standard_error: float = np.nan
    grade: Grade = Grade.ABSENT
    absence: Absence = Absence.PRESENT


def absent(name: str, reason: Absence) -> Measured:
    """A figure that is not there."""
    return Measured(name, np.nan, absence=reason)


def plain(name: str, value: float, otherwise: Absence, grade: Grade = Grade.HIGH) -> Measured:
    """A figure without a standard error, or the reason why there is none."""
    return Measured(name, value, grade=grade) if np.isfinite(value) else absent(name, otherwise)


def graded(name: str, value: float, sigma: float) -> Measured:
    """A figure with its standard error, graded by the unit that ends its name."""
    bounds = next((bounds for ending, bounds in _BOUNDS.items() if name.endswith(ending)), _RATIO_BOUNDS)
    return Measured(name, value, float(sigma), grade_of(sigma, bounds))
