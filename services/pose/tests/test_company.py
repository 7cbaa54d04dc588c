"""Rendered people who cross, overtake each other and leave for half a minute: nobody becomes somebody else."""

from collections import Counter
from collections.abc import Callable

import av
import numpy as np
import pytest

from motus_pose.app import engine_factory
from motus_pose.engines.port import PersonPose, PoseEngine
from motus_pose.picture import Picture
from motus_pose.settings import PoseSettings
from motus_pose.tracking import Tracks, step
from motus_samples.company import MEETINGS, Company, Meeting, company
from motus_samples.gl import missing_gl

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(missing_gl() is not None, reason="apt-get install -y libegl1 libgl1-mesa-dri"),
]
WIDTH, HEIGHT = 640, 360
FPS = 15
NEAR_PX = 45.0
PARTICIPANTS = ("first", "second")


@pytest.fixture(scope="module")
def make() -> Callable[[], PoseEngine]:
    """Makes engines that follow two."""
    return engine_factory(PoseSettings(engine="blazepose", people=2))


def _hips(pose: PersonPose) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.asarray(pose.image[[23, 24], :2].mean(axis=0) * (WIDTH, HEIGHT), np.float64)


def _said(engine: PoseEngine, meeting: Company) -> tuple[Counter[tuple[int, str]], int]:
    """How often who truly is one of the two was said to be whom, and in how many frames somebody was seen."""
    said, seen, tracks = Counter[tuple[int, str]](), 0, Tracks()
    places = meeting.hips(WIDTH, HEIGHT)
    for index, picture in enumerate(meeting.pictures(WIDTH, HEIGHT)):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(WIDTH, HEIGHT)
        rgb = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
        poses = engine.detect(Picture.of(rgb), round(1000 * index / meeting.fps))
        tracks, persons = step(tracks, poses, index / meeting.fps, PARTICIPANTS)
        seen += bool(persons)
        for person in persons:
            gaps = np.linalg.norm(places[:, index] - _hips(person.pose), axis=1)
            # Where both stand at one place nobody can say whose points are whose.
            if np.nanmin(gaps) < NEAR_PX and not np.nanmax(gaps) < 2 * NEAR_PX:
                said[int(np.nanargmin(gaps)), person.participant] += 1
    return said, seen


@pytest.mark.parametrize("seed", [11, 12, 13])
@pytest.mark.parametrize("meeting", MEETINGS)
def test_nobody_becomes_somebody_else(make: Callable[[], PoseEngine], meeting: Meeting, seed: int) -> None:
    """Each of the two is one participant from the first frame to the last: no identity is exchanged."""
    said, seen = _said(make(), company(meeting, seed, FPS))

    print(meeting, seed, dict(said), seen)
    mine = [{who for (person, who), times in said.items() if person == one and who and times > 2} for one in (0, 1)]
    assert [len(names) for names in mine] == [1, 1], dict(said)
    assert mine[0] != mine[1]
