"""MoveNet SinglePose: one person, 17 points, which are 17 of the 33; the others are absent."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.movenet.crop import Crop, Floats, following, sampled, to_picture, torso_visible, whole
from motus_pose.engines.movenet.network import Network
from motus_pose.engines.port import POINTS, EngineInfo, PersonPose, RefusedError
from motus_pose.picture import Picture

PLACES: Final = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
"""Which of the 33 points each of the 17 is: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles."""
PRESENCE: Final = sum(1 << place for place in PLACES)


class MovenetEngine:
    """Follows one person in one stream, as long as a shoulder and a hip are seen.

    Args:
        network: the network.
        model: its short name.
    """

    def __init__(self, network: Network, model: str) -> None:
        self.info: Final = EngineInfo(name="movenet", model=model, device="cpu", smoothed=False)
        self._network, self._request = network, network.request()
        self._crop: Crop | None = None
        self._size = (0, 0)

    def follow(self, people: int) -> None:
        """See `PoseEngine.follow`."""
        if people > 1:
            raise RefusedError(f"The pose engine movenet follows one person, and {people} are to be followed.")

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        """See `PoseEngine.detect`."""
        rgb = picture.rgb()
        height, width = rgb.shape[:2]
        if self._crop is None or self._size != (width, height):
            self._crop, self._size = whole(width, height), (width, height)
        points = to_picture(self._network.points(self._request, _cut(rgb, self._crop, self._network.side)), self._crop)
        self._crop = following(points, width, height)
        return (_person(points, width, height),) if torso_visible(points) else ()

    def close(self) -> None:
        """See `PoseEngine.close`."""


def _cut(rgb: NDArray[np.uint8], crop: Crop, side: int) -> NDArray[np.uint8]:
    """The square as the network takes it; black beyond the picture."""
    x, y = sampled(crop, side)
    square: NDArray[np.uint8] = cv2.remap(rgb, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)  # type: ignore[assignment]
    return square


def _person(points: Floats, width: int, height: int) -> PersonPose:
    image = np.zeros((POINTS, 5), np.float32)
    image[PLACES, :2] = points[:, :2] / (width, height)
    image[PLACES, 3] = image[PLACES, 4] = points[:, 2].clip(0.0, 1.0)
    trust = float(image[PLACES, 4].mean())
    return PersonPose(image=image, world=None, confidence=trust, presence_mask=PRESENCE)
