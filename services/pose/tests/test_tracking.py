"""Tracks: one person keeps one id while seen, and gets a new one after being away."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus_pose.engines.port import PersonPose
from motus_pose.tracking import LOST_AFTER_S, Track, Tracks, region, step

Pose = Callable[[], PersonPose]


def test_first_person_gets_track_one_and_the_participant(pose: Pose) -> None:
    """The first person seen is track 1 and the session's participant."""
    tracks, persons = step(Tracks(), [pose()], 0.0, ("p1",))

    assert [(person.track_id, person.participant) for person in persons] == [(1, "p1")]
    assert tracks == Tracks(2, Track(1, 0.0))


def test_nobody_leaves_the_state_as_it_is() -> None:
    """A picture without people neither ends nor begins a track."""
    before = Tracks(3, Track(2, 1.0))

    assert step(before, [], 1.5, ("p1",)) == (before, ())


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
