"""Puts together what the picture and the world landmarks show of the same angles (biomech 1.2).

From the side the picture is right, since limbs bend in its plane. From the front it hides what bends along the line of
sight, and depth decides.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.geometry import Geometry
from motus_kinematics.core.raw_angles import ANKLES, KNEES, Raw
from motus_kinematics.core.vectors import TINY

HYPEREXTENSION_DEG: Final = 15.0
"""No knee bends further against its hinge: beyond, the picture's plane is not that of the leg."""
UNBIASED_DEG: Final = np.array([50.0, 50.0, 70.0, 70.0, 70.0])
"""From here on what standing taught does not hold: another pose has another bias."""
_FADING: Final = np.array([0, 1, 11, 12, 13], dtype=np.intp)
"""Knees, hips and lean among the raw angles,"""
_FADING_OFFSETS: Final = np.array([0, 1, 2, 3, 6], dtype=np.intp)
"""and among what standing taught."""
_BENT_BY_NOISE: Final = slice(6, 11)
"""Ankles, thighs and neck,"""
NOISE_DEG: Final = np.array([[0.0, 0.0, 6.0, 6.0, 10.0], [0.0, 0.0, 3.0, 3.0, 4.0]])
"""and by how much the errors of landmarks bend two straight segments, in the world and in the picture: an angle that
cannot be negative reads that much when it is none, and rightly from twice of it on. Ankles are never near 0."""


def mix(solid: Floats, flat: Floats, shown: Floats) -> Floats:
    """Angles from the world's and the picture's; those of one side of a half turn are brought together first."""
    return solid + shown * ((flat - solid + 180.0) % 360.0 - 180.0)


def fuse(body: Geometry, raw: Raw, offsets_deg: Floats) -> Floats:
    """(14,) angles in the order of the raw ones; ankles from a right angle, all without what standing taught."""
    both = np.array((raw.solid, raw.flat))
    unsigned = both[:, _BENT_BY_NOISE]
    both[:, _BENT_BY_NOISE] = unsigned * (1.0 - np.exp(-((unsigned / (NOISE_DEG + TINY)) ** 2)))
    solid, flat = both
    biased, offsets = solid[_FADING], offsets_deg[_FADING_OFFSETS]
    share = np.minimum(np.maximum((UNBIASED_DEG - biased) / (UNBIASED_DEG - offsets), 0.0), 1.0)
    solid[_FADING] = biased - offsets * share
    knees = flat[KNEES]
    against = (body.facing * raw.knee_turn < 0.0) & (knees < HYPEREXTENSION_DEG)
    flat[KNEES] = np.where(against, -knees, knees)
    fused = mix(solid, flat, raw.shown)
    fused[ANKLES] = 90.0 - fused[ANKLES] - offsets_deg[4:6]
    return fused
