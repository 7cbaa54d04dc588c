"""BlazePose by itself, without MediaPipe: the same two networks, several people, and no system library."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.blazepose.graph import Graph, Seen
from motus_pose.engines.blazepose.runner import Runner
from motus_pose.engines.port import EngineInfo, PersonPose, confidence_of


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

    def detect(self, rgb: NDArray[np.uint8], t_ms: int) -> tuple[PersonPose, ...]:
        """See `PoseEngine.detect`."""
        height, width = rgb.shape[:2]
        return tuple(_person(seen, width, height) for seen in self._graph.step(rgb, t_ms / 1000.0))

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
    )
