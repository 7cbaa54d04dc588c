"""What one frame hands to the next about body and view: facing, scale and bone lengths, all low-passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats, Point
from motus_kinematics.core.vectors import TINY, across, length, unit

UP: Final = np.array([0.0, -1.0, 0.0])
"""Against gravity in camera axes; the camera is taken to stand level."""
FACING_TIME_CONSTANT_S: Final = 0.3
SIZE_TIME_CONSTANT_S: Final = 1.0

_SCALE_FROM: Final = np.array([11, 12, 23, 24, 25, 26, 11, 12, 11, 23], dtype=np.intp)
_SCALE_TO: Final = np.array([23, 24, 25, 26, 27, 28, 13, 14, 12, 24], dtype=np.intp)


@dataclass(frozen=True)
class Stance:
    """Slowly changing properties of body and view.

    Attributes:
        t_s: Time of the frame it was made from.
        lateral: (3,) unit vector to the athlete's right, camera axes.
        px_per_m: Scale of the picture at the athlete.
        leg_m: Thigh plus shank.
        trunk_m: Hip centre to shoulder centre.
    """

    t_s: float
    lateral: Floats
    px_per_m: float
    leg_m: float
    trunk_m: float


def trunk_line(points: Floats) -> Floats:
    """(3,) from the hip centre to the shoulder centre."""
    line: Floats = (
        points[Point.SHOULDER_LEFT] + points[Point.SHOULDER_RIGHT] - points[Point.HIP_LEFT] - points[Point.HIP_RIGHT]
    ) / 2.0
    return line


def follow(stance: Stance | None, t_s: float, pixels: Floats, world: Floats) -> Stance:
    """The stance after one more frame; pixels and world are (33, 3), absent points zero."""
    seen = _observe(t_s, pixels, world)
    if stance is None or not 0.0 < t_s - stance.t_s < 2.0:
        return seen
    dt_s = t_s - stance.t_s
    facing = dt_s / (FACING_TIME_CONSTANT_S + dt_s)
    size = dt_s / (SIZE_TIME_CONSTANT_S + dt_s)
    return Stance(
        t_s=t_s,
        lateral=unit(stance.lateral + facing * (seen.lateral - stance.lateral)),
        px_per_m=stance.px_per_m + size * (seen.px_per_m - stance.px_per_m),
        leg_m=stance.leg_m + size * (seen.leg_m - stance.leg_m),
        trunk_m=stance.trunk_m + size * (seen.trunk_m - stance.trunk_m),
    )


def _observe(t_s: float, pixels: Floats, world: Floats) -> Stance:
    """The stance that a single frame shows."""
    trunk = trunk_line(world)
    axis = unit(trunk)
    hips = across(world[Point.HIP_RIGHT] - world[Point.HIP_LEFT], axis)
    shoulders = across(world[Point.SHOULDER_RIGHT] - world[Point.SHOULDER_LEFT], axis)
    bones = world[_SCALE_TO] - world[_SCALE_FROM]
    shadow_m = length(bones[:, :2]).sum()
    shadow_px = length((pixels[_SCALE_TO] - pixels[_SCALE_FROM])[:, :2]).sum()
    return Stance(
        t_s=t_s,
        lateral=unit(hips + shoulders),
        px_per_m=float(shadow_px / max(shadow_m, TINY)),
        leg_m=float(length(bones[2:6]).sum() / 2.0),
        trunk_m=float(length(trunk)),
    )
