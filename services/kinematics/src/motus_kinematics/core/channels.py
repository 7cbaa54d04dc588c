"""The columns that the core computes per frame, in one fixed order.

Published channels bear the names of the register of measures; the INTERNAL ones do not leave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.body import Floats

Codes = NDArray[np.uint8]

SIDES: Final = ("left", "right")
PER_SIDE_ANGLES: Final = (
    "knee_flexion",
    "hip_flexion",
    "elbow_flexion",
    "shoulder_elevation",
    "ankle_dorsiflexion",
    "thigh_elevation",
    "hip_abduction",
    "shoulder_plane",
    "knee_valgus",
)

POSITIONS: Final = (
    *(f"{joint}_{side}_deg" for joint in PER_SIDE_ANGLES for side in SIDES),
    "trunk_lean_deg",
    "trunk_lean_lateral_deg",
    "trunk_rotation_deg",
    "pelvis_yaw_deg",
    "thorax_yaw_deg",
    "hip_hinge_deg",
    "neck_trunk_deg",
    "trunk_shape_ratio",
    "hip_height_ratio",
    "shoulder_height_ratio",
    "wrist_height_left_ratio",
    "wrist_height_right_ratio",
    "hip_level_m",
    "shoulder_level_m",
    "side_view_ratio",
)
"""What is measured in a frame. `*_level_m` is a height in the picture in metres of the body's own scale;
`side_view_ratio` is 1 for an athlete seen from the side and 0 for one seen from the front or the back."""
INTERNAL: Final = ("hip_level_m", "shoulder_level_m", "side_view_ratio")

DEGREES_PER_UNIT: Final = np.array([1.0 if name.endswith("_deg") else np.degrees(1.0) for name in POSITIONS])
"""A ratio's error counts as that of the angle by which a leg of length 1 would have to swing."""

DIFFERENTIATED: Final = (
    *(f"{joint}_{side}_deg" for joint in PER_SIDE_ANGLES[:4] for side in SIDES),
    "trunk_lean_deg",
)
"""Positions whose velocity is published too."""


def velocity_name(position: str) -> str:
    """Register name of a position's velocity: `knee_flexion_left_deg` gives `knee_flexion_velocity_left_deg_s`."""
    stem = position.removesuffix("_deg")
    for side in SIDES:
        if stem.endswith(f"_{side}"):
            return f"{stem.removesuffix(f'_{side}')}_velocity_{side}_deg_s"
    return f"{stem}_velocity_deg_s"


INDEX: Final = {name: i for i, name in enumerate(POSITIONS)}
DIFFERENTIATED_INDEX: Final = np.array([INDEX[name] for name in DIFFERENTIATED])
PUBLISHED: Final = (
    *(name for name in POSITIONS if name not in INTERNAL),
    *(velocity_name(name) for name in DIFFERENTIATED),
)
"""Names of the published columns: positions, then velocities."""


class Absence(IntEnum):
    """Why a value is not there; PRESENT when it is."""

    PRESENT = 0
    NO_PERSON = 1
    OCCLUDED = 2
    VIEW = 3
    TOO_FEW_FRAMES = 4
    NOT_PROVIDED = 5
    IMPLAUSIBLE = 6
    NOT_APPLICABLE = 7


class Grade(IntEnum):
    """Trust in a value by its expected error in degrees: below 5, 10, 20, or more."""

    ABSENT = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3
    NONE = 4


GRADE_BOUNDS_DEG: Final = np.array([5.0, 10.0, 20.0])
RATE_GRADE_BOUNDS_DEG_S: Final = np.array([15.0, 30.0, 60.0])
"""Those of velocities, whose errors are of another size: 20 deg/s where a camera sees a joint well (biomech 2)."""


def grade_of(sigma: float, bounds: Floats = GRADE_BOUNDS_DEG) -> Grade:
    """Grade of an expected error in the unit of the bounds; NaN has none."""
    if not np.isfinite(sigma):
        return Grade.ABSENT
    return Grade(1 + int(np.searchsorted(bounds, sigma, side="right")))


@dataclass(frozen=True)
class Reading:
    """All positions of one moment.

    Attributes:
        t_s: Capture time on the source's clock.
        values: (P,) in the order of POSITIONS, NaN where absent.
        sigmas: (P,) standard errors in the channel's unit, NaN where absent.
        absences: (P,) Absence codes: why a value is NaN, or is not to be published since its error is too large.
    """

    t_s: float
    values: Floats
    sigmas: Floats
    absences: Codes

    @property
    def shown(self) -> bool:
        """Whether the frame shows the participant at all."""
        return bool(np.isfinite(self.sigmas).any())


def nothing(t_s: float, reason: Absence) -> Reading:
    """The reading of a frame that shows nothing, for one reason."""
    empty = np.full(len(POSITIONS), np.nan)
    return Reading(t_s, empty, empty, np.full(len(POSITIONS), reason, dtype=np.uint8))
