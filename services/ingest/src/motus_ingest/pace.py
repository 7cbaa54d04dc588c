"""Pure core: how many frames a second a live source sends, by what pose's answers say of its load."""

from dataclasses import dataclass, replace
from typing import Final

LAG_MS: Final = 100.0
"""Answers that come later say that frames wait."""
SLOWEST_FPS: Final = 2.0
DOWN, UP = 0.8, 1.12
EVERY_S: Final = 0.3
"""A change shows in the answers only after a while."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The rate of one session.

    Attributes:
        max_fps: what the operator allows.
        fps: what is sent now.
        changed_s: when that was changed last, on a steady clock.
        behind: since then an answer came late, or a frame was replaced before pose looked at it.
    """

    max_fps: float
    fps: float
    changed_s: float = 0.0
    behind: bool = False

    @classmethod
    def start(cls, max_fps: float) -> "Pace":
        """The pace of a session of which nothing is known."""
        return cls(max_fps, max_fps)

    def told(self, now_s: float, *, lag_ms: float, dropped: bool, wanted_fps: float, arriving_fps: float) -> "Pace":
        """The pace after one answer.

        Args:
            now_s: of a steady clock.
            lag_ms: from the frame's ingest to the answer.
            dropped: pose did not look at it since a newer one was there, or it was too old.
            wanted_fps: what pose could take; 0: it does not say.
            arriving_fps: what the source gives.
        """
        behind = self.behind or dropped or lag_ms > LAG_MS
        if now_s - self.changed_s < EVERY_S:
            return replace(self, behind=behind)
        bound = min(self.max_fps, wanted_fps or self.max_fps)
        fps = DOWN * min(self.fps, arriving_fps or self.fps) if behind else UP * self.fps
        return Pace(self.max_fps, max(SLOWEST_FPS, min(fps, bound)), now_s)
