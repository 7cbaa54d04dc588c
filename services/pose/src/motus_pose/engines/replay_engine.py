"""Plays recorded landmarks in place of a network: for more streams than a machine can infer, and without a model.

Everything around the engine is real, decoding of the pictures included; what they show does not matter. The engine is
named in every message, so nobody takes its landmarks for seen ones.
"""

from typing import Final

import numpy as np

from motus_pose.engines.port import EngineInfo, PersonPose, confidence_of
from motus_pose.engines.recording import Recording
from motus_pose.picture import Picture


class ReplayEngine:
    """A recording that is played over and over, at the pace of the pictures' own times.

    Args:
        recording: what to play; engines may share it.
        name: its short name, as the file's stem.
    """

    def __init__(self, recording: Recording, name: str) -> None:
        self.info: Final = EngineInfo(name="replay", model=name, device="cpu", smoothed=recording.smoothed)
        self._recording = recording
        times = recording.t_s
        # The last frame lasts as long as the others do on average.
        self._period_s = float(times[-1] - times[0]) * len(times) / (len(times) - 1)

    def follow(self, people: int) -> None:
        """See `PoseEngine.follow`; it plays what was recorded, whoever is asked for."""

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        """See `PoseEngine.detect`: who was there at that time of the recording."""
        times = self._recording.t_s
        t_s = times[0] + t_ms / 1000 % self._period_s
        frame = int(np.searchsorted(times, t_s, side="right")) - 1
        image, world = self._recording.image[frame], self._recording.world[frame]
        if not np.isfinite(image).all():
            return ()
        known = world if np.isfinite(world).all() else None
        return (PersonPose(image=image, world=known, confidence=confidence_of(image)),)

    def close(self) -> None:
        """See `PoseEngine.close`."""
