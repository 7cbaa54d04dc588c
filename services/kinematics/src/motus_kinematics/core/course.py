"""The course that all channels of a movement share: where the movement as a whole stands, row by row."""

from __future__ import annotations

from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import DIFFERENTIATED, INDEX

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


def following(course: Floats, values: Floats) -> Floats | None:
    """(k,) a channel as it follows the course: a smooth function of it, free of the channel's own wanderings."""
    known = np.isfinite(course) & np.isfinite(values)
    if known.sum() < MIN_ROWS:
        return None
    basis = np.vander(course[known], DEGREE + 1)
    followed: Floats = basis @ np.linalg.lstsq(basis, values[known], rcond=None)[0]
    return followed
