"""Pure core: which track a person seen in a picture belongs to, whose participant it is, and where it is.

An engine follows people from picture to picture and may exchange two who cross, or lose one and find them again under
another number. Tracks are told apart by where somebody was and by what they look like: clothes and limbs, no faces. Who
was away for up to half a minute is the same person again; whoever else comes is another, and nobody's participant.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.port import PersonPose
from motus_pose.lanes import NOWHERE, Lane, Stay, Vacancies, stay
from motus_pose.places import Region, covered, gap_between, middle, region, shared
from motus_pose.plausibility import is_body

LOST_AFTER_S: Final = 1.0
"""Who is back earlier, and where they were, is the same whatever they look like now."""
REMEMBERED_S: Final = 30.0
ALIKE: Final = 11.0
"""Looks that differ by less may be one person's. Their unit is the difference of two colours (CIE 1976)."""
STICKS: Final = 8.0
"""An engine's own number is believed unless looks speak so much more for another."""
RETURNS: Final = 3.0 * ALIKE
"""Whoever is nobody's participant and looks like one who is gone is taken to be that one before all else."""
NEAR: Final = 0.5
"""Of a person's height: who is back so close to where they were last seen is taken to be the same."""
LEARNT: Final = 0.03
"""Share of what somebody looks like now that goes into what is remembered of them."""
TOUCHING: Final = 0.1
"""Regions that share more than this of their union show parts of both: nothing is learnt from them."""
BELIEVED_S: Final = 0.3
"""What is no body at first sight is a person when it is followed for so long."""
DOUBTED: Final = 0.4
"""Trust in a person who is not believed yet, at most."""
ONE_PLACE: Final = 0.3
"""Who shares so much of the smaller one's region with somebody since they appeared may be the same body, found anew."""
SETTLED_S: Final = 1.5
"""Seen alone for so long, it is known what somebody looks like."""

