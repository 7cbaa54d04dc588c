"""Small vector algebra on arrays whose last axis holds the coordinates."""

from __future__ import annotations

import numpy as np
from motus_kinematics.core.body import Floats

TINY = 1e-9


def dot(a: Floats, b: Floats) -> Floats:
    """Inner product along the last axis."""
    product: Floats = (a * b).sum(axis=-1)
    return product


def length(v: Floats) -> Floats:
    """Euclidean length along the last axis."""
    return np.sqrt(dot(v, v))


def unit(v: Floats) -> Floats:
    """Vector of length 1 in the same direction; zero stays near zero."""
    return v / np.maximum(length(v), TINY)[..., None]


def cross(a: Floats, b: Floats) -> Floats:
    """Right-handed cross product of 3-vectors; np.cross costs ten times as much on so few."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), axis=-1)


def across(v: Floats, axis: Floats) -> Floats:
    """Unit vector of the part of `v` that is perpendicular to the unit vector `axis`."""
    return unit(v - dot(v, axis)[..., None] * axis)


def angle_deg(a: Floats, b: Floats) -> Floats:
    """Angle between two vectors, 0 to 180 degrees, exact near both ends (Kahan's half-angle form)."""
    ua, ub = unit(a), unit(b)
    return np.degrees(2.0 * np.arctan2(length(ua - ub), length(ua + ub)))


def ramp(x: Floats, low: float, high: float) -> Floats:
    """Smooth step: 0 up to `low`, 1 from `high` on, with no corner between."""
    u = np.clip((x - low) / (high - low), 0.0, 1.0)
    return u * u * (3.0 - 2.0 * u)
