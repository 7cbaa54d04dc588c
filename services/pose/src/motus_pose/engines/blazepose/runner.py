"""The port between the graph and whatever runs the two networks."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.blazepose.points import Answer


class Runner(Protocol):
    """Runs the networks for one stream; calls never overlap."""

    @property
    def device(self) -> str:
        """`cpu`, or as `cuda:0`."""

    def detect(self, picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (2254, 12) and logits (2254,) of a picture (1, 224, 224, 3) from -1 to 1."""

    def locate(self, squares: NDArray[np.float32]) -> Answer:
        """What the landmark network says of squares (people, 256, 256, 3) from 0 to 1."""
