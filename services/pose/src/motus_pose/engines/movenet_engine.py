"""MoveNet SinglePose: 17 keypoints of one person, in the picture only."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.movenet.crop import KEYPOINTS, cut, next_crop, to_picture
from motus_pose.engines.movenet.network import Network
from motus_pose.engines.port import POINTS, EngineInfo, PersonPose, RefusedError
from motus_pose.picture import Picture

# COCO's order is nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, left before right.
LANDMARKS: Final = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""The BlazePose points that MoveNet's keypoints are."""
PRESENCE_MASK: Final = sum(1 << point for point in LANDMARKS)
SOMEBODY: Final = 0.2
"""The network names the likeliest body in any picture. Somebody is there when the mean of its 17 scores is above this,
as in the authors' Android example (`MIN_CONFIDENCE` on the person's score)."""


class MoveNetEngine:
    """Follows one person of one stream.

    Args:
        network: Runs the network; engines share it.
        model: The model's short name.
    """

    def __init__(self, network: Network, model: str) -> None:
        self.info: Final = EngineInfo(name="movenet", model=model, device="cpu", smoothed=False)
        self._network, self._stage = network, network.stage()
        # Where somebody was; with no score at all the whole picture is looked at.
        self._keypoints: NDArray[np.float64] = np.zeros((KEYPOINTS, 3))

    def follow(self, people: int) -> None:
        """See `PoseEngine.follow`."""
        if people > 1:
            raise RefusedError(f"The pose engine movenet follows one person, and {people} are to be followed.")

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        """See `PoseEngine.detect`; time does not matter."""
        rgb = picture.rgb()
        height, width = rgb.shape[:2]
        crop = next_crop(self._keypoints, height, width)
        found = self._network.look(self._stage, cut(rgb, crop, self._network.side))
        self._keypoints = to_picture(found, crop, height, width)
        person = _person(self._keypoints)
        return (person,) if person.confidence > SOMEBODY else ()

    def close(self) -> None:
        """See `PoseEngine.close`."""


def _person(keypoints: NDArray[np.float64]) -> PersonPose:
    """Keypoints (17, 3) in fractions of the picture as the points of a person; depth is not known and 0."""
    y, x, score = keypoints.T
    image = np.zeros((POINTS, 5), np.float32)
    image[LANDMARKS, :] = np.column_stack([x, y, np.zeros(KEYPOINTS), score, score])
    confidence = float(np.clip(score.mean(), 0.0, 1.0))
    return PersonPose(image=image, world=None, confidence=confidence, presence_mask=PRESENCE_MASK)
