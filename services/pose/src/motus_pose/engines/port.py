"""The port between the service and whatever finds people in a picture: 33 BlazePose points per person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from motus_pose.picture import Picture

POINTS: Final = 33
ALL_POINTS: Final = (1 << POINTS) - 1


class EngineError(Exception):
    """The engine cannot be made or failed on a picture that was well-formed; the text says why."""


class RefusedError(EngineError):
    """The engine can never do what is asked of it; the text is one plain sentence that a user may see."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonPose:
    """One person as the engine sees it in one picture.

    Attributes:
        image: float32 (33, 5): x and y in fractions of width and height, z in the scale of x (smaller is nearer),
            visibility and presence from 0 to 1. Absent points are 0.
        world: float32 (33, 3) in metres, origin between the hips, x right, y down, z away; None when not known.
        presence_mask: bit i is set when point i is there.
        confidence: trust that this is a person, 0 to 1.
        followed: the engine's own number for whom it follows from picture to picture; 0 when it does not say.
        look: what the person looks like, float32 of a fixed length in units of colour difference; None: not known.
        next_place: where the engine will look for them in the next picture: centre, width and height of an upright
            rectangle in fractions of the picture's; None: it looks at whole pictures.
    """

    image: NDArray[np.float32]
    world: NDArray[np.float32] | None
    confidence: float
    presence_mask: int = ALL_POINTS
    followed: int = 0
    look: NDArray[np.float32] | None = None
    next_place: tuple[float, float, float, float] | None = None


def points_there(presence_mask: int) -> NDArray[np.bool_]:
    """Which of the 33 points a mask says are there."""
    return np.array([presence_mask >> point & 1 for point in range(POINTS)], np.bool_)


def confidence_of(image: NDArray[np.floating[Any]]) -> float:
    """Trust that there is a person, 0 to 1, by the presence of the points (33, 5)."""
    return float(np.clip(image[:, 4].mean(), 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What computes the landmarks.

    Attributes:
        name: product, as `mediapipe`.
        model: model file's short name, as `pose_landmarker_full`.
        device: `cpu` or as `cuda:0`.
        smoothed: the points are filtered over time already and must not be filtered again.
    """

    name: str
    model: str
    device: str
    smoothed: bool


class PoseEngine(Protocol):
    """Finds people in the pictures of one stream. It has state, so one stream has one engine; calls never overlap."""

    @property
    def info(self) -> EngineInfo:
        """What computes the landmarks."""

    def follow(self, people: int) -> None:
        """Follow at least so many people.

        Raises:
            RefusedError: it cannot follow so many.
        """

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        """The people in one picture; blocks for as long as the network runs.

        Args:
            picture: what was sent of it; only read.
            t_ms: the picture's time in milliseconds, ascending.

        Raises:
            EngineError: the engine failed; a new one is needed.
        """

    def close(self) -> None:
        """Give everything back; no call may follow."""


EngineFactory = Callable[[], PoseEngine]
