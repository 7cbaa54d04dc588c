"""How long an athlete's limbs are: learnt in sessions, kept in the profile, where the next session begins."""

import json
from dataclasses import replace

import numpy as np
import pytest

from motus_kinematics.core.bones import BONES
from motus_kinematics.core.limbs import MOST_SESSIONS, Limb, learnt, lengths_of, standard_error_m
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.core.profile import Profile, ProfileError, decode, encode

TRUE_M = {"thigh": 0.43, "shank": 0.43, "trunk": 0.50, "upper_arm": 0.30}


def stance_of(frames, config=None):
    """The stance at the end of frames."""
    state = State()
    for frame in frames:
        state, _ = step(state, frame, config or Config("squat"))
    return state.stance


@pytest.fixture(scope="module")
def stance(lab):
    """The stance after twelve seconds of squats."""
    return stance_of(lab.film(lab.regular(4), 12.0, noise_m=0.005))


def test_the_limbs_of_a_session_are_the_figures_own(stance):
    """Each that was well seen is right within two of its stated errors."""
    limbs = learnt({}, stance)

    for name, true_m in TRUE_M.items():
        assert limbs[name].sessions == 1
        assert abs(limbs[name].length_m - true_m) < 2.0 * standard_error_m(name, limbs[name])


def test_what_was_hardly_seen_is_not_learnt(lab, stance):
    """A second of squatting teaches no limb, and leaves what was known as it was."""
    short = stance_of(lab.film(lab.regular(1), 1.0))

    assert learnt({}, short) == {}
    assert learnt({}, None) == {}
    known = learnt({}, stance)
    assert learnt(known, short) == known


def test_an_engine_without_metres_teaches_no_limbs(lab):
    """Its lengths are shares of the picture, and an athlete's metres are no beginning for them."""
    frames = [replace(frame, world=None) for frame in lab.film(lab.regular(4), 12.0)]

    plain = stance_of(frames)

    assert learnt({}, plain) == {}
    known = dict.fromkeys(BONES, Limb(0.3, 3))
    np.testing.assert_array_equal(stance_of(frames, Config("squat", limbs=known)).lengths, plain.lengths)


def test_sessions_are_averaged_and_their_error_falls(stance):
    """A length is the mean of its sessions; the oldest of very many fade."""
    longer = replace(stance, lengths=stance.lengths * 1.1)

    one = learnt({}, stance)
    two = learnt(one, longer)
    many = two
    for _ in range(2 * MOST_SESSIONS):
        many = learnt(many, longer)

    assert two["thigh"].length_m == pytest.approx(1.05 * one["thigh"].length_m)
    assert two["thigh"].sessions == 2
    assert standard_error_m("thigh", two["thigh"]) < 0.9 * standard_error_m("thigh", one["thigh"])
    assert many["thigh"].sessions == MOST_SESSIONS
    assert many["thigh"].length_m == pytest.approx(1.1 * one["thigh"].length_m, rel=0.02)


def test_a_session_begins_with_what_the_picture_cannot_show(lab):
    """An arm that points at the camera is as long as it used to be, one across the picture as long as it looks."""
    known = dict.fromkeys(BONES, Limb(0.6, 3))
    towards = lab.frame(0.0, replace(lab.standing, shoulder=(90.0, 90.0)), lab.View(-90.0))
    across = lab.frame(0.0, replace(lab.standing, shoulder=(90.0, 90.0)), lab.View(0.0))

    upper_arm = BONES.index("upper_arm")
    assert stance_of([towards], Config(limbs=known)).lengths[upper_arm] > 0.55
    assert stance_of([across], Config(limbs=known)).lengths[upper_arm] == pytest.approx(0.30, abs=0.02)


def test_a_wrong_profile_is_unlearnt(lab):
    """Somebody else's limbs are the athlete's own after ten seconds, within a twentieth."""
    known = {name: Limb(1.2 * true_m, 5) for name, true_m in TRUE_M.items()}

    after = lengths_of({n: Limb(m, 1) for n, m in TRUE_M.items()})
    ended = stance_of(lab.film(lab.regular(4), 12.0, noise_m=0.005), Config("squat", limbs=known))

    there = np.isfinite(after)
    np.testing.assert_allclose(ended.lengths[there], after[there], rtol=0.05)


def test_limbs_come_back_from_the_profile(stance):
    """Lengths to a tenth of a millimetre, with the number of sessions and the error for whoever reads it."""
    limbs = learnt({}, stance)

    body = encode(Profile((), limbs))

    again = decode(body).limbs
    assert set(again) == set(limbs)
    assert again["thigh"].length_m == pytest.approx(limbs["thigh"].length_m, abs=1e-4)
    written = json.loads(body)["limbs"]["thigh"]
    assert written["standard_error_m"] == pytest.approx(standard_error_m("thigh", limbs["thigh"]), abs=1e-4)
    assert written["sessions"] == 1


def test_a_profile_from_before_limbs_were_kept_is_read():
    """It has none, and is no error."""
    assert decode(b'{"version":1,"taught":[]}') == Profile()


@pytest.mark.parametrize(
    "limb",
    [
        b'{"length_m":9.0,"sessions":1}',
        b'{"length_m":0.4,"sessions":0}',
        b'{"length_m":NaN,"sessions":1}',
        b'{"length_m":0.4,"sessions":1e999}',
        b"[]",
    ],
)
def test_limbs_that_nobody_has_are_refused(limb):
    """A length of nine metres or of no session is damage."""
    with pytest.raises(ProfileError):
        decode(b'{"version":2,"taught":[],"limbs":{"thigh":%s}}' % limb)
