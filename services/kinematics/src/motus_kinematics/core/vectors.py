"""Small vector algebra on arrays whose last axis holds the coordinates."""

from __future__ import annotations

import numpy as np

from motus_kinematics.core.body import Floats

TINY = 1e-9


def length(v: Floats) -> Floats:
    """Euclidean length along the last axis."""
    size: Floats = np.sqrt(np.vecdot(v, v))
    return size


def unit(v: Floats) -> Floats:
    """Vector of length 1 in the same direction; zero stays near zero."""
    return v / np.maximum(length(v), TINY)[..., None]


def dot(a: Floats, b: Floats) -> Floats:
    """Inner product along the last axis."""
    product: Floats = np.vecdot(a, b)
    return product


def cross(a: Floats, b: Floats) -> Floats:
    """Right-handed cross product of 3-vectors."""
    product: Floats = np.cross(a, b)
    return product


def angle_deg(a: Floats, b: Floats) -> Floats:
    """Angle between two vectors, 0 to 180 degrees; a vector of no length gives 90."""
    cosine = np.vecdot(a, b) / np.maximum(length(a) * length(b), TINY * TINY)
    angle: Floats = np.degrees(np.arccos(np.minimum(np.maximum(cosine, -1.0), 1.0)))
    return angle


def crosser(a: Floats) -> Floats:
    """(3, 3) matrix that turns rows by right multiplication into their cross product: `v @ crosser(a)` is a x v.

    One product with a matrix costs a fraction of np.cross on so few vectors.
    """
    x, y, z = a.tolist()
    return np.array(((0.0, z, -y), (-z, 0.0, x), (y, -x, 0.0)))


def across(v: Floats, axis: Floats) -> Floats:
    """Unit vector of the part of `v` that is perpendicular to the unit vector `axis`."""
    return unit(v - np.vecdot(v, axis)[..., None] * axis)


def filled(x: Floats, otherwise: float) -> Floats:
    """The values, another one in the place of NaN; np.nan_to_num takes five times as long on so few."""
    whole: Floats = np.where(np.isnan(x), otherwise, x)
    return whole


def ramp(x: Floats, low: float, high: float) -> Floats:
    """Smooth step: 0 up to `low`, 1 from `high` on, with no corner between."""
    u = np.minimum(np.maximum((x - low) / (high - low), 0.0), 1.0)
    return u * u * (3.0 - 2.0 * u)


def ramp_scalar(x: float, low: float, high: float) -> float:
    """`ramp` of one number."""
    u = min(max((x - low) / (high - low), 0.0), 1.0)
    return u * u * (3.0 - 2.0 * u)
