"""How well each person is seen: over a second each, as metrics of the service, never of a session."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter, Histogram

from motus_pose.engines.port import PersonPose
from motus_pose.places import TRUNK
from motus_pose.tracking import TrackedPerson

SPAN_S: Final = 1.0
AT_REST: Final = 0.15
"""Lengths of the trunk a second: who moves less stands still, and what moves is jitter."""
VISIBILITY: Final = Histogram(
    "motus_pose_person_visibility",
    "Mean visibility of a participant's points over a second.",
    buckets=(0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0),
)
JITTER: Final = Histogram(
    "motus_pose_person_jitter_ratio",
    "Noise of a participant's shoulders and hips at rest over a second, in lengths of the trunk.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
)
LIMB_DRIFT: Final = Histogram(
    "motus_pose_person_limb_drift_ratio",
    "How far the lengths of a participant's limbs stray from their mean within a second, as a share.",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5),
)
LOST: Final = Counter("motus_pose_person_lost_frames", "Frames without a participant who had been seen in them before.")

_LIMBS: Final = np.array([(11, 13), (12, 14), (13, 15), (14, 16), (23, 25), (24, 26), (25, 27), (26, 28)])
_SECOND_DIFFERENCE: Final = np.sqrt(6.0)
"""Of independent errors, the second difference has six times the variance."""


@dataclass
class _Span:
    """A second of one participant."""

    began_s: float
    poses: list[PersonPose] = field(default_factory=list)


class Quality:
    """Watches a session's participants."""

    def __init__(self) -> None:
        self._spans: dict[str, _Span] = {}
        self._seen: set[str] = set()

    def watch(self, persons: Sequence[TrackedPerson], t_s: float, aspect: float) -> None:
        """Take a picture's people in.

        Args:
            persons: who was seen.
            t_s: when, seconds.
            aspect: the picture's width over its height.
        """
        there = {person.participant: person.pose for person in persons if person.participant}
        LOST.inc(len(self._seen - there.keys()))
        self._seen |= there.keys()
        for participant, pose in there.items():
            span = self._spans.setdefault(participant, _Span(t_s))
            if not 0.0 <= t_s - span.began_s < SPAN_S:
                _tell(span.poses, t_s - span.began_s, aspect)
                span = self._spans[participant] = _Span(t_s)
            span.poses.append(pose)


def _tell(poses: Sequence[PersonPose], seconds: float, aspect: float) -> None:
    VISIBILITY.observe(float(np.mean([pose.image[:, 3] for pose in poses])))
    drift = limb_drift(pose.world for pose in poses if pose.world is not None)
    if drift is not None:
        LIMB_DRIFT.observe(drift)
    noise = jitter(np.stack([pose.image[:, :2] for pose in poses]) * (aspect, 1.0), seconds)
    if noise is not None:
        JITTER.observe(noise)


def limb_drift(worlds: Iterable[NDArray[np.float32]]) -> float | None:
    """Standard deviation of limbs' lengths over their means, their median; None of less than two pictures.

    Args:
        worlds: (33, 3) metres, of each picture.
    """
    points = [world[_LIMBS] for world in worlds]
    if len(points) < 2:
        return None
    lengths = np.linalg.norm(np.stack(points)[:, :, 0] - np.stack(points)[:, :, 1], axis=-1)
    return float(np.median(lengths.std(axis=0) / np.maximum(lengths.mean(axis=0), 1e-6)))


def jitter(points: NDArray[np.floating], seconds: float) -> float | None:
    """Noise of shoulders and hips in lengths of the trunk, one sigma; None of somebody who moves, or of too little.

    Args:
        points: (pictures, 33, 2) in heights of the picture.
        seconds: how long they last.
    """
    if len(points) < 3 or seconds <= 0.0:
        return None
    trunk = points[:, TRUNK]
    length = float(np.linalg.norm(trunk[:, :2].mean(axis=1) - trunk[:, 2:].mean(axis=1), axis=-1).mean())
    moved = float(np.linalg.norm(trunk[-1] - trunk[0], axis=-1).mean())
    if length <= 0.0 or moved / seconds > AT_REST * length:
        return None
    bends = np.diff(trunk, n=2, axis=0)
    return float(np.sqrt(np.mean(bends**2)) / _SECOND_DIFFERENCE / length)
