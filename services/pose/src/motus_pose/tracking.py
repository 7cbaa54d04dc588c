"""Pure core: which track a person seen in a picture belongs to, whose participant it is, and where it is.

One person per picture: a track ends only when nobody was seen for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
        participant: bare id of who is followed, as a user said; empty: the session's first participant.
    """

    next_id: int = 1
    current: Track | None = None
    participant: str = ""


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


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who a person in view is.

    Attributes:
        participant: bare id.
        track_id: the person's track; 0: whoever is followed.
        tap: a point on the person, fractions of the picture's width and height; None: wherever they are.
    """

    participant: str
    track_id: int = 0
    tap: tuple[float, float] | None = None


def assign(
    tracks: Tracks, wish: Assignment, persons: Sequence[TrackedPerson], participants: Sequence[str]
) -> tuple[Tracks, str]:
    """Have the person in view be a participant from now on.

    Args:
        tracks: the state so far.
        wish: who they are.
        persons: who was in the last picture.
        participants: bare ids of the session's participants.

    Returns:
        The new state, and why it is the old one: one plain sentence, empty when the wish was fulfilled.
    """
    if wish.participant not in participants:
        return tracks, "The session has no such participant."
    if not persons:
        return tracks, "Nobody is in view; step into the picture first."
    meant = [person for person in persons if not wish.track_id or person.track_id == wish.track_id]
    if wish.tap is not None:
        meant = [person for person in meant if _holds(region(person.pose), *wish.tap)]
    if not meant:
        return tracks, "Nobody who is followed is there; one person is followed at a time."
    return replace(tracks, participant=wish.participant), ""


def _holds(part: Region, x: float, y: float) -> bool:
    return abs(x - part.x) <= part.width / 2 and abs(y - part.y) <= part.height / 2


def step(
    tracks: Tracks, poses: Sequence[PersonPose], t_s: float, participants: Sequence[str]
) -> tuple[Tracks, tuple[TrackedPerson, ...]]:
    """One picture's people.

    The first pose goes on with the current track unless nobody was seen for more than LOST_AFTER_S, or time went
    back, as it does when a source begins anew; then it begins a track. Its participant is the one last assigned, before
    that the session's first.

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
    participant = tracks.participant or (participants[0] if participants else "")
    person = TrackedPerson(track_id, participant, poses[0])
    return replace(tracks, next_id=next_id, current=Track(track_id, t_s)), (person,)


def region(pose: PersonPose) -> Region:
    """The upright box around a person's points with some room, cut at the picture's edges."""
    points = pose.image[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    room = _REGION_MARGIN * (high - low)
    low, high = (low - room).clip(0, 1), (high + room).clip(0, 1)
    (x, y), (width, height) = (low + high) / 2, high - low
    return Region(float(x), float(y), float(width), float(height))
