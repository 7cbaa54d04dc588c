"""One frame's landmarks of one person, as the core takes them: BlazePose's 33 points by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

POINTS: Final = 33


class Point(IntEnum):
    """Landmark ids; odd ones are the athlete's left."""

    NOSE = 0
    EAR_LEFT = 7
    EAR_RIGHT = 8
    SHOULDER_LEFT = 11
    SHOULDER_RIGHT = 12
    ELBOW_LEFT = 13
    ELBOW_RIGHT = 14
    WRIST_LEFT = 15
    WRIST_RIGHT = 16
    HIP_LEFT = 23
    HIP_RIGHT = 24
    KNEE_LEFT = 25
    KNEE_RIGHT = 26
    ANKLE_LEFT = 27
    ANKLE_RIGHT = 28
    HEEL_LEFT = 29
    HEEL_RIGHT = 30
    TOE_LEFT = 31
    TOE_RIGHT = 32


@dataclass(frozen=True)
class Frame:
    """What one camera frame shows of one participant.

    Attributes:
        t_s: Capture time on the source's clock.
        width, height: Size of the full picture in pixels, for the aspect ratio.
        image: (33, 3) x and y as fractions of width and height, z in the scale of x; None when nobody was seen.
        world: (33, 3) metres, origin between the hips, x right, y down, z away; None when the engine has none.
        visibility: (33,) from 0 to 1.
        presence: (33,) False where the engine lacks the point.
        smoothed: The engine has smoothed the landmarks already.
    """

    t_s: float
    width: int
    height: int
    image: Floats | None
    world: Floats | None
    visibility: Floats
    presence: Flags
    smoothed: bool = False


def empty_frame(t_s: float, width: int = 0, height: int = 0) -> Frame:
    """A frame in which the participant was not seen."""
    return Frame(t_s, width, height, None, None, np.zeros(POINTS), np.zeros(POINTS, dtype=bool))


_TWINS: Final = np.array([0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *(i + 1 if i % 2 else i - 1 for i in range(11, POINTS))])
"""Each landmark's counterpart on the other side."""


def unmirrored(frame: Frame) -> Frame:
    """What a camera would have seen that gave a mirror image, as those for selfies do: left is left again."""
    if frame.image is None:
        return frame
    return replace(
        frame,
        image=(frame.image * (-1.0, 1.0, 1.0) + (1.0, 0.0, 0.0))[_TWINS],
        world=None if frame.world is None else (frame.world * (-1.0, 1.0, 1.0))[_TWINS],
        visibility=frame.visibility[_TWINS],
        presence=frame.presence[_TWINS],
    )
