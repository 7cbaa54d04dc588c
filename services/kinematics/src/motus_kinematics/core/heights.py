"""Heights in the picture over the body's own lengths."""

from __future__ import annotations

from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.errors import Errors
from motus_kinematics.core.skeleton import HIP_CENTER, SHOULDER_CENTER, Skeleton
from motus_kinematics.core.stance import Stance

HEIGHT_SIGMA: Final = 0.03
"""Error of a height over a leg's or the trunk's length, all points well seen."""
HEIGHTS: Final = (
    "hip_height_ratio",
    "shoulder_height_ratio",
    *(f"wrist_height_{side}_ratio" for side in SIDES),
    "hip_level_m",
    "shoulder_level_m",
    "side_view_ratio",
)
_ANKLES: Final = np.array([27, 28], dtype=np.intp)
_WRISTS: Final = np.array([15, 16], dtype=np.intp)


def heights(seen: Skeleton, stance: Stance) -> tuple[Floats, Errors]:
    """Heights, two of them in metres, and the view: (7,) in the order of HEIGHTS, and their errors."""
    down, doubt = seen.pixels[:, 1], seen.point_doubt
    hip, shoulder = float(down[HIP_CENTER]), float(down[SHOULDER_CENTER])
    ankles, wrists = down[_ANKLES].tolist(), down[_WRISTS].tolist()
    leg_px, trunk_px = stance.leg_m * stance.px_per_m, stance.trunk_m * stance.px_per_m
    shoulders = down[[11, 12]].tolist()
    values = (
        ((ankles[0] + ankles[1]) / 2.0 - hip) / leg_px,
        ((wrists[0] + wrists[1]) / 2.0 - shoulder) / trunk_px,
        (shoulders[0] - wrists[0]) / trunk_px,
        (shoulders[1] - wrists[1]) / trunk_px,
        -hip / stance.px_per_m,
        -shoulder / stance.px_per_m,
        abs(float(stance.lateral[2])),
    )
    feet, hands = doubt[_ANKLES], doubt[_WRISTS]
    hip_doubt, shoulder_doubt = doubt[HIP_CENTER], doubt[SHOULDER_CENTER]
    doubts = np.array((feet.max(), hands.max(), hands[0], hands[1], hip_doubt, shoulder_doubt, 1.0))
    bases = np.array((hip_doubt, shoulder_doubt, shoulder_doubt, shoulder_doubt, 0.0, 0.0, 0.0))
    doubts = np.maximum(doubts, bases)
    return np.array(values), Errors(HEIGHT_SIGMA * doubts, doubts > 1.0)
