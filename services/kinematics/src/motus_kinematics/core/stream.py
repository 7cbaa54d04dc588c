"""From readings as they come to settled rows: the newest half second of raw readings and what is still open in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from motus_kinematics.core import kalman
from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import DIFFERENTIATED_INDEX, POSITIONS, Codes, Reading
from motus_kinematics.core.kalman import smooth
from motus_kinematics.core.smoothing import AHEAD_S, BACK_S, REACH_S, SLOW_RATE_HZ, SMOOTHED_BACK_S, Fit, fit, window

_OUTLIER_FLOORS: Final = np.array([12.0 if name.endswith("_deg") else 0.12 for name in POSITIONS])
_NO_ROWS: Final = np.zeros((0, len(POSITIONS)))
_NO_CODES: Final = np.zeros((0, len(POSITIONS)), dtype=np.uint8)


@dataclass(frozen=True)
class Recent:
    """The newest raw readings.

    Attributes:
        t_s: (m,) ascending.
        values, sigmas: (m, P).
        absences: (m, P) why a value is not there, or is not to be published.
        open: How many of the last rows are not settled yet.
        smoothed: The engine had smoothed the newest one's landmarks.
    """

    t_s: Floats = field(default_factory=lambda: np.zeros(0))
    values: Floats = field(default_factory=lambda: _NO_ROWS)
    sigmas: Floats = field(default_factory=lambda: _NO_ROWS)
    absences: Codes = field(default_factory=lambda: _NO_CODES)
    open: int = 0
    smoothed: bool = False


@dataclass(frozen=True)
class Settled:
    """A moment that later frames will not change: smoothed positions, expected errors, velocities and their errors."""

    t_s: float
    values: Floats
    sigmas: Floats
    rates: Floats
    rate_sigmas: Floats
    absences: Codes


def push(recent: Recent, reading: Reading, *, smoothed: bool = False) -> Recent:
    """The buffer with one more reading, without those that no fit will need."""
    keep = int(recent.t_s.searchsorted(reading.t_s - REACH_S - 2.0 * kalman.AHEAD_S))
    keep = min(keep, len(recent.t_s) - recent.open)
    return Recent(
        np.concatenate((recent.t_s[keep:], (reading.t_s,))),
        np.concatenate((recent.values[keep:], reading.values[None])),
        np.concatenate((recent.sigmas[keep:], reading.sigmas[None])),
        np.concatenate((recent.absences[keep:], reading.absences[None])),
        recent.open + 1,
        smoothed,
    )


def settle(recent: Recent, now_s: float, exercise: str) -> tuple[Recent, tuple[Settled, ...]]:
    """Settles the open rows that are old enough, oldest first.

    Args:
        recent: The readings.
        now_s: Time of the newest one; infinite when no more will come.
        exercise: What is done: fast exercises take another filter, which wants a frame more.
    """
    jerk = kalman.JERKS.get(exercise, 0.0)
    first = len(recent.t_s) - recent.open
    stop = int(recent.t_s.searchsorted(now_s - (kalman.AHEAD_S if jerk else AHEAD_S), side="right"))
    rows = tuple(_settle_row(recent, row, jerk) for row in range(first, max(stop, first)))
    return replace(recent, open=recent.open - len(rows)), rows


def _settle_row(recent: Recent, row: int, jerk: float) -> Settled:
    """Fits the neighbourhood of one row; a row that shows nothing is bridged if enough neighbours are there."""
    t_s = float(recent.t_s[row])
    near = window(recent.t_s, t_s, SMOOTHED_BACK_S if recent.smoothed else BACK_S)
    around = fit(recent.t_s[near], recent.values[near], recent.sigmas[near], _OUTLIER_FLOORS, t_s)
    differentiated = Fit(*(part[DIFFERENTIATED_INDEX] for part in (around.values, around.rates, around.rate_sigmas)))
    sigmas, values = recent.sigmas[row], around.values
    if jerk:
        differentiated = _of_fast(recent, t_s, jerk)
        values[DIFFERENTIATED_INDEX] = differentiated.values
    if not np.isfinite(sigmas).any():
        sigmas = np.where(np.isfinite(values), 2.0 * np.fmax.reduce(recent.sigmas[near], axis=0), np.nan)
    values = np.where(np.isfinite(sigmas), values, np.nan)
    rate_sigmas = np.hypot(differentiated.rate_sigmas, SLOW_RATE_HZ * sigmas[DIFFERENTIATED_INDEX])
    return Settled(t_s, values, sigmas, differentiated.rates, rate_sigmas, recent.absences[row])


def _of_fast(recent: Recent, t_s: float, jerk: float) -> Fit:
    """The differentiated positions at a moment of a fast exercise."""
    near = window(recent.t_s, t_s, kalman.BACK_S, kalman.AHEAD_S)
    values, sigmas = (rows[near][:, DIFFERENTIATED_INDEX] for rows in (recent.values, recent.sigmas))
    return smooth(recent.t_s[near], values, sigmas, t_s, jerk)
