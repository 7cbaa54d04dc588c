"""Tracks: one person keeps one id while seen, and gets a new one after being away."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus_pose.engines.port import PersonPose
from motus_pose.places import region
from motus_pose.tracking import LOST_AFTER_S, Assignment, Track, Tracks, assign, step

Pose = Callable[[], PersonPose]


def test_first_person_gets_track_one_and_the_participant(pose: Pose) -> None:
    """The first person seen is track 1 and the session's participant."""
    tracks, persons = step(Tracks(), [pose()], 0.0, ("p1",))

    assert [(person.track_id, person.participant) for person in persons] == [(1, "p1")]
    assert (tracks.next_id, [track.track_id for track in tracks.known]) == (2, [1])


def test_nobody_leaves_the_state_as_it_is() -> None:
    """A picture without people neither ends nor begins a track."""
    before = Tracks(3, (Track(2, 1.0),))

    after, persons = step(before, [], 1.5, ("p1",))

    assert after is before
    assert persons == ()


@pytest.mark.parametrize(("away_s", "track_id"), [(0.0, 1), (LOST_AFTER_S, 1), (LOST_AFTER_S + 0.001, 2), (-0.1, 2)])
def test_track_ends_when_lost_for_long_or_when_time_goes_back(pose: Pose, away_s: float, track_id: int) -> None:
    """Up to a second away is the same track; longer, or a source that began anew, is another."""
    tracks, _ = step(Tracks(), [pose()], 10.0, ("p1",))

    _, persons = step(tracks, [pose()], 10.0 + away_s, ("p1",))

    assert persons[0].track_id == track_id


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=60))
def test_track_ids_never_go_back(steps: list[tuple[float, bool]]) -> None:
    """Whoever comes and goes, ids only grow, by one at a time."""
    pose = PersonPose(np.zeros((33, 5), np.float32), None, 1.0)
    tracks, t_s, ids = Tracks(), 0.0, [1]

    for pause_s, seen in steps:
        t_s += pause_s
        tracks, persons = step(tracks, [pose] if seen else [], t_s, ())
        ids += [person.track_id for person in persons]

    assert all(0 <= later - earlier <= 1 for earlier, later in itertools.pairwise(ids))


def test_region_holds_all_points_and_stays_in_the_picture(pose: Pose) -> None:
    """The box has room around the points and ends at the picture's edges."""
    person = pose()
    person.image[0, :2] = (-0.2, 0.5)

    box = region(person)

    assert box.x - box.width / 2 == pytest.approx(0.0)
    assert box.x + box.width / 2 > person.image[:, 0].max()
    assert box.y - box.height / 2 < person.image[:, 1].min()


def _person(number: int, x: float, look: float) -> PersonPose:
    """Somebody at a place, of a look, whom the engine follows under a number."""
    image = np.zeros((33, 5), np.float32)
    image[:, 0], image[:, 1] = np.linspace(x - 0.05, x + 0.05, 33), np.linspace(0.2, 0.8, 33)
    return PersonPose(image, None, 1.0, followed=number, look=np.full(13, look, np.float32))


def _walk(frames: list[list[PersonPose]], participants: tuple[str, ...] = ("p1", "p2")) -> list[dict[float, str]]:
    """Whose participant whoever has which look is, in each frame at 30 a second; looks are told in whole numbers."""
    tracks, said = Tracks(), []
    for number, poses in enumerate(frames):
        tracks, persons = step(tracks, poses, number / 30, participants)
        looks = [0.0 if person.pose.look is None else float(person.pose.look[0]) for person in persons]
        said.append({look: person.participant for look, person in zip(looks, persons, strict=True)})
    return said


RED, BLUE, GREEN = 20.0, 60.0, 100.0


def test_an_exchange_by_the_engine_is_undone() -> None:
    """The engine gives two who cross each other's numbers: they keep their participants as soon as they are apart."""
    before = [[_person(1, 0.3, RED), _person(2, 0.7, BLUE)]] * 60
    after = [[_person(1, 0.6, BLUE), _person(2, 0.4, RED)]] * 60

    said = _walk(before + after)

    assert all(one == {RED: "p1", BLUE: "p2"} for one in said)


