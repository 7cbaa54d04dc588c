"""In which manner a repetition was done: explosive or controlled, shaky or stable."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import ndtr

from motus_kinematics.core.channels import Absence, Grade
from motus_kinematics.core.course import COORDINATED
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.measured import Measured, absent
from motus_kinematics.core.smoothness import Tremor, tremor
from motus_kinematics.core.timing import Timing

EXPLOSIVE_S: Final = 0.6
"""A shortening phase below it is explosive (biomech 5)."""
TIMING_ERROR_S: Final = 0.08
"""How well the length of a phase is known at 30 frames a second."""
SHAKY_PERCENT: Final = 0.45
"""Of the way: a tremor of 3 degrees, as far as the local quadratic lets it pass."""
MOST_ERROR_PERCENT: Final = 0.5
UNDECIDED: Final = 0.5
"""Where errors alone shake as much as the one, or a tremor is closer to the limit than so many of its standard errors,
none is told."""
NOISE_SHARE: Final = 2.0
"""Power that errors have in common, over that of independent ones: channels of one limb share landmarks."""
DECIDED: Final = (0.15, 0.35)
"""Standard errors of a yes or no below which it is trusted highly, and at least somewhat."""


def manner(rows: CycleRows, parts: Timing) -> tuple[Measured, ...]:
    """Explosive or controlled, and what shakes."""
    return explosive(parts.spans()["concentric"]), *_shaky(rows, parts)


def explosive(shortening: tuple[float, float]) -> Measured:
    """Probability that a shortening phase, from its start to its end, is shorter than that of an explosive movement."""
    start_s, end_s = shortening
    if end_s <= start_s:
        return absent("explosive_ratio", Absence.NOT_APPLICABLE)
    return _decision("explosive_ratio", (EXPLOSIVE_S - (end_s - start_s)) / TIMING_ERROR_S)


def _shaky(rows: CycleRows, parts: Timing) -> tuple[Measured, ...]:
    """The tremor of both phases together in percent of the way, and whether it is more than a stable athlete's.

    Jumps, throws and swings are as fast as a tremor themselves.
    """
    if rows.ballistic:
        return tuple(absent(name, Absence.NOT_APPLICABLE) for name in ("tremor_percent", "shaky_ratio"))
    found = [one for span in parts.spans().values() if (one := _tremor(rows, span)) is not None]
    if not found:
        return tuple(absent(name, Absence.TOO_FEW_FRAMES) for name in ("tremor_percent", "shaky_ratio"))
    weights = [one.samples for one in found]
    power = float(np.average([one.size**2 for one in found], weights=weights))
    noise = float(np.average([one.noise**2 for one in found], weights=weights))
    size, error = 100.0 * np.sqrt(max(power - NOISE_SHARE * noise, 0.0)), 100.0 * np.sqrt(noise)
    grade = Grade.HIGH if error < SHAKY_PERCENT / 2.0 else Grade.MEDIUM if error < SHAKY_PERCENT else Grade.LOW
    margin = (float(size) - SHAKY_PERCENT) / float(error)
    clear = error < MOST_ERROR_PERCENT and abs(margin) >= UNDECIDED
    told = _decision("shaky_ratio", margin) if clear else absent("shaky_ratio", Absence.VIEW)
    return Measured("tremor_percent", float(size), float(error), grade), told


def _tremor(rows: CycleRows, span: tuple[float, float]) -> Tremor | None:
    """The tremor within one phase; rows that miss much are left out."""
    within = rows.within(span)
    x = rows.positions[within][:, COORDINATED]
    seen = x[:, np.isfinite(x).mean(axis=0) > 0.8] if len(x) else x
    whole = np.isfinite(seen).all(axis=1)
    return tremor(rows.t_s[within][whole], seen[whole])


def _decision(name: str, margin: float) -> Measured:
    """A yes or no as the probability of yes, from a margin in standard errors."""
    yes = float(ndtr(margin))
    error = float(np.sqrt(yes * (1.0 - yes)))
    return Measured(name, yes, error, Grade(1 + int(np.searchsorted(DECIDED, error))))
