"""Value and rate of change of irregularly sampled channels by a robust local quadratic.

Equals a Savitzky-Golay filter on a regular grid, and stays right with dropped frames and jittered time stamps
(biomech 2). The window reaches 134 ms back and 67 ms ahead of the moment it is evaluated at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Flags, Floats
from motus_kinematics.core.vectors import TINY

BACK_S: Final = 0.135
AHEAD_S: Final = 0.068
"""The lag: a moment is settled when a frame this much younger has come."""
REACH_S: Final = 0.5
"""How far back the window may grow at low frame rates."""
MIN_SAMPLES: Final = 4
WANTED_SAMPLES: Final = 5
OUTLIER_MADS: Final = 3.0 * 1.4826
RIDGE: Final = 1e-9
"""Keeps the normal matrix of a column without samples invertible."""


@dataclass(frozen=True)
class Fit:
    """Channels at one moment: (C,) values, rates per second and standard errors of the rates; NaN where unknown."""

    values: Floats
    rates: Floats
    rate_sigmas: Floats


def window(t_s: Floats, at_s: float) -> slice:
    """Rows of the ascending times `t_s` that a fit at `at_s` rests on."""
    stop = int(np.searchsorted(t_s, at_s + AHEAD_S, side="right"))
    start = int(np.searchsorted(t_s, at_s - BACK_S, side="left"))
    if stop - start < WANTED_SAMPLES:
        earliest = int(np.searchsorted(t_s, at_s - REACH_S, side="left"))
        start = max(min(start, stop - WANTED_SAMPLES), earliest)
    return slice(start, stop)


def fit(t_s: Floats, x: Floats, sigmas: Floats, floors: Floats, at_s: float) -> Fit:
    """Fits a parabola to every column, with a Hampel gate before and one Huber step after.

    Args:
        t_s: (m,) times, ascending.
        x: (m, C) samples, NaN where absent.
        sigmas: (m, C) expected errors, positive where x is there.
        floors: (C,) deviation from the median that is never an outlier.
        at_s: Moment at which value and rate are wanted.
    """
    there = np.isfinite(x)
    known = np.where(there, x, 0.0)
    weights = (_inliers(x, there, floors) & there) / np.where(there, sigmas, 1.0) ** 2
    weights /= np.maximum(weights.max(axis=0), TINY)
    enough = (weights > 0.0).sum(axis=0) >= MIN_SAMPLES
    tau = (t_s - at_s) / BACK_S
    basis = np.stack((np.ones_like(tau), tau, tau * tau), axis=1)
    beta, _ = _solve(basis, known, weights)
    residual = np.abs(known - basis @ beta)
    bound = 1.5 * (weights * residual).sum(axis=0) / np.maximum(weights.sum(axis=0), TINY) + 0.05 * floors
    weights = weights * np.minimum(1.0, bound / np.maximum(residual, TINY))
    beta, covariance = _solve(basis, known, weights)
    freedom = np.maximum((weights > 0.0).sum(axis=0) - 3, 1)
    noise = (weights * (known - basis @ beta) ** 2).sum(axis=0) / freedom
    rate_sigmas = np.sqrt(np.maximum(covariance[:, 1, 1] * noise, 0.0)) / BACK_S
    rows = (beta[0], beta[1] / BACK_S, rate_sigmas)
    return Fit(*(np.where(enough, row, np.nan) for row in rows))


def _inliers(x: Floats, there: Flags, floors: Floats) -> Flags:
    """Hampel gate: False for samples further from the window's median than 3 MAD and the floor."""
    columns = np.arange(x.shape[1])
    middle = (there.sum(axis=0) - 1) // 2
    center = np.sort(x, axis=0)[middle, columns]
    deviation = np.abs(x - center)
    spread = np.sort(deviation, axis=0)[middle, columns]
    inliers: Flags = deviation <= OUTLIER_MADS * spread + floors
    return inliers


def _solve(basis: Floats, x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted least squares per column: (3, C) coefficients and (C, 3, 3) inverse normal matrices."""
    normal = np.einsum("mi,mc,mj->cij", basis, weights, basis) + RIDGE * np.eye(3)
    inverse: Floats = np.linalg.inv(normal)
    beta = np.einsum("cij,cj->ic", inverse, np.einsum("mi,mc->ci", basis, weights * x))
    return beta, inverse
