"""What standing still teaches: the pose model's bias on this body from this view, to be taken off later (biomech 1.1).

Upright and still, legs are straight, hips are not bent, feet lie at right angles, the trunk is upright and not
turned. What is measured then instead is bias, and stays for as long as body and camera stay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.vectors import filled

STILL_S: Final = 0.4
"""Still for so long, one stands; less is a turning point."""
STILL_SPEED: Final = 0.12
"""Trunk lengths per second; the jitter of landmarks, low-passed, is slower."""
STILL_TIME_CONSTANT_S: Final = 0.25
LEARNING_TIME_CONSTANT_S: Final = 2.0
SLOW_START_S: Final = 0.5
MAX_OFFSET_DEG: Final = 30.0
OFFSETS: Final = 8
"""Left and right knee, hip and ankle, trunk lean, trunk rotation."""


@dataclass(frozen=True)
class Standing:
    """What was learnt so far.

    Attributes:
        places: (k, 2) low-passed points over the trunk's length, by which stillness is told; empty at first.
        still_s: For how long they have been still.
        learnt_s: Time that the offsets were learnt from.
        offsets_deg: (8,) measured minus true angle while standing.
        trunk_length: Trunk in the picture over its length in the world while standing, NaN before.
    """

    places: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    still_s: float = 0.0
    learnt_s: float = 0.0
    offsets_deg: Floats = field(default_factory=lambda: np.zeros(OFFSETS))
    trunk_length: float = np.nan


def follow_standing(
    before: Standing, places: Floats, dt_s: float, *, upright: bool, bias_deg: Floats, trunk_length: float
) -> Standing:
    """What is known after one more frame.

    Args:
        before: What was known.
        places: (k, 2) points of the body over the trunk's length in the picture.
        dt_s: Time since the frame before, 0 for the first one.
        upright: Trunk and legs look upright and straight.
        bias_deg: (8,) measured minus expected angles of this frame, NaN where not measured.
        trunk_length: Trunk in the picture over its length in the world.
    """
    if not len(before.places) or dt_s <= 0.0:
        return Standing(places, 0.0, before.learnt_s, before.offsets_deg, before.trunk_length)
    low = dt_s / (STILL_TIME_CONSTANT_S + dt_s)
    moved = low * (places - before.places)
    fastest = float(np.abs(moved).max()) / dt_s
    still_s = before.still_s + dt_s if upright and fastest < STILL_SPEED else 0.0
    places = before.places + moved
    if still_s < STILL_S:
        return Standing(places, still_s, before.learnt_s, before.offsets_deg, before.trunk_length)
    # The first second counts as a plain mean, later ones as a slow correction.
    rate = dt_s / min(before.learnt_s + SLOW_START_S, LEARNING_TIME_CONSTANT_S)
    bias = filled(np.minimum(np.maximum(bias_deg, -MAX_OFFSET_DEG), MAX_OFFSET_DEG), 0.0)
    offsets = before.offsets_deg + rate * (bias - before.offsets_deg)
    first = not np.isfinite(before.trunk_length)
    length = trunk_length if first else before.trunk_length + rate * (trunk_length - before.trunk_length)
    return Standing(places, still_s, before.learnt_s + dt_s, offsets, length)
