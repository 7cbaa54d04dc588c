"""Pure core: which track a person seen in a picture belongs to, whose participant it is, and where it is.

An engine follows people from picture to picture and may exchange two who cross, or lose one and find them again under
another number. Tracks are told apart by where somebody was and by what they look like: clothes and limbs, no faces. Who
was away for up to half a minute is the same person again; whoever else comes is another, and nobody's participant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.port import PersonPose

LOST_AFTER_S: Final = 1.0
"""Who is back earlier, and where they were, is the same whatever they look like now."""
REMEMBERED_S: Final = 30.0
ALIKE: Final = 14.0
"""Looks that differ by less may be one person's. Their unit is the difference of two colours (CIE 1976)."""
STICKS: Final = 8.0
"""An engine's own number is believed unless looks speak so much more for another."""
NEAR: Final = 0.5
"""Of a person's height: who is back so close to where they were last seen is taken to be the same."""
LEARNT: Final = 0.03
"""Share of what somebody looks like now that goes into what is remembered of them."""
TOUCHING: Final = 0.1
"""Regions that share more than this of their union show parts of both: nothing is learnt from them."""
_REGION_MARGIN: Final = 0.15

Look = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture in fractions of its width and height: centre and size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A person who is or was followed.

    Attributes:
        track_id: ever new within the session.
        seen_s: when they were last seen, seconds.
        at: where that was.
        followed: the engine's number for them, 0 when it has none.
        look: what they look like; None when that is not known.
    """

    track_id: int
    seen_s: float
    at: Region | None = None
    followed: int = 0
    look: Look | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The tracker's state.

    Attributes:
        next_id: id of the next new track, from 1.
        known: the people who are or were followed.
        owned: bare ids of participants with the tracks that they are.
        participant: who a user last said somebody is: the first to be given to a newcomer. Empty: nobody said.
    """

    next_id: int = 1
    known: tuple[Track, ...] = ()
    owned: tuple[tuple[str, int], ...] = ()
    participant: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedPerson:
    """A person in a picture; `participant` is the bare id, empty when the person is nobody's."""

    track_id: int
    participant: str
    pose: PersonPose


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
        return tracks, "Nobody who is followed is there."
    track_id = meant[0].track_id
    others = tuple(pair for pair in tracks.owned if wish.participant != pair[0] and track_id != pair[1])
    return replace(tracks, owned=(*others, (wish.participant, track_id)), participant=wish.participant), ""


def _holds(part: Region, x: float, y: float) -> bool:
    return abs(x - part.x) <= part.width / 2 and abs(y - part.y) <= part.height / 2


def step(
    tracks: Tracks, poses: Sequence[PersonPose], t_s: float, participants: Sequence[str]
) -> tuple[Tracks, tuple[TrackedPerson, ...]]:
    """One picture's people.

    A track is remembered for REMEMBERED_S, or for LOST_AFTER_S when the engine follows nobody itself; and not at all
    when time goes back, as it does when a source begins anew. A participant stays with their track for as long; who is
    new becomes the first participant who is free.

    Args:
        tracks: the state so far.
        poses: what the engine sees; of an engine that follows nobody itself only the first.
        t_s: the picture's time on the source's clock, seconds.
        participants: bare ids of the session's participants.
    """
    if not poses:
        return tracks, ()
    follows = bool(poses[0].followed)
    poses = poses if follows else poses[:1]
    memory_s = REMEMBERED_S if follows else LOST_AFTER_S
    known = {track.track_id: track for track in tracks.known if 0 <= t_s - track.seen_s <= memory_s}
    same = _recognised(poses, list(known.values()), t_s)
    next_id, seen = tracks.next_id, list[Track]()
    for index, pose in enumerate(poses):
        before = known.get(same.get(index, 0))
        if before is None:
            before, next_id = Track(next_id, t_s, look=pose.look), next_id + 1
        seen.append(_seen(before, pose, t_s, _alone(index, poses)))
    known |= {track.track_id: track for track in seen}
    owned = _owned(tracks, known, seen, participants)
    whose = {track_id: participant for participant, track_id in owned}
    persons = tuple(
        TrackedPerson(track.track_id, whose.get(track.track_id, ""), pose)
        for track, pose in zip(seen, poses, strict=True)
    )
    return replace(tracks, next_id=next_id, known=tuple(known.values()), owned=owned), persons


