"""From readings as they come to settled rows: the newest half second of raw readings and what is still open in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import DIFFERENTIATED_INDEX, POSITIONS, Absence, Reading
from motus_kinematics.core.smoothing import AHEAD_S, REACH_S, fit, window

_OUTLIER_FLOORS: Final = np.array([12.0 if name.endswith("_deg") else 0.12 for name in POSITIONS])
_NO_ROWS: Final = np.zeros((0, len(POSITIONS)))


@dataclass(frozen=True)
class Recent:
    """The newest raw readings.

    Attributes:
        t_s: (m,) ascending.
        values, sigmas: (m, P).
        absences: (m,) why a row is empty.
        open: How many of the last rows are not settled yet.
    """

    t_s: Floats = field(default_factory=lambda: np.zeros(0))
    values: Floats = field(default_factory=lambda: _NO_ROWS)
    sigmas: Floats = field(default_factory=lambda: _NO_ROWS)
    absences: tuple[Absence, ...] = ()
    open: int = 0


@dataclass(frozen=True)
class Settled:
    """A moment that later frames will not change: smoothed positions, expected errors, velocities."""

    t_s: float
    values: Floats
    sigmas: Floats
    rates: Floats
    absence: Absence


def push(recent: Recent, reading: Reading) -> Recent:
    """The buffer with one more reading, without those that no fit will need."""
    keep = int(np.searchsorted(recent.t_s, reading.t_s - REACH_S - 2.0 * AHEAD_S))
    keep = min(keep, len(recent.t_s) - recent.open)
    return Recent(
        np.append(recent.t_s[keep:], reading.t_s),
        np.concatenate((recent.values[keep:], reading.values[None])),
        np.concatenate((recent.sigmas[keep:], reading.sigmas[None])),
        (*recent.absences[keep:], reading.absence),
        recent.open + 1,
    )


def settle(recent: Recent, until_s: float) -> tuple[Recent, tuple[Settled, ...]]:
    """Settles the open rows up to a moment, oldest first."""
    first = len(recent.t_s) - recent.open
    stop = int(np.searchsorted(recent.t_s, until_s, side="right"))
    rows = tuple(_settle_row(recent, row) for row in range(first, max(stop, first)))
    return Recent(recent.t_s, recent.values, recent.sigmas, recent.absences, recent.open - len(rows)), rows


def _settle_row(recent: Recent, row: int) -> Settled:
    """Fits the neighbourhood of one row; a row that shows nothing is bridged if enough neighbours are there."""
    t_s = float(recent.t_s[row])
    near = window(recent.t_s, t_s)
    around = fit(recent.t_s[near], recent.values[near], recent.sigmas[near], _OUTLIER_FLOORS, t_s)
    sigmas = recent.sigmas[row]
    if recent.absences[row] is not Absence.PRESENT:
        sigmas = np.where(np.isfinite(around.values), 2.0 * np.fmax.reduce(recent.sigmas[near], axis=0), np.nan)
    values = np.where(np.isfinite(sigmas), around.values, np.nan)
    return Settled(t_s, values, sigmas, around.rates[DIFFERENTIATED_INDEX], recent.absences[row])
