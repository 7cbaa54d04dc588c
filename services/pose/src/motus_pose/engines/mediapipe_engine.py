"""MediaPipe Tasks PoseLandmarker in VIDEO mode, one per stream.

With one pose MediaPipe tracks the person from picture to picture and smooths the points itself; with more it does
neither, so this adapter asks for one.
"""

from pathlib import Path
from typing import Any, Final

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

from motus_pose.engines.port import EngineError, EngineInfo, PersonPose, RefusedError, confidence_of
from motus_pose.picture import Picture


class MediapipeEngine:
    """A landmarker with its tracking state, about 75 MB.

    Args:
        model: path of a pose landmarker `.task`; a path rather than bytes lets landmarkers share its pages.

    Raises:
        EngineError: the model cannot be used.
    """

    def __init__(self, model: Path) -> None:
        self.info: Final = EngineInfo(name="mediapipe", model=model.stem, device="cpu", smoothed=True)
        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=1,
        )
        try:
            self._landmarker = vision.PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineError(f"mediapipe cannot use {model}: {error}") from None
        self._last_ms = -1

    def follow(self, people: int) -> None:
        """See `PoseEngine.follow`."""
        if people > 1:
            raise RefusedError(f"The pose engine mediapipe follows one person, and {people} are to be followed.")

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        """See `PoseEngine.detect`; times that do not ascend are moved behind the last one by a millisecond."""
        # MediaPipe reads the buffer as if it were dense and silently returns garbage for padded rows.
        image = mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(picture.rgb()))
        self._last_ms = max(self._last_ms + 1, t_ms)
        try:
            result = self._landmarker.detect_for_video(image, self._last_ms)
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineError(f"mediapipe failed: {error}") from None
        return tuple(map(_person, result.pose_landmarks, result.pose_world_landmarks))

    def close(self) -> None:
        """See `PoseEngine.close`."""
        self._landmarker.close()


def _person(image: list[Any], world: list[Any]) -> PersonPose:
    points = np.array([(p.x, p.y, p.z, p.visibility or 0.0, p.presence or 0.0) for p in image], np.float32)
    return PersonPose(
        image=points,
        world=np.array([(p.x, p.y, p.z) for p in world], np.float32),
        confidence=confidence_of(points),
    )