def _recognised(poses: Sequence[PersonPose], known: Sequence[Track], t_s: float) -> dict[int, int]:
    """Track ids by the index of the pose: the most likely pair first, nobody twice."""
    sure = len(poses) == 1 and len(known) == 1
    pairs = sorted(
        (unlike, index, track.track_id)
        for index, pose in enumerate(poses)
        for track in known
        if (unlike := _unlike(pose, track, t_s, sure=sure)) is not None
    )
    same: dict[int, int] = {}
    for _, index, track_id in pairs:
        if index not in same and track_id not in same.values():
            same[index] = track_id
    return same


def _unlike(pose: PersonPose, track: Track, t_s: float, *, sure: bool) -> float | None:
    """How much speaks against a person being that of a track; None when it is somebody else.

    Args:
        pose: the person.
        track: the track.
        t_s: now, seconds.
        sure: nobody else is or was there.
    """
    away_s, looks = t_s - track.seen_s, difference(pose.look, track.look)
    if not pose.followed:
        return 0.0
    if pose.followed == track.followed:
        return looks - STICKS
    gap = _gap(region(pose), track.at)
    if away_s <= LOST_AFTER_S and (sure or gap <= NEAR):
        return looks + ALIKE * min(gap, NEAR)
    told = pose.look is not None and track.look is not None
    return looks if told and looks <= ALIKE * (2.0 if sure else 1.0) else None


def difference(a: Look | None, b: Look | None) -> float:
    """Root mean square difference of two looks; in doubt half of what is still alike."""
    if a is None or b is None:
        return ALIKE / 2.0
    return float(np.sqrt(np.mean((a - b) ** 2)))


def _gap(here: Region, there: Region | None) -> float:
    """From one place to another in heights of whoever is larger; infinite when one is not known."""
    if there is None:
        return np.inf
    return float(np.hypot(here.x - there.x, here.y - there.y)) / max(here.height, there.height, 1e-9)


def _alone(index: int, poses: Sequence[PersonPose]) -> bool:
    here = region(poses[index])
    return not any(_shared(here, region(other)) > TOUCHING for i, other in enumerate(poses) if i != index)


def _shared(a: Region, b: Region) -> float:
    """Intersection over union."""
    across = min(a.x + a.width / 2, b.x + b.width / 2) - max(a.x - a.width / 2, b.x - b.width / 2)
    down = min(a.y + a.height / 2, b.y + b.height / 2) - max(a.y - a.height / 2, b.y - b.height / 2)
    both = max(across, 0.0) * max(down, 0.0)
    return both / max(a.width * a.height + b.width * b.height - both, 1e-9)


def _seen(track: Track, pose: PersonPose, t_s: float, alone: bool) -> Track:
    """The track after a picture; what they look like is learnt from those in which they stand alone."""
    look = track.look
    if alone and pose.look is not None:
        look = pose.look if look is None else look + np.float32(LEARNT) * (pose.look - look)
    return Track(track.track_id, t_s, region(pose), pose.followed, look)


def _owned(
    tracks: Tracks, known: dict[int, Track], seen: Sequence[Track], participants: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    """Participants with their tracks, newcomers included."""
    owned = {participant: track_id for participant, track_id in tracks.owned if track_id in known}
    free = _free(participants, tracks.participant, owned)
    for track in seen:
        if track.track_id not in owned.values() and (participant := next(free, "")):
            owned[participant] = track.track_id
    return tuple(owned.items())


def _free(participants: Sequence[str], first: str, owned: dict[str, int]) -> Iterator[str]:
    """Participants without a track, whom a user last named first."""
    yield from [one for one in sorted(participants, key=lambda one: one != first) if one not in owned]


def region(pose: PersonPose) -> Region:
    """The upright box around a person's points with some room, cut at the picture's edges."""
    return box(pose.image)


def box(image: NDArray[np.float32]) -> Region:
    """The same around points (33, 2 or more) in fractions of the picture's width and height."""
    points = image[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    room = _REGION_MARGIN * (high - low)
    low, high = (low - room).clip(0, 1), (high + room).clip(0, 1)
    (x, y), (width, height) = (low + high) / 2, high - low
    return Region(float(x), float(y), float(width), float(height))
