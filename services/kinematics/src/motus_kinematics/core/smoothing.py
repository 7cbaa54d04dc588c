"""Value and rate of change of irregularly sampled channels by a robust local quadratic.

Equals a Savitzky-Golay filter on a regular grid, and stays right with dropped frames and jittered time stamps
(biomech 2). At 30 frames a second the window reaches four frames back and two ahead of the moment it is evaluated at.
Samples are weighted by their expected errors alone: over so short a window a taper with the time costs as much noise as
it saves in bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Flags, Floats
from motus_kinematics.core.vectors import TINY

BACK_S: Final = 0.145
SMOOTHED_BACK_S: Final = 0.08
"""How far back a window reaches where the engine has smoothed already: to do so twice only blunts."""
AHEAD_S: Final = 0.0495
"""The lag: a moment is settled when a frame this much younger has come, which is the last one its window takes in. Two
frames at 30 a second, jittered time stamps included: a limit nearer to 67 ms would often miss the second."""
REACH_S: Final = 0.5
"""How far back the window may grow at low frame rates."""
BREAK_S: Final = 0.15
BREAK_INTERVALS: Final = 2.5
"""A gap longer than both, in seconds and in usual intervals, ends a movement: nothing is fitted across it."""
MIN_SAMPLES: Final = 4
WANTED_SAMPLES: Final = 5
OUTLIER_MADS: Final = 3.0 * 1.4826
HUBER: Final = 1.5
"""Residuals beyond this many mean ones weigh less."""
MIN_DETERMINANT: Final = 1e-12
"""A column with fewer samples than a parabola needs has none; what is solved for it is not used."""
PRIOR_SHARE: Final = 0.3
"""Of an expected error, what shakes from frame to frame; the rest is a slow bias that no rate shows (biomech 9.2)."""
SLOW_RATE_HZ: Final = 2.8
"""Velocity of the slow bias over an angle's expected error: rather more than half of the error wanders below 0.8 Hz,
which makes 2 pi times 0.8 of that per second (second-order low pass, biomech 11). No residual shows it."""
PRIOR_FREEDOM: Final = 4.0
"""Samples that the expected shake counts for, beside those of the window."""

# The cofactors 00, 01, 02, 11, 12 and 22 of the matrix whose entry i, j is the sum of the powers i + j: products of
# two such sums less products of two others.
_FIRST: Final = np.array([2, 2, 1, 0, 1, 0], dtype=np.intp)
_SECOND: Final = np.array([4, 3, 3, 4, 2, 2], dtype=np.intp)
_THIRD: Final = np.array([3, 1, 2, 2, 0, 1], dtype=np.intp)
_FOURTH: Final = np.array([3, 4, 2, 2, 3, 1], dtype=np.intp)
_SYMMETRIC: Final = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]], dtype=np.intp)


@dataclass(frozen=True)
class Fit:
    """Channels at one moment: (C,) values, rates per second and standard errors of the rates; NaN where unknown."""

    values: Floats
    rates: Floats
    rate_sigmas: Floats


def window(t_s: Floats, at_s: float, back_s: float = BACK_S, ahead_s: float = AHEAD_S) -> slice:
    """Rows of the ascending times `t_s` that a fit at `at_s` rests on."""
    stop = min(int(t_s.searchsorted(at_s + ahead_s)) + 1, len(t_s))
    start = int(t_s.searchsorted(at_s - back_s))
    if stop - start < WANTED_SAMPLES:
        earliest = int(t_s.searchsorted(at_s - REACH_S))
        start = max(min(start, stop - WANTED_SAMPLES), earliest)
    return _unbroken(t_s, slice(start, stop), at_s)


def _unbroken(t_s: Floats, rows: slice, at_s: float) -> slice:
    """The rows without those beyond a gap."""
    steps = t_s[rows][1:] - t_s[rows][:-1]
    if not len(steps) or steps.max() <= BREAK_S:
        return rows
    gaps = rows.start + 1 + np.flatnonzero(steps > max(BREAK_S, BREAK_INTERVALS * float(np.median(steps))))
    before, after = gaps[t_s[gaps] <= at_s], gaps[t_s[gaps] > at_s]
    return slice(int(before.max(initial=rows.start)), int(after.min(initial=rows.stop)))


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
    doubts = np.where(there, sigmas, np.inf)
    weights = inliers(x, there, floors) / doubts**2
    weights /= np.maximum(weights.max(axis=0), TINY)
    used = weights > 0.0
    powers = ((t_s - at_s) / BACK_S) ** np.arange(5)[:, None]
    curve = powers[:3].T
    residual = np.abs(known - curve @ _solve(powers, known, weights)[0])
    bound = HUBER * (weights * residual).sum(axis=0) / np.maximum(weights.sum(axis=0), TINY) + 0.05 * floors
    weights = weights * np.minimum(1.0, bound / np.maximum(residual, TINY))
    parabola, rate_gain = _solve(powers, known, weights)
    spread = (weights * (known - curve @ parabola) ** 2).sum(axis=0)
    count = used.sum(axis=0)
    noise = _noise(spread, count - 3.0, np.where(used, doubts, np.inf).min(axis=0))
    rate_sigmas = np.sqrt(np.maximum(rate_gain * noise, 0.0)) / BACK_S
    rows = (parabola[0], parabola[1] / BACK_S, rate_sigmas)
    return Fit(*(np.where(count >= MIN_SAMPLES, row, np.nan) for row in rows))


def _noise(spread: Floats, freedom: Floats, doubt: Floats) -> Floats:
    """Variance of a sample of weight 1: what the window shows together with what is expected.

    A handful of residuals tell little, so those that the expected shake would leave are added to them.
    """
    expected = (PRIOR_SHARE * np.where(np.isfinite(doubt), doubt, 0.0)) ** 2
    noise: Floats = (spread + PRIOR_FREEDOM * expected) / (np.maximum(freedom, 0.0) + PRIOR_FREEDOM)
    return noise


def inliers(x: Floats, there: Flags, floors: Floats) -> Flags:
    """Hampel gate: False for samples further from the window's median than 3 MAD and the floor."""
    columns = np.arange(x.shape[1])
    middle = (there.sum(axis=0) - 1) // 2
    center = np.sort(x, axis=0)[middle, columns]
    deviation = np.abs(x - center)
    spread = np.sort(deviation, axis=0)[middle, columns]
    kept: Flags = deviation <= OUTLIER_MADS * spread + floors
    return kept


def _solve(powers: Floats, x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Solves the 3 x 3 normal equations of all columns at once by their cofactors.

    Args:
        powers: (5, m) powers 0 to 4 of the scaled times.
        x: (m, C) samples.
        weights: (m, C) from 0 to 1.

    Returns:
        (3, C) value, rate and bend at the time 0, and the (C,) variance of the rate at a unit variance of the samples.
    """
    s = powers @ weights
    cofactors = s[_FIRST] * s[_SECOND] - s[_THIRD] * s[_FOURTH]
    scale = 1.0 / np.maximum((s[:3] * cofactors[:3]).sum(axis=0), MIN_DETERMINANT)
    solved: Floats = (cofactors[_SYMMETRIC] * (powers[:3] @ (weights * x))).sum(axis=1) * scale
    return solved, cofactors[3] * scale
