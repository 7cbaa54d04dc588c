"""All published channels of one moment, with the trust in each or the reason why it is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.body import Flags, Floats
from motus_kinematics.core.channels import (
    DIFFERENTIATED,
    GRADE_BOUNDS_DEG,
    POSITIONS,
    PUBLISHED,
    RATE_GRADE_BOUNDS_DEG_S,
    Absence,
    Grade,
)

Codes = NDArray[np.uint8]

_POSITIONS: Final = np.array([POSITIONS.index(name) for name in PUBLISHED if name in POSITIONS], dtype=np.intp)
_ANGLE_OF_RATE: Final = np.array([POSITIONS.index(name) for name in DIFFERENTIATED], dtype=np.intp)
_DEGREES_PER_UNIT: Final = np.array([1.0 if n.endswith("_deg") else np.degrees(1.0) for n in POSITIONS])


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
    t_s: float, positions: Floats, sigmas: Floats, rates: Floats, rate_sigmas: Floats, absence: Absence
) -> Sample:
    """Puts positions and rates together.

    Args:
        t_s: The moment.
        positions: (P,) NaN where unknown.
        sigmas: (P,) expected errors, NaN where the engine lacks a point.
        rates: (D,) velocities, NaN where unknown.
        rate_sigmas: (D,) their expected errors.
        absence: Why the frame shows nothing; PRESENT when it shows the participant.
    """
    values = np.concatenate((positions[_POSITIONS], rates))
    errors = np.concatenate(((sigmas * _DEGREES_PER_UNIT)[_POSITIONS], sigmas[_ANGLE_OF_RATE]))
    known = np.isfinite(values) & (errors < GRADE_BOUNDS_DEG[-1])
    grades = np.where(known, 1 + _classes(errors[: len(_POSITIONS)], rate_sigmas), Grade.ABSENT)
    absences = np.where(known, Absence.PRESENT, _reasons(values, errors, known, absence))
    own = np.where(known, np.concatenate((sigmas[_POSITIONS], rate_sigmas)), np.nan)
    return Sample(t_s, np.where(known, values, 0.0), absences.astype(np.uint8), grades.astype(np.uint8), own)


def _classes(errors_deg: Floats, rate_sigmas: Floats) -> NDArray[np.int_]:
    """Number of grade bounds that each expected error has passed."""
    bounds = ((errors_deg, GRADE_BOUNDS_DEG), (rate_sigmas, RATE_GRADE_BOUNDS_DEG_S))
    return np.concatenate([np.searchsorted(limits, np.nan_to_num(errors), side="right") for errors, limits in bounds])


def _reasons(values: Floats, errors: Floats, known: Flags, absence: Absence) -> NDArray[np.int_]:
    """Why each value that is not known is not."""
    if absence is not Absence.PRESENT:
        return np.full(len(values), int(absence))
    lacking = np.where(np.isnan(errors), Absence.NOT_PROVIDED, Absence.TOO_FEW_FRAMES)
    return np.where(errors >= GRADE_BOUNDS_DEG[-1], Absence.OCCLUDED, lacking)
