"""The course that all channels of a movement share: where the movement as a whole stands, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import DIFFERENTIATED, INDEX
from motus_kinematics.core.vectors import TINY

COORDINATED: Final = np.array(
    [
        INDEX[name]
        for name in (
            *DIFFERENTIATED,
            "thigh_elevation_left_deg",
            "thigh_elevation_right_deg",
            "hip_height_ratio",
            "shoulder_height_ratio",
            "wrist_height_left_ratio",
            "wrist_height_right_ratio",
            "hip_level_m",
            "shoulder_level_m",
        )
    ]
)
"""Channels through which a movement runs as a whole."""
KNOWN_SHARE: Final = 0.9
MIN_ROWS: Final = 12
DEGREE: Final = 3
"""Of the curve along which a channel follows the course: joints close to straight lag behind the others."""
WANDERS: Final = 0.5
"""Of an angle's standard error: what comes and goes within a repetition. The rest is in all of its rows alike."""


def common_course(positions: Floats, sigmas: Floats) -> Floats | None:
    """The first principal component of the coordinated channels, each in units of its expected error.

    Args:
        positions, sigmas: (n, P) of the rows of one repetition.

    Returns:
        (n,) centred, of range 1, NaN where a channel is missing; None where too little is seen.
    """
    x, errors = positions[:, COORDINATED], sigmas[:, COORDINATED]
    seen = np.isfinite(x).mean(axis=0) > KNOWN_SHARE if len(x) else np.zeros(x.shape[1], dtype=bool)
    x, errors = x[:, seen], errors[:, seen]
    whole = (np.isfinite(x) & np.isfinite(errors)).all(axis=1)
    if whole.sum() < MIN_ROWS or x.shape[1] < 2:
        return None
    scaled = (x[whole] - x[whole].mean(axis=0)) / errors[whole].mean(axis=0)
    along = scaled @ np.linalg.svd(scaled, full_matrices=False)[2][0]
    course = np.full(len(x), np.nan)
    course[whole] = along / np.ptp(along)
    return course


@dataclass(frozen=True)
class Steadied:
    """A channel within one repetition, without what errors alone make of it.

    Attributes:
        values: (k,) where it is known, in ascending order.
        wander: Root mean square of how far it strayed from the movement's course, at most its standard error.
    """

    values: Floats
    wander: float


def steadied(course: Floats | None, values: Floats, sigma: float) -> Steadied:
    """A channel drawn to how it follows the course: the more, the more of its straying errors explain (James-Stein).

    Extremes of the channel as it is take up its errors and lie too far out, most of all those of a joint held still.

    Args:
        course: (n,) NaN where unknown; None where there is none.
        values: (n,) NaN where unknown.
        sigma: Usual standard error of the values.
    """
    both = np.isfinite(values) if course is None else np.isfinite(values) & np.isfinite(course)
    if course is None or both.sum() < MIN_ROWS:
        return Steadied(np.sort(values[np.isfinite(values)]), sigma)
    basis = np.vander(course[both], DEGREE + 1)
    follows = basis @ np.linalg.lstsq(basis, values[both], rcond=None)[0]
    strays = values[both] - follows
    power = float(strays @ strays) / len(strays)
    steady = values.copy()
    steady[both] = follows + max(1.0 - (WANDERS * sigma) ** 2 / max(power, TINY), 0.0) * strays
    return Steadied(np.sort(steady[np.isfinite(values)]), min(power**0.5, sigma))