Look = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A person who is or was followed.

    Attributes:
        track_id: ever new within the session.
        seen_s: when they were last seen, seconds.
        at: where that was.
        followed: the engine's number for them, 0 when it has none.
        look: what they look like; None when that is not known.
        alone_s: for how long they were seen without touching anybody.
        since_s: when the engine began to follow them under this number, seconds.
        believed: it is certain that this is a person at all.
        within: the track in whose place they have been ever since they appeared; 0: they stood apart.
        where: whose lane they are in.
    """

    track_id: int
    seen_s: float
    at: Region | None = None
    followed: int = 0
    look: Look | None = None
    alone_s: float = 0.0
    since_s: float = 0.0
    believed: bool = False
    within: int = 0
    where: Stay = NOWHERE

    @property
    def settled(self) -> bool:
        """Whether it is certain enough what they look like."""
        return self.alone_s >= SETTLED_S


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


@dataclass(frozen=True, slots=True, eq=False)
class _Sighting:
    """A person in a picture, where that is, and whether they touch nobody, so that what they look like is their own."""

    pose: PersonPose
    at: Region
    alone: bool


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
    tracks: Tracks, poses: Sequence[PersonPose], t_s: float, participants: Sequence[str], lanes: Sequence[Lane] = ()
) -> tuple[Tracks, tuple[TrackedPerson, ...]]:
    """One picture's people.

    A track is remembered for REMEMBERED_S, or for LOST_AFTER_S when the engine follows nobody itself; and not at all
    when time goes back, as it does when a source begins anew. A participant stays with their track for as long; who is
    new becomes the one in whose lane they are, or outside of all lanes the first one without a lane who is free, once
    it is certain that it is a person. While somebody looks more like another than like their track, they are nobody's.

    Args:
        tracks: the state so far.
        poses: what the engine sees; of an engine that follows nobody itself only the first.
        t_s: the picture's time on the source's clock, seconds.
        participants: bare ids of the session's participants.
        lanes: where those begin who have a lane.
    """
    if not poses:
        return tracks, ()
    follows = bool(poses[0].followed)
    poses = poses if follows else poses[:1]
    known = {track.track_id: track for track in _remembered(tracks, t_s, REMEMBERED_S if follows else LOST_AFTER_S)}
    sightings = _sightings(poses)
    same = _recognised(sightings, tuple(known.values()), tracks.owned, t_s)
    next_id, seen = tracks.next_id, list[Track]()
    for index, sighting in enumerate(sightings):
        before = known.get(same.get(index, 0))
        if before is None:
            before, next_id = Track(next_id, t_s, look=sighting.pose.look, since_s=t_s), next_id + 1
        track = _seen(before, sighting, t_s, known.values())
        seen.append(replace(track, where=_where(before, sighting, t_s, lanes)))
    seen = [_placed(track, seen, is_new=track.track_id not in known) for track in seen]
    known = _released(known, seen, tracks.owned)
    known |= {track.track_id: track for track in seen}
    owned = _owned(tracks, known, seen, participants, lanes)
    persons = _persons(seen, sightings, known.values(), owned)
    return replace(tracks, next_id=next_id, known=tuple(known.values()), owned=owned), persons


def _sightings(poses: Sequence[PersonPose]) -> list[_Sighting]:
    places = [region(pose) for pose in poses]
    touched = [
        any(shared(here, there) > TOUCHING for j, there in enumerate(places) if j != i) for i, here in enumerate(places)
    ]
    return [_Sighting(*one) for one in zip(poses, places, [not touches for touches in touched], strict=True)]


def _persons(
    seen: Sequence[Track], sightings: Sequence[_Sighting], known: Collection[Track], owned: tuple[tuple[str, int], ...]
) -> tuple[TrackedPerson, ...]:
    """Who is in the picture, and whose participant."""
    whose = {track_id: participant for participant, track_id in owned}
    return tuple(
        TrackedPerson(
            track.track_id,
            "" if _rather_another(track, sighting, known) else whose.get(track.track_id, ""),
            sighting.pose if track.believed else _doubted(sighting.pose),
        )
        for track, sighting in zip(seen, sightings, strict=True)
    )


def _doubted(pose: PersonPose) -> PersonPose:
    return replace(pose, confidence=min(pose.confidence, DOUBTED))


def _remembered(tracks: Tracks, t_s: float, memory_s: float) -> list[Track]:
    """Tracks that may be seen again; who was hardly seen, and is nobody's participant, is soon forgotten."""
    owned = {track_id for _, track_id in tracks.owned}
    kept = ((track, memory_s if track.settled or track.track_id in owned else LOST_AFTER_S) for track in tracks.known)
    return [track for track, for_s in kept if 0 <= t_s - track.seen_s <= for_s]


def _recognised(
    sightings: Sequence[_Sighting], known: tuple[Track, ...], owned: tuple[tuple[str, int], ...], t_s: float
) -> dict[int, int]:
    """Track ids by the index of the sighting: the most likely pair first, nobody twice."""
    numbers = {sighting.pose.followed for sighting in sightings}
    sure = len(sightings) == len(known) == 1
    participants = {track_id for _, track_id in owned}
    # Who was seen beside somebody is not that one.
    own = {track.followed: track for track in known}
    pairs = list[tuple[float, int, int]]()
    for index, sighting in enumerate(sightings):
        number = sighting.pose.followed
        for track in known:
            unlike, gone = _unlike(sighting, track, t_s, sure=sure), track.followed not in numbers
            # Who is in view and hardly known is nobody else.
            missed = gone and track.track_id in participants
            if missed and number in own and own[number].within == track.track_id and _alike(sighting.pose, track):
                # One body that was followed twice for a moment.
                pairs.append((-STICKS - RETURNS, index, track.track_id))
            elif unlike is not None and (gone or track.settled or track.followed == number):
                returns = missed and (number not in own or own[number].since_s > track.seen_s)
                pairs.append((unlike - RETURNS * returns, index, track.track_id))
    same: dict[int, int] = {}
    for _, index, track_id in sorted(pairs):
        if index not in same and track_id not in same.values():
            same[index] = track_id
    return same


def _alike(pose: PersonPose, track: Track) -> bool:
    return _difference(pose.look, track.look) <= ALIKE


def _placed(track: Track, seen: Iterable[Track], *, is_new: bool) -> Track:
    """The track with whose place it has shared, if there is one still, or if that one has just gone."""
    others = {one.track_id: one.at for one in seen if one.track_id != track.track_id and one.at is not None}
    near = [other for other, at in others.items() if track.at is not None and covered(track.at, at) > ONE_PLACE]
    if is_new:
        return replace(track, within=near[0] if near else 0)
    return track if track.within in near or track.within not in others else replace(track, within=0)


