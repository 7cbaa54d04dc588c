"""How alike the cycles of a set are, over all channels at once (biomech 4.2, similarity gate)."""

from __future__ import annotations

from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.vectors import TINY

SHAPE_POINTS: Final = 24


def shapes(t_s: Floats, levels: Floats, cycles: tuple[Cycle, ...]) -> Floats:
    """The courses of cycles, each channel without its mean over the cycle.

    Args:
        t_s: (n,) times.
        levels: (C, n) channels in comparable units.
        cycles: k cycles.

    Returns:
        (k, C * SHAPE_POINTS).
    """
    share = np.linspace(0.0, 1.0, SHAPE_POINTS)
    moments = np.array([cycle.start_s + share * (cycle.end_s - cycle.start_s) for cycle in cycles])
    courses = np.stack([np.interp(moments, t_s, level) for level in levels], axis=1)
    centered: Floats = courses - courses.mean(axis=2, keepdims=True)
    return centered.reshape(len(cycles), -1)


def likenesses(courses: Floats) -> Floats:
    """(k,) correlation of each cycle's course with that of the most typical one."""
    norms = np.maximum(np.linalg.norm(courses, axis=1), TINY)
    correlations = courses @ courses.T / np.outer(norms, norms)
    typical: Floats = correlations[int(correlations.sum(axis=0).argmax())]
    return typical


def clarity(courses: Floats) -> float:
    """Variance of the mean course over that of the deviations from it; infinite for a single cycle."""
    mean = courses.mean(axis=0)
    return float(np.var(mean) / max(float(np.var(courses - mean)), TINY))
