"""All published channels of one moment, with the trust in each or the reason why it is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import (
    DEGREES_PER_UNIT,
    DIFFERENTIATED,
    GRADE_BOUNDS_DEG,
    POSITIONS,
    PUBLISHED,
    RATE_GRADE_BOUNDS_DEG_S,
    Absence,
    Codes,
    Grade,
)

_POSITIONS: Final = np.array([POSITIONS.index(name) for name in PUBLISHED if name in POSITIONS], dtype=np.intp)
_SOURCES: Final = np.append(_POSITIONS, [POSITIONS.index(name) for name in DIFFERENTIATED])
"""The position behind each published column: itself, or the angle of a velocity."""
_CAPPED: Final = {"trunk_shape_ratio": Grade.LOW}
"""Measures that are no more than a hint, however well the points are seen."""
_BEST_GRADES: Final = np.array([_CAPPED.get(name, Grade.HIGH) for name in PUBLISHED])


@dataclass(frozen=True)
class Sample:
    """The published channels at one moment.

    Attributes:
        t_s: Capture time on the source's clock.
        values: (C,) in the order of PUBLISHED; 0 where absent.
        absences: (C,) Absence codes, 0 where there is a value.
        grades: (C,) Grade codes.
        sigmas: (C,) expected errors in the channel's unit; NaN where there is no value.
    """

    t_s: float
    values: Floats
    absences: Codes
    grades: Codes
    sigmas: Floats


def sample(
    t_s: float, positions: Floats, sigmas: Floats, rates: Floats, rate_sigmas: Floats, absences: Codes
) -> Sample:
    """Puts positions and rates together.

    Args:
        t_s: The moment.
        positions: (P,) NaN where unknown.
        sigmas: (P,) expected errors, NaN where the engine lacks a point.
        rates: (D,) velocities, NaN where unknown.
        rate_sigmas: (D,) their expected errors.
        absences: (P,) why a position is not there, or is not to be published.
    """
    values = np.concatenate((positions[_POSITIONS], rates))
    errors = (sigmas * DEGREES_PER_UNIT)[_SOURCES]
    known = np.isfinite(values) & (errors < GRADE_BOUNDS_DEG[-1])
    grades = np.maximum(1 + _classes(errors[: len(_POSITIONS)], rate_sigmas), _BEST_GRADES)
    grades = np.where(known, grades, Grade.ABSENT)
    reasons = absences[_SOURCES]
    reasons = np.where(known, Absence.PRESENT, np.where(reasons > 0, reasons, Absence.TOO_FEW_FRAMES))
    own = np.where(known, np.concatenate((sigmas[_POSITIONS], rate_sigmas)), np.nan)
    return Sample(t_s, np.where(known, values, 0.0), reasons.astype(np.uint8), grades.astype(np.uint8), own)


def _classes(errors_deg: Floats, rate_sigmas: Floats) -> NDArray[np.int_]:
    """Number of grade bounds that each expected error has passed."""
    bounds = ((errors_deg, GRADE_BOUNDS_DEG), (rate_sigmas, RATE_GRADE_BOUNDS_DEG_S))
    return np.concatenate([np.searchsorted(limits, np.nan_to_num(errors), side="right") for errors, limits in bounds])
