"""A body's directions and frames in one moment, from which every angle is read.

Axes: camera x right, y down, z away. Body: Y up along the trunk, Z to the athlete's right, X = Y x Z forward
(ISB, Wu 2002 and 2005). Legs go by the hip line, arms by the shoulder line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.bones import restore
from motus_kinematics.core.skeleton import LINES, TRUNK, Skeleton
from motus_kinematics.core.stance import Stance
from motus_kinematics.core.vectors import TINY, across, crosser, length, ramp, ramp_scalar

DOWN = 14
"""Row behind the segments: straight down."""
_DOWN: Final = np.array([[0.0, 1.0, 0.0]])
_ONE: Final = np.ones(1)
SIDE_VIEW_BAND: Final = (0.75, 0.93)
"""Share of the athlete's lateral axis along the line of sight, from which on the picture weighs and decides: about 40
and 20 degrees off the side view."""
LINE_BAND: Final = (0.5, 0.8)
"""Share of its known length below which the hip or shoulder line is not trusted, and from which on it is."""


@dataclass(frozen=True)
class Geometry:
    """Directions of one moment.

    Attributes:
        sizes: (15,) lengths in metres of the segments, depths restored, and of the row DOWN.
        solid: (15, 3) their directions in space.
        flat_sizes: (15,) their lengths in the picture in pixels.
        flat: (15, 2) their directions in the picture.
        right: (2, 3) Z of pelvis and thorax.
        forward: (2, 3) X of pelvis and thorax.
        lateral: (3,) low-passed direction to the athlete's right.
        heading: Its x and z on the level, of length 1.
        ahead: (3,) level direction in which the athlete faces.
        side: How much the picture decides: 0 from front and back, 1 from the side.
        facing: 1 when the athlete faces right in the picture, else -1.
    """

    sizes: Floats
    solid: Floats
    flat_sizes: Floats
    flat: Floats
    right: Floats
    forward: Floats
    lateral: Floats
    heading: tuple[float, float]
    ahead: Floats
    side: float
    facing: float


def geometry(seen: Skeleton, stance: Stance) -> Geometry:
    """Directions and frames of a frame's skeleton."""
    segments = np.concatenate((restore(seen.bones, seen.level_sizes, stance.lengths), _DOWN))
    shadows = np.concatenate((seen.shadows, _DOWN[:, :2]))
    sizes, flat_sizes = length(segments), np.concatenate((seen.flat_sizes, _ONE))
    solid = segments / (sizes + TINY)[:, None]
    flat = shadows / (flat_sizes + TINY)[:, None]
    trunk, lateral = solid[TRUNK], stance.lateral
    trusted = ramp(sizes[LINES] / np.maximum(stance.lengths[5:7], TINY), *LINE_BAND)[:, None]
    right = across(lateral + trusted * (solid[LINES] - lateral), trunk)
    x, _, z = lateral.tolist()
    level = max(math.hypot(x, z), TINY)
    return Geometry(
        sizes=sizes,
        solid=solid,
        flat_sizes=flat_sizes,
        flat=flat,
        right=right,
        forward=right @ crosser(trunk),
        lateral=lateral,
        heading=(x / level, z / level),
        ahead=np.array((-z / level, 0.0, x / level)),
        side=ramp_scalar(abs(z), *SIDE_VIEW_BAND),
        facing=-1.0 if z > 0.0 else 1.0,
    )
