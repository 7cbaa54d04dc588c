"""How smooth a movement was: spectral arc length, and what shakes about the intended movement.

Noise alone looks like a tremor, the more so the longer it lasts (biomech 5): both know of it and take it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial.chebyshev import chebvander

from motus_kinematics.core.body import Floats
from motus_kinematics.core.vectors import TINY

CUTOFF_HZ: Final = 6.0
"""Beyond it lies nothing that 30 frames a second show."""
THRESHOLD: Final = 0.05
PADDING: Final = 4
ABOVE_NOISE: Final = 2.0
"""Times the spectrum of noise alone: what rises above it was done by the athlete."""
DEGREE: Final = 7
"""Of the polynomial that stands for the intended movement."""
MIN_FREEDOM: Final = 5
LEAST_APART: Final = 0.1
"""Share of a channel that is taken to lie apart from the sum, however much the sum is that channel alone."""


def sparc(speed: Floats, rate_hz: float, noise: float = 0.0, cutoff_hz: float = CUTOFF_HZ) -> float:
    """Spectral arc length of a speed profile (Balasubramanian 2015): -1.4 for the smoothest, less for rougher ones.

    Args:
        speed: (n,) speeds at even intervals, at least 4.
        rate_hz: How many a second.
        noise: Standard deviation of their error: frequencies that do not rise above it do not count.
        cutoff_hz: Highest frequency that counts.

    Returns:
        The arc length of the spectrum, normalised to 1 at its peak, up to the last frequency with 5 % of it.
    """
    size = 2 ** (int(np.ceil(np.log2(len(speed)))) + PADDING)
    spectrum = np.abs(np.fft.rfft(speed, size))
    largest = max(float(spectrum.max()), TINY)
    threshold = max(THRESHOLD, ABOVE_NOISE * noise * np.sqrt(len(speed)) / largest)
    spectrum = spectrum[np.fft.rfftfreq(size, 1.0 / rate_hz) <= cutoff_hz] / largest
    loud = np.flatnonzero(spectrum >= threshold)
    if len(loud) < 2:
        return np.nan
    curve = spectrum[loud[0] : loud[-1] + 1]
    return -float(np.hypot(np.diff(curve), 1.0 / (len(curve) - 1)).sum())


@dataclass(frozen=True)
class Tremor:
    """What shakes about an intended movement: root mean squares as shares of its way.

    Attributes:
        size: All that shakes in common.
        noise: What independent errors of the channels would make of it.
        samples: How many it was seen in.
    """

    size: float
    noise: float
    samples: int


def tremor(t_s: Floats, x: Floats) -> Tremor | None:
    """The tremor that all channels of a movement share.

    The intended movement is the polynomial of the seventh degree through each channel; noise is what is left of it. The
    movement's direction among the channels, each in units of its noise, adds them up: errors of landmarks are nearly
    independent and drown in the sum, a tremor of the limbs runs through all of them. What the channels do apart from
    that sum says how much of it independent errors explain, whatever the tremor.

    Args:
        t_s: (n,) times, ascending.
        x: (n, C) channels, NaN where unknown; those with gaps are left out.

    Returns:
        None where rows or channels are too few.
    """
    known = x[:, np.isfinite(x).all(axis=0)]
    freedom = len(t_s) - DEGREE - 1
    if freedom < MIN_FREEDOM or known.shape[1] == 0:
        return None
    scaled = 2.0 * (t_s - t_s[0]) / (t_s[-1] - t_s[0]) - 1.0
    basis, _ = np.linalg.qr(chebvander(scaled, DEGREE))
    intended = basis @ (basis.T @ known)
    rest = known - intended
    noise = np.sqrt((rest * rest).sum(axis=0) / freedom) + TINY
    centered = (intended - intended.mean(axis=0)) / noise
    direction = np.linalg.svd(centered, full_matrices=False)[2][0]
    way = float(np.ptp(centered @ direction))
    common = rest / noise @ direction
    own = rest / noise - np.outer(common, direction)
    apart = (own * own).sum(axis=0) / np.maximum(1.0 - direction**2, LEAST_APART) @ direction**2
    size, errors = np.sqrt(np.array((common @ common, apart)) / freedom) / way
    return Tremor(float(size), float(errors), len(t_s))
