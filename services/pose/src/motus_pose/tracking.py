"""Pure core: which track a person seen in a picture belongs to, whose participant it is, and where it is.

One person per picture: a track ends only when nobody was seen for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from motus_pose.engines.port import PersonPose

LOST_AFTER_S: Final = 1.0
_REGION_MARGIN: Final = 0.15


@dataclass(frozen=True, slots=True)
class Track:
    """A person who is followed: its id, ever new within the session, and when it was last seen, seconds."""

    track_id: int
    seen_s: float


@dataclass(frozen=True, slots=True)
class Tracks:
    """The tracker's state.

    Attributes:
        next_id: id of the next new track, from 1.
        current: the person who is followed, if any.
    """

    next_id: int = 1
    current: Track | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrackedPerson:
    """A person in a picture; `participant` is the bare id, empty when the person is nobody's."""

    track_id: int
    participant: str
    pose: PersonPose


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture in fractions of its width and height: centre and size."""

    x: float
    y: float
    width: float
    height: float


def step(
    tracks: Tracks, poses: Sequence[PersonPose], t_s: float, participants: Sequence[str]
) -> tuple[Tracks, tuple[TrackedPerson, ...]]:
    """One picture's people.

    The first pose goes on with the current track unless nobody was seen for more than LOST_AFTER_S, or time went
    back, as it does when a source begins anew; then it begins a track. Its participant is the session's first.

    Args:
        tracks: the state so far.
        poses: what the engine sees.
        t_s: the picture's time on the source's clock, seconds.
        participants: bare ids of the session's participants.
    """
    if not poses:
        return tracks, ()
    known = tracks.current
    if known is not None and 0 <= t_s - known.seen_s <= LOST_AFTER_S:
        track_id, next_id = known.track_id, tracks.next_id
    else:
        track_id, next_id = tracks.next_id, tracks.next_id + 1
    person = TrackedPerson(track_id, participants[0] if participants else "", poses[0])
    return Tracks(next_id, Track(track_id, t_s)), (person,)


def region(pose: PersonPose) -> Region:
    """The upright box around a person's points with some room, cut at the picture's edges."""
    points = pose.image[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    room = _REGION_MARGIN * (high - low)
    low, high = (low - room).clip(0, 1), (high + room).clip(0, 1)
    (x, y), (width, height) = (low + high) / 2, high - low
    return Region(float(x), float(y), float(width), float(height))
