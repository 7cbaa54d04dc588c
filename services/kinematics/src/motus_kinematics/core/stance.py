"""What one frame hands to the next about body and view: facing, scale, bone lengths and how the athlete stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core import bones
from motus_kinematics.core.body import Floats
from motus_kinematics.core.skeleton import LINES, TRUNK, Skeleton
from motus_kinematics.core.standing import Standing
from motus_kinematics.core.vectors import TINY, across, unit

FACING_TIME_CONSTANT_S: Final = 0.3
SIZE_TIME_CONSTANT_S: Final = 1.0
LOST_S: Final = 2.0
"""After a gap this long nothing is taken for granted but the body itself."""
_IN_SCALE: Final = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
"""The segments whose lengths tell the scale: forearms, feet and neck are too short or too badly seen."""


@dataclass(frozen=True)
class Stance:
    """Slowly changing properties of body and view.

    Attributes:
        t_s: Time of the frame it was made from.
        since_s: Since when the athlete has been followed without a gap.
        lateral: (3,) unit vector to the athlete's right, camera axes.
        px_per_m: Scale of the picture at the athlete.
        lengths: (9,) bone lengths in metres, in the order of BONES; in heights of the picture where the engine has no
            world coordinates.
        yaw_deg: (2,) turn of pelvis and thorax from facing the camera, unwrapped.
        standing: What standing still has taught.
        seen_s: (9,) for how long each bone was seen in metres, by the weight it was seen with.
    """

    t_s: float
    since_s: float
    lateral: Floats
    px_per_m: float
    lengths: Floats
    yaw_deg: Floats
    standing: Standing
    seen_s: Floats

    @property
    def leg_m(self) -> float:
        """Thigh plus shank."""
        return float(self.lengths[0] + self.lengths[2])

    @property
    def trunk_m(self) -> float:
        """Hip centre to shoulder centre."""
        return float(self.lengths[7])


def follow(stance: Stance | None, seen: Skeleton, known: Floats | None = None) -> Stance:
    """The stance after one more frame.

    Args:
        stance: The one before; None at first.
        seen: The frame's body.
        known: (9,) lengths from earlier sessions, which the first frame begins with, NaN where unknown.
    """
    lateral, px_per_m, yaw_deg = _lateral(seen.bones), _scale(seen), _yaw_deg(seen.bones)
    lengths, weights = bones.observe(seen.sizes, seen.level_sizes, seen.bone_doubt)
    if stance is None:
        lengths = bones.begin(known, lengths, weights) if seen.metric and known is not None else lengths
        return Stance(seen.t_s, seen.t_s, lateral, px_per_m, lengths, yaw_deg, Standing(), np.zeros(len(lengths)))
    dt_s = seen.t_s - stance.t_s
    lengths = bones.learn(stance.lengths, lengths, weights, dt_s)
    if not 0.0 < dt_s < LOST_S:
        return Stance(seen.t_s, seen.t_s, lateral, px_per_m, lengths, yaw_deg, stance.standing, stance.seen_s)
    turn = dt_s / (FACING_TIME_CONSTANT_S + dt_s)
    size = dt_s / (SIZE_TIME_CONSTANT_S + dt_s)
    return Stance(
        t_s=seen.t_s,
        since_s=stance.since_s,
        lateral=unit(stance.lateral + turn * (lateral - stance.lateral)),
        px_per_m=stance.px_per_m + size * (px_per_m - stance.px_per_m),
        lengths=lengths,
        yaw_deg=yaw_deg + 360.0 * np.rint((stance.yaw_deg - yaw_deg) / 360.0),
        standing=stance.standing,
        seen_s=stance.seen_s + dt_s * weights if seen.metric else stance.seen_s,
    )


def _lateral(segments: Floats) -> Floats:
    """(3,) the athlete's right by hips and shoulders together."""
    lines: Floats = across(segments[LINES], unit(segments[TRUNK]))
    return unit(lines[0] + lines[1])


def _scale(seen: Skeleton) -> float:
    """Pixels per metre, by how long the segments look and how long they are across the line of sight."""
    return float(seen.flat_sizes @ _IN_SCALE) / max(float(seen.level_sizes @ _IN_SCALE), TINY)


def _yaw_deg(segments: Floats) -> Floats:
    """(2,) turn of hip and shoulder line about the vertical: 0 facing the camera, positive to the athlete's left."""
    turn: Floats = np.degrees(np.arctan2(-segments[LINES, 2], -segments[LINES, 0]))
    return turn
