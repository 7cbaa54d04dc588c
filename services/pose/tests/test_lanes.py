"""Lanes: who stays in one is its participant wherever they go from there, and nobody else is by order of appearance."""

from collections.abc import Sequence

import numpy as np
import pytest

from motus.bus.v1 import control_pb2
from motus_pose.convert import lanes_of
from motus_pose.engines.port import PersonPose
from motus_pose.lanes import IN_LANE_S, Lane
from motus_pose.places import middle
from motus_pose.tracking import Assignment, Tracks, assign, step

LEFT, RIGHT = Lane("p1", 0.0, 0.4), Lane("p2", 0.6, 1.0)
BOTH = (LEFT, RIGHT)
FPS = 30
SECOND = [None] * FPS


def _person(number: int, x: float) -> PersonPose:
    """Somebody whose body's middle is at a place, of a look of their own."""
    image = np.zeros((33, 5), np.float32)
    image[:, 0], image[:, 1] = np.linspace(x - 0.05, x + 0.05, 33), np.linspace(0.2, 0.8, 33)
    image[[11, 12, 23, 24], 0] = x
    return PersonPose(image, None, 1.0, followed=number, look=np.full(13, 40.0 * number, np.float32))


def _walk(
    frames: Sequence[dict[int, float] | None], lanes: tuple[Lane, ...] = BOTH, tracks: Tracks | None = None
) -> list[dict[int, str]]:
    """Whose participant each is in each picture; given where they are by number, None: as in the picture before."""
    tracks, places, said = tracks or Tracks(), dict[int, float](), []
    for index, frame in enumerate(frames):
        places = places if frame is None else frame
        poses = [_person(number, x) for number, x in places.items()]
        tracks, persons = step(tracks, poses, index / FPS, ("p1", "p2"), lanes)
        said.append({person.pose.followed: person.participant for person in persons})
    return said


def test_who_stays_in_a_lane_is_its_participant() -> None:
    """Whoever appears first: the lane says who is who, after a second and not before."""
    said = _walk([{1: 0.8, 2: 0.2}, *SECOND, *SECOND])

    assert said[0] == {1: "", 2: ""}
    assert said[int(FPS * IN_LANE_S) - 1] == {1: "", 2: ""}
    assert said[-1] == {1: "p2", 2: "p1"}


def test_who_only_crosses_a_lane_is_not_its_participant() -> None:
    """A passer-by goes through both lanes, each in less than a second, and takes nobody's place."""
    crossing = [{1: float(x)} for x in np.linspace(0.0, 1.0, 2 * FPS)]

    said = _walk([*crossing, {1: 0.5}, *SECOND, *SECOND])

    assert {name for one in said for name in one.values()} == {""}


def test_who_is_in_nobodys_lane_is_nobody() -> None:
    """Between the lanes one may stay for as long as one likes."""
    assert {name for one in _walk([{1: 0.5}, *SECOND, *SECOND, *SECOND]) for name in one.values()} == {""}


def test_a_lane_is_one_persons() -> None:
    """Who comes into a lane whose participant is somebody already is nobody."""
    said = _walk([{1: 0.3}, *SECOND, *SECOND, {1: 0.3, 2: 0.1}, *SECOND, *SECOND])

    assert said[-1] == {1: "p1", 2: ""}


def test_identity_follows_the_person_out_of_the_lane() -> None:
    """They keep who they are between the lanes and in the other's, and who comes into theirs meanwhile is nobody."""
    away = [{1: 0.2 + 0.01 * step} for step in range(60)]

    said = _walk([{1: 0.2}, *SECOND, *SECOND, *away, {1: 0.8, 2: 0.2}, *SECOND, *SECOND])

    assert {one[1] for one in said[FPS + 1 :]} == {"p1"}
    assert said[-1] == {1: "p1", 2: ""}


def test_those_without_a_lane_are_given_in_order_of_appearance() -> None:
    """At once, to who is in nobody's lane; never to who is in one, and never a participant who has one."""
    said = _walk([{1: 0.2, 2: 0.5, 3: 0.7}, *SECOND, *SECOND], (LEFT,))

    assert said[0] == {1: "", 2: "p2", 3: ""}
    assert said[-1] == {1: "p1", 2: "p2", 3: ""}


@pytest.mark.parametrize("away", [{2: 0.5}, {1: 0.5}])
def test_a_stay_begins_anew_behind_a_pause(away: dict[int, float]) -> None:
    """Who was elsewhere meanwhile, or away for longer than a track needs, has not stayed."""
    before, pause = [{1: 0.5}, *SECOND, *SECOND, {1: 0.2}, *SECOND[:20]], [away, *SECOND, *SECOND[:5]]

    said = _walk([*before, *pause, {1: 0.2}, *SECOND, *SECOND])

    assert said[len(before) + len(pause) + 15][1] == ""
    assert said[-1][1] == "p1"


def test_a_user_says_otherwise() -> None:
    """Who is assigned is that participant wherever they are, and stays so; the lane gives nobody their place."""
    tracks, persons = step(Tracks(), [_person(1, 0.5)], 0.0, ("p1", "p2"), BOTH)

    tracks, refusal = assign(tracks, Assignment("p1"), persons, ("p1", "p2"))
    said = _walk([{1: 0.5, 2: 0.2}, *SECOND, *SECOND], tracks=tracks)

    assert refusal == ""
    assert {one[1] for one in said} == {"p1"}
    assert {one[2] for one in said} == {""}


def test_the_middle_of_a_body_is_its_trunks() -> None:
    """A stretched arm takes nobody out of their lane; of a body without a trunk what is seen counts."""
    person = _person(1, 0.3)
    person.image[[15, 17, 19, 21], 0] = 0.9
    knees_only = PersonPose(person.image, None, 1.0, presence_mask=1 << 25 | 1 << 26)

    assert middle(person) == pytest.approx(0.3)
    assert middle(knees_only) == pytest.approx(person.image[[25, 26], 0].mean())


def test_lanes_come_with_the_spec() -> None:
    """Those who have none are not there."""
    people = [
        control_pb2.ParticipantSpec(id="p1"),
        control_pb2.ParticipantSpec(id="p2", lane={"left": 0.6, "right": 1.0}),
    ]

    assert lanes_of(control_pb2.SessionSpec(participants=people)) == (RIGHT,)
