"""Whether there is a person at all, and how well they are seen."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from motus_pose.engines.port import PersonPose
from motus_pose.plausibility import is_body
from motus_pose.quality import jitter, limb_drift
from motus_pose.tracking import BELIEVED_S, DOUBTED, Tracks, step

Pose = Callable[[], PersonPose]


@pytest.fixture
def chair(pose: Pose) -> PersonPose:
    """What the network makes of a chair: a body with one arm, and that is short."""
    seen = pose()
    assert seen.world is not None
    world = seen.world.copy()
    world[[13, 15]] = world[11]
    return replace(seen, world=world, followed=1)


def test_a_body_has_limbs_of_a_body(pose: Pose, chair: PersonPose) -> None:
    """Arms and legs as long as anybody's, left as right."""
    seen = pose()
    assert seen.world is not None
    assert chair.world is not None
    assert is_body(seen.world)
    assert not is_body(chair.world)
    assert not is_body(np.zeros((33, 3), np.float32))


def test_what_is_no_body_is_nobodys_participant(chair: PersonPose) -> None:
    """It is told with little trust, and nothing is measured of it."""
    _, (person,) = step(Tracks(), [chair], 0.0, ("p1",))

    assert person.participant == ""
    assert person.pose.confidence <= DOUBTED


def test_who_is_followed_for_a_while_is_believed(chair: PersonPose) -> None:
    """Half hidden athletes look like no body either, but they stay."""
    tracks = Tracks()
    for t_s in np.arange(0.0, BELIEVED_S + 0.05, 1 / 30):
        tracks, (person,) = step(tracks, [chair], float(t_s), ("p1",))

    assert person.participant == "p1"
    assert person.pose.confidence == chair.confidence


def test_a_body_is_believed_at_first_sight_and_stays_so(pose: Pose, chair: PersonPose) -> None:
    """A moment that looks like nothing does not take the participant away."""
    tracks, (first,) = step(Tracks(), [replace(pose(), followed=1)], 0.0, ("p1",))
    _, (second,) = step(tracks, [chair], 0.033, ("p1",))

    assert first.participant == second.participant == "p1"


def test_jitter_is_the_noise_of_somebody_who_stands() -> None:
    """White noise of a hundredth of the trunk comes out as such; somebody who walks has none."""
    random = np.random.default_rng(1)
    still = np.zeros((31, 33, 2))
    still[:, [11, 12], 1], still[:, [23, 24], 1] = 0.2, 0.6
    walking = still + np.linspace(0, 0.5, 31)[:, None, None]

    noise = jitter(still + random.normal(0, 0.004, still.shape), 1.0)

    assert noise == pytest.approx(0.01, rel=0.3)
    assert jitter(walking, 1.0) is None
    assert jitter(still[:2], 1.0) is None


def test_limbs_that_keep_their_length_do_not_drift(pose: Pose) -> None:
    """A body that is the same in each picture has a drift of zero; one that breathes by a tenth has one of it."""
    world = pose().world
    assert world is not None

    assert limb_drift([world] * 5) == pytest.approx(0.0, abs=1e-6)
    assert limb_drift([world * 0.9, world * 1.1] * 3) == pytest.approx(0.1, rel=0.05)
    assert limb_drift([world]) is None
