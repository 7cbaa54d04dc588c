"""Angles of knees, elbows and shoulders as what is to be expected, given how badly depth is known (biomech 1.2).

The angle of the guessed depths is not the angle to expect: whatever noise depth has bends a straight limb. So the
depths that may be true are tried, each weighed by how near it lies to the guess, by how well the limb then has its
known lengths, and by how many ways there are to be bent so far: few directions are straight, though limbs often are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.bones import LENGTH_OF_SEGMENT
from motus_kinematics.core.skeleton import TRUNK, Skeleton
from motus_kinematics.core.vectors import TINY, filled

DEPTH_SIGMA_M: Final = 0.07
"""Error of the depth of a segment whose ends are well seen,"""
SHARED: Final = np.array([[-0.5, -0.5, -0.5, -0.5, 0.3, 0.3]]).T
"""correlated with that of the next one, since they share the joint: it ends the one and begins the other, but arm and
trunk both begin at the shoulder."""
LENGTH_SIGMA: Final = 0.05
PLANE_SIGMA_M: Final = 0.03
"""Errors of a known length, as a share, and of what is seen of it across the line of sight."""
STRAIGHTNESS: Final = np.array([[3.0, 3.0, 3.0, 3.0, 1.0, 1.0]]).T
LEAST_SINE: Final = 0.2
"""Power of the angle's sine by which straighter limbs are likelier, and the sine below which none is likelier."""
_STEPS: Final = np.linspace(-2.0, 2.0, 7)
_FIRST, _SECOND = (grid.ravel() for grid in np.meshgrid(_STEPS, _STEPS, indexing="ij"))
_NEAR: Final = -0.5 * (_FIRST**2 - 2.0 * SHARED * _FIRST * _SECOND + _SECOND**2) / (1.0 - SHARED**2)

_LIMBS: Final = np.array([0, 1, 2, 3, 2, 3], dtype=np.intp)
_NEXT: Final = np.array([4, 5, 6, 7, TRUNK, TRUNK], dtype=np.intp)
"""Thighs, upper arms and these again among the segments, and shanks, forearms and the trunk,"""
_NEXT_SIGN: Final = np.array([[1.0, 1.0, 1.0, 1.0, -1.0, -1.0]]).T
"""which is taken downwards."""
_LENGTHS: Final = LENGTH_OF_SEGMENT[_LIMBS]
_NEXT_LENGTHS: Final = LENGTH_OF_SEGMENT[_NEXT]


def hinges(seen: Skeleton, lengths: Floats) -> tuple[Floats, Floats]:
    """(6,) angles of knees, elbows and shoulders to be expected, and what depth leaves open of them, in degrees.

    Args:
        seen: The frame's segments.
        lengths: (9,) known lengths in metres, in the order of `bones.observe`.
    """
    doubt = np.maximum(seen.bone_doubt.take(_LIMBS), seen.bone_doubt.take(_NEXT))
    known = (lengths.take(_LENGTHS), lengths.take(_NEXT_LENGTHS))
    limbs, following = seen.bones.take(_LIMBS, 0), _NEXT_SIGN * seen.bones.take(_NEXT, 0)
    return expected_deg(limbs, following, known, doubt)


def expected_deg(first: Floats, second: Floats, lengths: tuple[Floats, Floats], doubt: Floats) -> tuple[Floats, Floats]:
    """(6,) means and standard deviations of the angles between two segments each, 0 when straight.

    Args:
        first, second: (6, 3) segments as guessed, metres, depth last.
        lengths: (6,) known lengths of the first ones and of the second ones.
        doubt: (6,) factor on the expected error of their ends, NaN where they are absent.
    """
    more = filled(doubt, 1.0)[:, None]
    out, far = _tried(first, _FIRST, lengths[0], more), _tried(second, _SECOND, lengths[1], more)
    inner = np.vecdot(first[:, :2], second[:, :2])[:, None] + out[0] * far[0]
    cosines = np.minimum(np.maximum(inner / (out[1] * far[1] + TINY), -1.0), 1.0)
    credit = _NEAR + out[2] + far[2] - STRAIGHTNESS * np.log(np.sqrt(1.0 - cosines**2) + LEAST_SINE)
    weights = np.exp(credit - credit.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    angles = np.degrees(np.arccos(cosines))
    mean = np.vecdot(weights, angles)
    return mean, np.sqrt(np.vecdot(weights, (angles - mean[:, None]) ** 2))


def _tried(segments: Floats, steps: Floats, known: Floats, more: Floats) -> tuple[Floats, Floats, Floats]:
    """(6, n) depths to try, the lengths that they make, and how well those are the known ones, as logarithms."""
    depths = segments[:, 2:] + DEPTH_SIGMA_M * more * steps
    sizes = np.sqrt(np.vecdot(segments[:, :2], segments[:, :2])[:, None] + depths**2)
    known = known[:, None]
    variances = (LENGTH_SIGMA * known) ** 2 + (PLANE_SIGMA_M * more) ** 2
    return depths, sizes, -0.5 * (sizes - known) ** 2 / variances
