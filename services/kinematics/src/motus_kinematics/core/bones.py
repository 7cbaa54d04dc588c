"""Lengths of the athlete's own bones, learnt while they are seen, and depths that agree with them (biomech 1.2)."""

from __future__ import annotations

from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.vectors import TINY, filled

BONES: Final = (
    *("thigh", "upper_arm", "shank", "forearm", "foot"),
    *("hip_line", "shoulder_line", "trunk", "neck"),
)
"""The bones whose lengths are learnt, in their order everywhere; of a pair both sides have the same."""
LEARNING_TIME_CONSTANT_S: Final = 2.0
SHORTER_WEIGHT: Final = 0.3
"""A bone seen shorter than known counts less: depth is guessed too small far more often than too large."""
CREDIBLE: Final = (0.7, 1.4)
"""Bounds of a seen length over the known one; beyond them the landmarks are wrong, not the length."""
DEPTH_SIGMA_M: Final = 0.06
LENGTH_SIGMA: Final = 0.05
"""Errors of a segment's guessed depth, and of its length in the picture as a share: how the two are weighed."""

_PAIRED: Final = 10
_LIMBS: Final = 8
LENGTH_OF_SEGMENT: Final = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8], dtype=np.intp)
"""Which of the learnt lengths each segment has."""
_LENGTH_OF_LIMB: Final = LENGTH_OF_SEGMENT[:_LIMBS]


def observe(sizes: Floats, level_sizes: Floats, doubt: Floats) -> tuple[Floats, Floats]:
    """Lengths that a single frame shows, and the trust in each.

    A bone is seen best when it lies in the picture's plane, so the better seen side of a pair counts more.

    Args:
        sizes: (14,) lengths in metres: five pairs, then hip line, shoulder line, trunk and neck.
        level_sizes: (14,) their lengths across the line of sight.
        doubt: (14,) factor on their expected error, NaN where absent.

    Returns:
        (9,) lengths in metres, in the order of BONES, and weights from 0 to 1.
    """
    in_plane = level_sizes / (sizes + TINY)
    weights = filled((in_plane * in_plane / doubt) ** 2, 0.0) + TINY
    sides = weights[:_PAIRED].reshape(-1, 2)
    total = sides[:, 0] + sides[:, 1]
    paired = np.vecdot(sides, sizes[:_PAIRED].reshape(-1, 2)) / total
    return np.concatenate((paired, sizes[_PAIRED:])), np.concatenate((total / 2.0, weights[_PAIRED:]))


def begin(known: Floats, seen: Floats, weights: Floats) -> Floats:
    """The lengths after the first frame of somebody who was seen before, NaN where they are not known from then.

    A bone in the picture's plane is as long as it looks; one that points at the camera is as long as it used to be.
    What is seen wins where it can be: a length a twentieth too long would bend a straight leg by a third of a radian.
    """
    begun: Floats = np.where(np.isfinite(known), known + weights * (seen - known), seen)
    return begun


def learn(known: Floats, seen: Floats, weights: Floats, dt_s: float) -> Floats:
    """The known lengths after one more frame."""
    change = np.minimum(np.maximum(seen, CREDIBLE[0] * known), CREDIBLE[1] * known) - known
    rate = dt_s / (LEARNING_TIME_CONSTANT_S + dt_s)
    learnt: Floats = known + rate * weights * np.where(change > 0.0, 1.0, SHORTER_WEIGHT) * change
    return learnt


def restore(bones: Floats, level_sizes: Floats, lengths: Floats) -> Floats:
    """The segments with the limbs' depths drawn towards what their known lengths demand, signs kept.

    The pose model guesses limbs that point at the camera too short in depth. What the length demands is sharp for a
    limb that points away from the picture's plane and worthless for one within it, so it weighs by its own error.
    """
    limbs = bones[:_LIMBS]
    known_2 = lengths.take(_LENGTH_OF_LIMB) ** 2
    demanded_2 = np.maximum(known_2 - level_sizes[:_LIMBS] ** 2, 0.0)
    guessed = np.abs(limbs[:, 2])
    weight = demanded_2 / (demanded_2 + (known_2 * (LENGTH_SIGMA / DEPTH_SIGMA_M)) ** 2 + TINY)
    depth = guessed + weight * (np.sqrt(demanded_2) - guessed)
    restored = bones.copy()
    restored[:_LIMBS, 2] = np.copysign(depth, limbs[:, 2])
    return restored