def _unlike(sighting: _Sighting, track: Track, t_s: float, *, sure: bool) -> float | None:
    """How much speaks against a person being that of a track; None when it is somebody else.

    Args:
        sighting: the person.
        track: the track.
        t_s: now, seconds.
        sure: nobody else is or was there.
    """
    pose = sighting.pose
    if not pose.followed:
        return 0.0
    looks = _difference(pose.look, track.look) if sighting.alone else ALIKE / 2.0
    if pose.followed == track.followed:
        return looks - STICKS
    gap = gap_between(sighting.at, track.at)
    if t_s - track.seen_s <= LOST_AFTER_S and (sure or gap <= NEAR):
        return looks + ALIKE * min(gap, NEAR)
    told = sighting.alone and pose.look is not None and track.look is not None
    return looks if told and looks <= ALIKE * (2.0 if sure else 1.0) else None


def _difference(a: Look | None, b: Look | None) -> float:
    """Root mean square difference of two looks; in doubt half of what is still alike."""
    if a is None or b is None:
        return ALIKE / 2.0
    return float(np.sqrt(np.mean((a - b) ** 2)))


def _released(known: dict[int, Track], seen: Sequence[Track], owned: tuple[tuple[str, int], ...]) -> dict[int, Track]:
    """The tracks without the numbers that are other people's now; who was only that number is nobody."""
    numbers, now = {track.followed for track in seen}, {track.track_id for track in seen}
    participants = {track_id for _, track_id in owned}
    return {
        key: replace(track, followed=0) if taken else track
        for key, track in known.items()
        for taken in [track.followed in numbers and key not in now]
        if not taken or key in participants
    }


def _rather_another(track: Track, sighting: _Sighting, known: Iterable[Track]) -> bool:
    """Whether somebody who stands alone does not look as their track does, and more like another one."""
    look = sighting.pose.look
    looks = _difference(track.look, look)
    if not sighting.alone or not track.settled or looks <= ALIKE:
        return False
    others = (one for one in known if one.track_id != track.track_id and one.settled)
    return any(_difference(one.look, look) < looks for one in others)


def _seen(track: Track, sighting: _Sighting, t_s: float, known: Iterable[Track]) -> Track:
    """The track after a picture; what they look like is learnt from those in which they stand alone."""
    pose, look = sighting.pose, track.look
    learns = sighting.alone and not _rather_another(track, sighting, known)
    alone_s = track.alone_s + learns * (t_s - track.seen_s) * (pose.followed == track.followed)
    if pose.look is not None and (look is None or not track.settled):
        look = pose.look
    elif pose.look is not None and look is not None and learns and _difference(look, pose.look) <= STICKS:
        look = look + np.float32(LEARNT) * (pose.look - look)
    since_s = track.since_s if pose.followed == track.followed else t_s
    believed = track.believed or pose.world is None or is_body(pose.world) or t_s - since_s >= BELIEVED_S
    return Track(track.track_id, t_s, sighting.at, pose.followed, look, alone_s, since_s, believed, track.within)


def _where(before: Track, sighting: _Sighting, t_s: float, lanes: Sequence[Lane]) -> Stay:
    """Whose lane they are in; who was away may have been elsewhere meanwhile."""
    was = before.where if t_s - before.seen_s <= LOST_AFTER_S else NOWHERE
    return stay(was, middle(sighting.pose), t_s, lanes)


def _owned(
    tracks: Tracks, known: dict[int, Track], seen: Sequence[Track], participants: Sequence[str], lanes: Sequence[Lane]
) -> tuple[tuple[str, int], ...]:
    """Participants with their tracks, newcomers included; whom a user last named is given first."""
    owned = {participant: track_id for participant, track_id in tracks.owned if track_id in known}
    vacancies = Vacancies(sorted(participants, key=lambda one: one != tracks.participant), owned, lanes)
    for track in seen:
        if track.believed and track.track_id not in owned.values():
            participant = vacancies.take(track.where, track.seen_s)
            if participant:
                owned[participant] = track.track_id
    return tuple(owned.items())
