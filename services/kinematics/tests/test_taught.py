"""Movements that athletes teach by a few repetitions."""

from dataclasses import replace

import numpy as np
import pytest

from motus_kinematics.core.checkpoint import Format
from motus_kinematics.core.events import ExerciseEvent, RepEvent, TaughtEvent
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.pipeline import Config, State, flush, learn, step
from motus_kinematics.core.profile import Profile, ProfileError, decode, encode
from motus_kinematics.core.taught import TeachError, teach, together


def run(frames, config):
    """The core over frames: all events, and the state before the end."""
    state, events = State(), []
    for frame in frames:
        state, outputs = step(state, frame, config)
        events.extend(outputs.events)
    _, outputs = flush(state)
    return state, [*events, *outputs.events]


def reps(events):
    """The repetitions that count in the end, by what they were counted as."""
    last = {e.record.ordinal: e.record for e in events if isinstance(e, RepEvent)}
    return [record.exercise for record in last.values() if record.state is not RepState.WITHDRAWN]


@pytest.fixture(scope="module")
def thruster(lab):
    """A squat whose way up ends overhead: no exercise of the register."""
    rest = replace(lab.standing, elbow=(140.0, 140.0), shoulder=(30.0, 30.0))
    return rest, replace(lab.squatting, elbow=(10.0, 10.0), shoulder=(120.0, 120.0))


@pytest.fixture(scope="module")
def template(lab, thruster):
    """What three repetitions of it teach, counted as squats."""
    rest, far = thruster
    state, _ = run(lab.film(lab.regular(4), 12.0, rest=rest, far=far, noise_m=0.01, seed=2), Config("squat"))
    return teach(state.shown, [shown.ordinal for shown in state.shown[-3:]], "thruster")


def test_a_taught_movement_is_recognised_and_counted(lab, thruster, template):
    """After three repetitions were shown, the same movement is known: slower, less deep and by other noise."""
    rest, far = thruster
    frames = lab.film(lab.regular(5, period_s=3.0, depth=0.9), 17.0, rest=rest, far=far, noise_m=0.01, seed=4)

    _, events = run(frames, Config(taught=(template,)))

    assert [e.exercise for e in events if isinstance(e, ExerciseEvent)][-1] == "taught/thruster"
    assert reps(events) == ["taught/thruster"] * 5


@pytest.mark.parametrize("movement", ["squat", "nothing"])
def test_nothing_else_is_taken_for_a_taught_movement(lab, template, movement):
    """Squats without the arms are squats, and standing is no movement."""
    moves = lab.regular(5) if movement == "squat" else ()

    _, events = run(lab.film(moves, 15.0, noise_m=0.01, seed=6), Config(taught=(template,)))

    assert "taught/thruster" not in [e.exercise for e in events if isinstance(e, ExerciseEvent)]
    assert "taught/thruster" not in reps(events)


def test_a_taught_movement_can_be_given(lab, thruster, template):
    """Given as the exercise, it counts from the first repetition on."""
    rest, far = thruster
    frames = lab.film(lab.regular(1), 4.0, rest=rest, far=far)

    _, events = run(frames, Config("taught/thruster", taught=(template,)))

    assert reps(events) == ["taught/thruster"]


def test_a_profile_comes_back_from_its_bytes(template):
    """What was learnt is there in the next session, to the precision that is kept."""
    profile = Profile((template,))

    again = decode(encode(profile)).taught[0]

    assert (again.movement, again.duration_s, again.tolerance) == ("thruster", template.duration_s, template.tolerance)
    np.testing.assert_allclose(again.values, template.values, atol=0.1)
    assert decode(b"") == Profile()


def test_teaching_a_movement_again_replaces_it(template):
    """A movement has one template, and an athlete the latest eight."""
    others = tuple(replace(template, movement=f"m{i}") for i in range(8))

    assert [each.duration_s for each in together((template,), (replace(template, duration_s=9.0),))] == [9.0]
    assert [each.movement for each in together(others, (template,))] == [*(f"m{i}" for i in range(1, 8)), "thruster"]


def test_a_movement_is_taught_by_command_and_survives_a_checkpoint(lab, thruster):
    """What was learnt in a session is part of the state, and a refusal changes nothing but says why."""
    rest, far = thruster
    frames = list(lab.film(lab.regular(6), 16.5, rest=rest, far=far, noise_m=0.01, seed=8))
    state, _ = run(frames[:300], Config("squat"))

    taught, said = learn(state, 10.0, "thruster", [1, 2, 3])
    same, refused = learn(state, 10.0, "thruster", [1])

    assert (said.events, same) == ((TaughtEvent(10.0, "thruster"),), state)
    assert "two or three" in refused.events[0].refusal
    kept = Format(State)
    after = kept.load(kept.save(taught))
    for frame in frames[300:]:
        after, _ = step(after, frame, Config("taught/thruster"))
    assert after.review.ledger.counted >= 2


@pytest.mark.parametrize(
    "body",
    [
        b"\x80\x04",
        b"[]",
        b'{"version":1}',
        b'{"version":2,"taught":[]}',
        b'{"version":3,"taught":[],"limbs":{}}',
        b'{"version":2,"taught":[],"limbs":[]}',
        b'{"version":1,"taught":[1]}',
    ],
)
def test_bytes_that_are_no_profile_are_refused(body):
    """Another version or damage is an error, not a guess."""
    with pytest.raises(ProfileError):
        decode(body)


@pytest.mark.parametrize(
    ("ordinals", "movement", "why"),
    [
        ([1], "thruster", "two or three"),
        ([1, 2, 3, 4], "thruster", "two or three"),
        ([1, 99], "thruster", "latest"),
        ([1, 2], "Thruster!", "letters"),
    ],
)
def test_what_cannot_be_taught_is_refused_with_the_reason(lab, ordinals, movement, why):
    """Too few or too many repetitions, forgotten ones, and ids that could not stand in a name."""
    state, _ = run(lab.film(lab.regular(4), 11.5), Config("squat"))

    with pytest.raises(TeachError, match=why):
        teach(state.shown, ordinals, movement)
