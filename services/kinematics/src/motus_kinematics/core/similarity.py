"""How alike the cycles of a set are, over all channels at once (biomech 4.2, similarity gate)."""

from __future__ import annotations

from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.spans import Spans
from motus_kinematics.core.vectors import TINY

SHAPE_POINTS: Final = 24


def shapes(t_s: Floats, levels: Floats, cycles: Spans) -> Floats:
    """The courses of cycles, each channel without its mean over the cycle.

    Args:
        t_s: (n,) times.
        levels: (C, n) channels in comparable units.
        cycles: k cycles.

    Returns:
        (k, C * SHAPE_POINTS).
    """
    share = np.linspace(0.0, 1.0, SHAPE_POINTS)
    moments = cycles.start_s[:, None] + share * (cycles.end_s - cycles.start_s)[:, None]
    before = (t_s.searchsorted(moments) - 1).clip(0, len(t_s) - 2)
    after_share = (moments - t_s[before]) / (t_s[before + 1] - t_s[before])
    courses = (levels[:, before] * (1.0 - after_share) + levels[:, before + 1] * after_share).transpose(1, 0, 2)
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
    rest = courses - mean
    return float(np.vdot(mean, mean)) * len(courses) / max(float(np.vdot(rest, rest)), TINY)
