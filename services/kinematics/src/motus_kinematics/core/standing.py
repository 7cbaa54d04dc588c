"""What standing and moving teach: the pose model's bias on this body from this view, to be taken off (biomech 1.1).

Upright and still, legs are straight, hips are not bent, feet lie at right angles, the trunk is upright and not
turned. What is measured then instead is bias, and stays for as long as body and camera stay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
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
MOVING_TIME_CONSTANT_S: Final = 20.0
MOVING_START_S: Final = 2.0
"""The first seconds of moving count as a plain mean, later ones as a slow correction: a turn that is held for long
would be forgotten otherwise."""
MAX_TURN_DEG: Final = 60.0
"""Further off, the landmarks are wrong."""
OFFSETS: Final = 8
"""Left and right knee, hip and ankle, trunk lean, trunk rotation."""
ROTATION: Final = 7


@dataclass(frozen=True)
class Standing:
    """What was learnt so far.

    Attributes:
        places: (k, 2) low-passed points over the trunk's length, by which stillness is told; empty at first.
        still_s: For how long they have been still.
        learnt_s: Time that the offsets were learnt from.
        offsets_deg: (8,) measured minus true angle while standing.
        trunk_length: Trunk in the picture over its length in the world while standing, NaN before.
        moved_s: Time of moving that the trunk's rotation was learnt from.
    """

    places: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    still_s: float = 0.0
    learnt_s: float = 0.0
    offsets_deg: Floats = field(default_factory=lambda: np.zeros(OFFSETS))
    trunk_length: float = np.nan
    moved_s: float = 0.0


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
        return replace(before, places=places, still_s=0.0)
    low = dt_s / (STILL_TIME_CONSTANT_S + dt_s)
    moved = low * (places - before.places)
    fastest = float(np.abs(moved).max()) / dt_s
    still_s = before.still_s + dt_s if upright and fastest < STILL_SPEED else 0.0
    places = before.places + moved
    if still_s < STILL_S:
        return replace(_turned(before, float(bias_deg[ROTATION]), dt_s), places=places, still_s=still_s)
    # The first second counts as a plain mean, later ones as a slow correction.
    rate = dt_s / min(before.learnt_s + SLOW_START_S, LEARNING_TIME_CONSTANT_S)
    bias = filled(np.minimum(np.maximum(bias_deg, -MAX_OFFSET_DEG), MAX_OFFSET_DEG), 0.0)
    offsets = before.offsets_deg + rate * (bias - before.offsets_deg)
    first = not np.isfinite(before.trunk_length)
    length = trunk_length if first else before.trunk_length + rate * (trunk_length - before.trunk_length)
    return Standing(places, still_s, before.learnt_s + dt_s, offsets, length, before.moved_s)


def _turned(before: Standing, rotation_deg: float, dt_s: float) -> Standing:
    """What is known after a moment of moving: who moves turns to both sides, so rotation is none in the long run."""
    if not math.isfinite(rotation_deg):
        return before
    offsets = before.offsets_deg.copy()
    rate = dt_s / min(before.moved_s + MOVING_START_S, MOVING_TIME_CONSTANT_S)
    offsets[ROTATION] += rate * min(max(rotation_deg - offsets[ROTATION], -MAX_TURN_DEG), MAX_TURN_DEG)
    return replace(before, moved_s=before.moved_s + dt_s, offsets_deg=offsets)
