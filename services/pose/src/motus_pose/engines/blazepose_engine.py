"""BlazePose by itself, without MediaPipe: the same two networks, several people, and no system library."""

from typing import Final

import numpy as np

from motus_pose.engines.blazepose.graph import Graph, Seen
from motus_pose.engines.blazepose.roi import Roi
from motus_pose.engines.blazepose.runner import Runner
from motus_pose.engines.port import EngineInfo, PersonPose, confidence_of
from motus_pose.picture import Picture


class BlazePoseEngine:
    """Follows the people of one stream.

    Args:
        runner: Runs the networks.
        model: The model's short name.
        people: How many are followed at most.
        smooth: Whether points are filtered over time, as MediaPipe does.
    """

    def __init__(self, runner: Runner, model: str, *, people: int = 1, smooth: bool = True) -> None:
        self.info: Final = EngineInfo(name="blazepose", model=model, device=runner.device, smoothed=smooth)
        self._graph = Graph(runner, people=people, smooth=smooth)

    def follow(self, people: int) -> None:
        """See `PoseEngine.follow`."""
        self._graph.most = max(self._graph.most, people)

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        """See `PoseEngine.detect`."""
        found = self._graph.step(picture, t_ms / 1000.0)
        return tuple(_person(seen, picture.width, picture.height) for seen in found)

    def close(self) -> None:
        """See `PoseEngine.close`."""


def _person(seen: Seen, width: int, height: int) -> PersonPose:
    image = seen.points.image / np.array([width, height, width, 1.0, 1.0])
    return PersonPose(
        image=image.astype(np.float32),
        world=seen.points.world.astype(np.float32),
        confidence=confidence_of(image),
        followed=seen.number,
        look=seen.look,
        next_place=_fractions(seen.points.roi, width, height),
    )


def _fractions(roi: Roi, width: int, height: int) -> tuple[float, float, float, float]:
    """The upright square around a turned one: centre, width and height in fractions of the picture's."""
    side = roi.reach
    return roi.x / width, roi.y / height, side / width, side / height