def test_who_was_away_for_half_a_minute_is_who_they_were() -> None:
    """Both leave, and come back the other way round under new numbers."""
    here = [[_person(1, 0.3, RED), _person(2, 0.7, BLUE)]] * 30

    said = _walk([*here, *([[]] * 850), [_person(3, 0.2, BLUE)], [_person(3, 0.2, BLUE), _person(4, 0.8, RED)]])

    assert said[-1] == {RED: "p1", BLUE: "p2"}


def test_a_passer_by_takes_nobodys_place() -> None:
    """While the athlete is away for less than half a minute somebody else is nobody's participant."""
    athlete = [[_person(1, 0.5, RED)]] * 30

    said = _walk([*athlete, *([[]] * 60), *([[_person(2, 0.5, GREEN)]] * 300), [_person(3, 0.5, RED)]], ("p1",))

    assert {one[GREEN] for one in said if GREEN in one} == {""}
    assert said[-1] == {RED: "p1"}


def test_a_tap_decides_whose_track_it_is() -> None:
    """Whoever is tapped is the participant from then on, and who was it before is nobody."""
    tracks, persons = step(Tracks(), [_person(1, 0.3, RED), _person(2, 0.7, BLUE)], 0.0, ("p1",))

    tracks, refusal = assign(tracks, Assignment("p1", tap=(0.7, 0.5)), persons, ("p1",))
    _, persons = step(tracks, [_person(1, 0.3, RED), _person(2, 0.7, BLUE)], 0.1, ("p1",))

    assert refusal == ""
    assert [person.participant for person in persons] == ["", "p1"]


def test_a_new_owner_goes_on_with_both_where_they_stand() -> None:
    """Looks are not handed over: an engine that begins anew finds people where they were."""
    known = tuple(Track(one, 5.0, region(_person(0, x, 0.0))) for one, x in ((4, 0.3), (7, 0.7)))

    _, persons = step(Tracks(9, known, (("p1", 7), ("p2", 4))), [_person(1, 0.7, BLUE), _person(2, 0.3, RED)], 5.2, ())

    assert [(person.track_id, person.participant) for person in persons] == [(7, "p1"), (4, "p2")]


def _follower(pose: PersonPose, number: int, aside: float = 0.0, colour: float = 50.0) -> PersonPose:
    """Somebody whom the engine follows under a number, so far aside, in clothes of a colour."""
    image = pose.image.copy()
    image[:, 0] += aside
    return replace(pose, image=image, followed=number, look=np.full(13, colour, np.float32))


@pytest.mark.parametrize(("colour", "participant"), [(52.0, "p1"), (90.0, "")])
def test_a_body_that_was_followed_twice_stays_who_it_is(pose: Pose, colour: float, participant: str) -> None:
    """Found anew in their place, and lost under the old number, it is the athlete; who wears other clothes is not."""
    tracks = Tracks()
    for number in range(60):
        tracks, _ = step(tracks, [_follower(pose(), 1)], number / 30, ("p1",))
    for number in range(60, 66):
        both = [_follower(pose(), 1), _follower(pose(), 2, 0.05, colour)]
        tracks, _ = step(tracks, both, number / 30, ("p1",))

    _, (left,) = step(tracks, [_follower(pose(), 2, 0.05, colour)], 66 / 30, ("p1",))

    assert left.participant == participant


def test_who_came_from_aside_is_not_the_athlete_whom_they_hide(pose: Pose) -> None:
    """A passer-by in the same kit who steps before the athlete does not become them."""
    tracks = Tracks()
    for number in range(90):
        passer_by = _follower(pose(), 2, max(0.35 - 0.005 * number, 0.0))
        tracks, _ = step(tracks, [_follower(pose(), 1), passer_by], number / 30, ("p1",))

    _, (left,) = step(tracks, [_follower(pose(), 2)], 91 / 30, ("p1",))

    assert left.participant == ""
