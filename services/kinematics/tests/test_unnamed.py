"""Movements that have no name."""

import pytest

from motus_kinematics.core.events import ExerciseEvent, RepEvent
from motus_kinematics.core.history import table
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.core.unnamed import count_unnamed


@pytest.fixture
def reach(lab):
    """Straight arms that swing forward by 45 degrees: no exercise of the register."""
    return lab.Pose(shoulder=(50.0, 50.0))


def state_after(lab, moves, seconds, far, **how):
    """The state after a film, with no exercise given."""
    state = State()
    for frame in lab.film(moves, seconds, far=far, **how):
        state, _ = step(state, frame, Config())
    return state


@pytest.mark.parametrize("reps", [2, 5])
def test_a_movement_without_a_name_is_counted_once_it_is_repeated(lab, reach, reps):
    """Two alike open a set, and the first of them counts too."""
    moves = lab.regular(reps, period_s=2.6)

    played = lab.play(lab.film(moves, moves[-1].end_s + 1.5, far=reach, noise_m=0.006))

    assert [e for e in played.events if isinstance(e, ExerciseEvent)] == []
    assert [rep.record.cycle.turn_s for rep in played.reps] == pytest.approx([m.turn_s for m in moves], abs=0.2)
    assert {rep.record.exercise for rep in played.reps} == {"unknown"}
    assert all(rep.curve for rep in played.reps)


def test_one_movement_alone_is_no_repetition_without_a_name(lab, reach):
    """Whatever was done once may have been anything."""
    played = lab.play(lab.film(lab.regular(1), 8.0, far=reach, noise_m=0.006))

    assert played.reps == []


def test_unlike_movements_are_no_repetitions(lab, reach):
    """A reach, a bend of the arms and a bend of the knees have nothing in common."""
    arms, knees = lab.Pose(elbow=(60.0, 60.0)), lab.Pose(knee=(45.0, 45.0), hip=(25.0, 25.0))
    frames, at = [], 0.0
    for far in (reach, arms, knees):
        film = list(lab.film(lab.regular(1, first_s=0.6), 3.5, far=far, noise_m=0.004))
        frames += [lab.retimed(frame, frame.t_s + at) for frame in film]
        at += 3.5

    assert lab.play(frames).reps == []


def test_the_first_and_last_movements_that_are_unlike_the_others_are_left_out(lab, reach):
    """Bending the knees before a set of reaches is none of them."""
    knees = lab.Pose(knee=(50.0, 50.0), hip=(25.0, 25.0))
    before = list(lab.film(lab.regular(1, first_s=0.6), 3.0, far=knees, noise_m=0.004))
    moves = lab.regular(4, first_s=0.5, period_s=2.6)
    frames = [*before, *(lab.retimed(f, f.t_s + 3.0) for f in lab.film(moves, 11.5, far=reach, noise_m=0.004))]

    reps = lab.play(frames).reps

    assert [rep.record.cycle.turn_s for rep in reps] == pytest.approx([m.turn_s + 3.0 for m in moves], abs=0.2)


def test_a_name_that_comes_late_keeps_the_numbers(lab):
    """What was counted without a name is the same repetitions under it."""
    said = [e for e in lab.play(lab.film(lab.regular(4), 12.0, noise_m=0.004)).events if isinstance(e, RepEvent)]

    last = {e.record.ordinal: e.record for e in said}
    counted = [record for record in last.values() if record.state is RepState.CONFIRMED]
    assert [(record.ordinal, record.exercise) for record in counted] == [(n, "squat") for n in range(1, 5)]


@pytest.mark.parametrize("seed", range(2))
def test_nobody_who_stands_still_does_repetitions(lab, seed):
    """Noise is not alike."""
    assert lab.play(lab.film((), 20.0, noise_m=0.015, seed=seed)).reps == []


def test_what_is_counted_live_is_what_a_look_back_finds(lab, reach):
    """Stream equals batch, without a name too."""
    moves = lab.regular(4, period_s=2.6)
    state = state_after(lab, moves, moves[-1].end_s + 1.5, reach, noise_m=0.006)

    batch = count_unnamed(table(state.review.history), ended=True).cycles

    assert [r.cycle.turn_s for r in state.review.ledger.records] == pytest.approx([c.turn_s for c in batch], abs=0.1)


def test_what_was_said_stays_when_the_beginning_of_a_long_set_is_forgotten(lab, reach):
    """Without a name too, the end that is rest does not change with what is remembered: no repetition is said anew."""
    moves = lab.regular(27, period_s=2.6)

    state, revisions = State(), []
    for frame in lab.film(moves, moves[-1].end_s + 1.0, far=reach, noise_m=0.006, fps=15.0):
        state, outputs = step(state, frame, Config())
        revisions += [event.record.revision for event in outputs.events if isinstance(event, RepEvent)]

    assert state.review.ledger.counted == 27
    assert max(revisions) <= 3


def test_a_look_for_a_name_and_a_recount_take_turns(lab, reach):
    """Only the first two may fall on one frame: each of them takes longer than the rest of a step."""
    state, looks, counts = State(), [], []
    for frame in lab.film(lab.regular(3, period_s=2.6), 9.0, far=reach, noise_m=0.006):
        before = state.review
        state, _ = step(state, frame, Config())
        looks += [frame.t_s] * (state.review.naming.looked_s != before.naming.looked_s)
        counts += [frame.t_s] * (state.review.voted_s != before.voted_s)

    assert len(looks) >= 10
    assert len(counts) >= 12
    assert set(looks[1:]).isdisjoint(counts)
