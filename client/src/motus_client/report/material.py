"""What the page shows beside the outcome: angles over time, and key frames with the skeleton on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motus.v1 import movement_pb2
from motus_client.client import Client
from motus_client.outcome import Outcome
from motus_client.report.keyframes import Picture, pictures_at
from motus_client.series import Landmark, TimeSeries, image_landmarks

MAX_POINTS = 1200
# Angle channels by the joint that a plot is about.
PLOTS = {
    "Knee flexion": ("knee_flexion_left_deg", "knee_flexion_right_deg"),
    "Hip flexion": ("hip_flexion_left_deg", "hip_flexion_right_deg"),
    "Elbow flexion": ("elbow_flexion_left_deg", "elbow_flexion_right_deg"),
    "Shoulder elevation": ("shoulder_elevation_left_deg", "shoulder_elevation_right_deg"),
    "Ankle dorsiflexion": ("ankle_dorsiflexion_left_deg", "ankle_dorsiflexion_right_deg"),
    "Trunk lean": ("trunk_lean_deg", "trunk_lean_lateral_deg"),
}
_REPS_SHOWN = 3
_NEAR_S = 0.25


@dataclass(frozen=True)
class KeyFrame:
    """One moment of a repetition.

    Attributes:
        rep: the repetition.
        moment: `start`, `turn` or `end`.
        t_s: seconds on the source's clock.
        landmarks: the 33 points, None where one is missing; empty when nobody was seen.
        picture: the video's frame; None when the video cannot be read here.
    """

    rep: movement_pb2.Rep
    moment: str
    t_s: float
    landmarks: tuple[Landmark | None, ...]
    picture: Picture | None


@dataclass(frozen=True)
class Material:
    """What the page shows beside the outcome.

    Attributes:
        series: angles by participant's resource name.
        key_frames: in order of time.
    """

    series: dict[str, TimeSeries]
    key_frames: tuple[KeyFrame, ...]


def read_material(client: Client, outcome: Outcome, video: Path) -> Material:
    """Ask the API for angles and skeletons, and the video for the pictures to them.

    Raises:
        ApiError: a call failed.
    """
    names = [person.name for person in outcome.session.participants]
    channels = [channel for plot in PLOTS.values() for channel in plot]
    session = outcome.session.name
    series = {name: client.get_series(session, channels, participant=name, max_points=MAX_POINTS) for name in names}
    moments = [
        (rep, moment, *_skeleton_near(client, rep, t_s))
        for rep in chosen_reps(outcome.reps)
        for moment, t_s in (("start", rep.start_s), ("turn", rep.turn_s), ("end", rep.end_s))
    ]
    pictures = pictures_at(video, [t_s for _, _, t_s, _ in moments])
    return Material(
        series, tuple(KeyFrame(*moment, picture) for moment, picture in zip(moments, pictures, strict=True))
    )


def chosen_reps(reps: Sequence[movement_pb2.Rep]) -> list[movement_pb2.Rep]:
    """The first, the middle and the last one; fewer when there are fewer."""
    last = len(reps) - 1
    return [reps[index] for index in sorted({0, last // 2, last})][:_REPS_SHOWN] if reps else []


def _skeleton_near(client: Client, rep: movement_pb2.Rep, t_s: float) -> tuple[float, tuple[Landmark | None, ...]]:
    """The frame with landmarks nearest to a moment: its own time, and the points."""
    session = "/".join(rep.name.split("/")[:2])
    frames = [
        (frame.t_s, image_landmarks(frame.landmarks))
        for frame in client.get_skeleton(
            session, participant=rep.participant, start_s=max(0.0, t_s - _NEAR_S), end_s=t_s + _NEAR_S
        )
        if frame.HasField("landmarks")
    ]
    return min(frames, key=lambda frame: abs(frame[0] - t_s), default=(t_s, ()))
