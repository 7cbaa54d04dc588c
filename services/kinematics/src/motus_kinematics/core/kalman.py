"""Velocities of fast movements: a constant-acceleration Kalman filter with a fixed-lag smoother (biomech 2).

A local quadratic blunts what turns within three frames. The Kalman model lets the acceleration wander by a random jerk
per step, and the smoother looks three frames ahead. Its estimate is the solution of one least-squares problem over the
window, the samples' residuals and the jerks, each over its standard deviation, and is solved here for all columns at
once. A filter that forgets within a few steps needs no memory beyond the window, so a checkpoint holds none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.smoothing import MIN_SAMPLES, PRIOR_SHARE, Fit

JERKS: Final[Mapping[str, float]] = MappingProxyType({"jump": 6e4, "swing": 6e4, "run": 6e4, "throw": 2e5})
"""Standard deviation of the jerk of one step at 30 frames a second, degrees per second cubed, of the fast exercises."""
STEP_S: Final = 1.0 / 30.0
BACK_S: Final = 0.28
AHEAD_S: Final = 0.083
"""The lag: three frames at 30 a second, as jitter may bring them together."""
UNIT_S: Final = 0.1
"""Time is counted in it, so that the normal equations stay well conditioned."""
OUTLIER_SIGMAS: Final = 4.0
DIFFUSE: Final = 1e-9
"""Weight of the prior of the window's first state: nothing is known of it."""


@dataclass(frozen=True)
class _Design:
    """Samples, value and rate as linear functions of the unknowns: first state, then jerks in standard deviations.

    Attributes:
        samples: (m, k) one row per sample.
        squares: (m, k * k) their outer products.
        wanted: (2, k) value and rate at the moment that is asked for.
    """

    samples: Floats
    squares: Floats
    wanted: Floats


def smooth(t_s: Floats, x: Floats, sigmas: Floats, at_s: float, jerk: float) -> Fit:
    """Value and rate of every column at a moment of a window.

    Args:
        t_s: (m,) times, ascending.
        x: (m, C) samples, NaN where absent.
        sigmas: (m, C) expected errors, positive where x is there.
        at_s: One of the times.
        jerk: Standard deviation of the jerk of a step of STEP_S, per second cubed.
    """
    design = _design(t_s, at_s, jerk)
    there = np.isfinite(x)
    known = np.where(there, x, 0.0)
    shake = PRIOR_SHARE * np.where(there, sigmas, np.inf)
    weights = shake**-2.0
    states, gain = _solve(design, known, weights)
    residual = np.abs(known - design.samples @ states) / shake
    if residual.max() > OUTLIER_SIGMAS:
        weights = weights * np.minimum(1.0, OUTLIER_SIGMAS / np.maximum(residual, 1.0)) ** 2
        states, gain = _solve(design, known, weights)
    values, rates = design.wanted @ states
    enough = there.sum(axis=0) >= MIN_SAMPLES
    return Fit(*(np.where(enough, row, np.nan) for row in (values, rates / UNIT_S, np.sqrt(gain) / UNIT_S)))


def _design(t_s: Floats, at_s: float, jerk: float) -> _Design:
    """The model's linear equations: a constant jerk in each step between two rows."""
    tau, at = (t_s - at_s) / UNIT_S, np.zeros(1)
    steps = np.diff(tau)
    scales = jerk * UNIT_S**3 * np.sqrt(STEP_S / UNIT_S / steps)
    first = np.stack((np.ones_like(tau), tau, tau**2 / 2.0), axis=1)
    value = np.concatenate(([1.0, 0.0, 0.0], _since(at, tau, 3)[0] / 6.0 * scales))
    rate = np.concatenate(([0.0, 1.0, 0.0], _since(at, tau, 2)[0] / 2.0 * scales))
    samples = np.concatenate((first, _since(tau, tau, 3) / 6.0 * scales), axis=1)
    squares = samples[:, :, None] * samples[:, None, :]
    return _Design(samples, squares.reshape(len(samples), -1), np.stack((value, rate)))


def _since(at: Floats, tau: Floats, power: int) -> Floats:
    """(n, m - 1) what a unit jerk in each step has grown to at the given times, but for its factor."""
    grown = np.maximum(at[:, None] - tau, 0.0) ** power
    jerked: Floats = grown[:, :-1] - grown[:, 1:]
    return jerked


def _solve(design: _Design, x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Least squares per column: (k, C) unknowns and the (C,) variance of the wanted rate."""
    k = design.samples.shape[1]
    prior = np.diag(np.concatenate((np.full(3, DIFFUSE), np.ones(k - 3))))
    normal = (weights.T @ design.squares).reshape(-1, k, k) + prior
    right = np.stack(((weights * x).T @ design.samples, np.broadcast_to(design.wanted[1], (x.shape[1], k))), axis=-1)
    solved = np.linalg.solve(normal, right)
    return solved[:, :, 0].T, solved[:, :, 1] @ design.wanted[1]
