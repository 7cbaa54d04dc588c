"""All published channels of one moment, with the trust in each or the reason why it is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

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
_BEST_GRADES: Final = np.array([_CAPPED.get(name, Grade.HIGH) for name in PUBLISHED], dtype=np.uint8)
_LARGEST_ERRORS: Final = (GRADE_BOUNDS_DEG[-1] / DEGREES_PER_UNIT)[_SOURCES]
_GRADE_BOUNDS: Final = np.concatenate(
    (
        (GRADE_BOUNDS_DEG[:, None] / DEGREES_PER_UNIT)[:, _POSITIONS],
        np.repeat(RATE_GRADE_BOUNDS_DEG_S[:, None], len(DIFFERENTIATED), axis=1),
    ),
    axis=1,
)
"""(3, C) expected errors, in each column's unit, from which on the next worse grade holds."""
_TOO_FEW_FRAMES: Final = np.uint8(Absence.TOO_FEW_FRAMES)


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
    own = np.concatenate((sigmas[_POSITIONS], rate_sigmas))
    known = np.isfinite(values) & (sigmas[_SOURCES] < _LARGEST_ERRORS)
    classes = np.maximum(1 + (own >= _GRADE_BOUNDS).sum(axis=0, dtype=np.uint8), _BEST_GRADES)
    reasons = absences[_SOURCES]
    reasons = np.where(reasons > 0, reasons, _TOO_FEW_FRAMES)
    return Sample(t_s, np.where(known, values, 0.0), ~known * reasons, known * classes, np.where(known, own, np.nan))
