"""One figure of a repetition or a phase: its value with error and grade, or the reason why it is absent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motus_kinematics.core.channels import Absence, Grade, grade_of


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
    """A figure with its standard error; ratios are graded as their equivalent in degrees of a leg's swing."""
    degrees = sigma if name.endswith(("_deg", "_deg_s")) else float(np.degrees(sigma))
    return Measured(name, value, sigma, grade_of(degrees))
