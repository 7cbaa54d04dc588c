"""The core's step as a whole: what it says, and that it is a function of its state."""

import pickle
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motus_kinematics.core.channels import PUBLISHED, Absence, Grade
from motus_kinematics.core.counting import count
from motus_kinematics.core.events import ExerciseEvent, PersonEvent, Phase, RepEvent, SetEvent
from motus_kinematics.core.exercises import EXERCISES
from motus_kinematics.core.history import table
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.pipeline import Config, State, flush, step

SQUAT = Config("squat")


def figures(rep):
    """A repetition's present measures by name."""
    return {m.name: m.value for m in rep.measures if m.absence is Absence.PRESENT}


@given(cuts=st.lists(st.integers(1, 160), max_size=4), seed=st.integers(0, 3))
@settings(max_examples=8, deadline=None)
def test_a_stream_cut_anywhere_and_carried_on_says_the_same_as_one_batch(lab, cuts, seed):
    """The state is all there is: saved and loaded between any frames, the run goes on as if nothing had happened."""
    frames = list(lab.film(lab.regular(2), 6.0, noise_m=0.01, seed=seed))
    whole = lab.play(frames, "squat")

    state, events = State(), []
    for i, frame in enumerate(frames):
        if i in cuts:
            state = pickle.loads(pickle.dumps(state))
        state, outputs = step(state, frame, SQUAT)
        events.extend(outputs.events)
    state, outputs = flush(state)

    assert [repr(e) for e in (*events, *outputs.events)] == [repr(e) for e in whole.events]


@given(reps=st.integers(1, 4), period_s=st.floats(1.6, 3.0), depth=st.floats(0.6, 1.0), seed=st.integers(0, 9))
@settings(max_examples=8, deadline=None)
def test_what_was_said_live_is_what_a_look_back_over_everything_finds(lab, reps, period_s, depth, seed):
    """Stream equals batch: the confirmed repetitions are those of one count over the whole past."""
    moves = lab.regular(reps, period_s=period_s, depth=depth)
    frames = list(lab.film(moves, moves[-1].end_s + 0.8, noise_m=0.008, seed=seed))
    state = State()
    for frame in frames:
        state, _ = step(state, frame, SQUAT)

    live = lab.play(frames, "squat").reps
    batch = count(table(state.review.history), EXERCISES["squat"], ended=True).cycles

    assert [rep.record.cycle.turn_s for rep in live] == pytest.approx([c.turn_s for c in batch], abs=0.1)


def test_a_step_leaves_the_state_before_untouched(lab):
    """Frozen state in, new state out: the old one still gives the same answer."""
    frames = list(lab.film(lab.regular(1), 4.0))
    state = State()
    for frame in frames[:60]:
        state, _ = step(state, frame, SQUAT)
    before = pickle.dumps(state)

    step(state, frames[60], SQUAT)

    assert pickle.dumps(state) == before


def test_a_frame_that_is_not_newer_is_counted_and_changes_nothing_else(lab):
    """A frame that comes twice or late is left out."""
    frames = list(lab.film((), 1.0))
    state, _ = step(State(), frames[5], SQUAT)

    again, outputs = step(state, frames[3], SQUAT)

    assert again.tracks.repairs.frames_out_of_order == 1
    assert again == replace(state, tracks=again.tracks)
    assert outputs.now is None


def test_every_frame_gives_one_live_and_in_the_end_one_settled_sample(lab):
    """What is stored has one row per frame, in order, whether anybody was seen or not."""
    frames = [lab.hidden(f) if 1.0 < f.t_s < 2.0 else f for f in lab.film(lab.regular(1), 4.0)]

    played = lab.play(frames, "squat")

    settled = [sample.t_s for outputs in played.outputs for sample in outputs.settled]
    assert settled == [frame.t_s for frame in frames]
    assert all(outputs.now is not None for outputs in played.outputs[:-1])


def test_no_output_holds_a_nan_and_each_absent_value_has_a_reason(lab):
    """An athlete who leaves the picture leaves reasons behind, no NaN."""
    frames = [lab.hidden(f) if 1.0 < f.t_s < 2.0 else f for f in lab.film((), 3.0)]

    samples = [s for outputs in lab.play(frames, "squat").outputs for s in (outputs.now, *outputs.settled) if s]

    assert all(np.isfinite(sample.values).all() for sample in samples)
    gone = [sample for sample in samples if 1.4 < sample.t_s < 1.7]
    assert all((sample.absences == Absence.NO_PERSON).all() for sample in gone)
    assert all((sample.grades[sample.absences > 0] == 0).all() for sample in samples)


def test_who_is_hidden_for_a_few_frames_stays_on_display_but_not_for_use(lab):
    """For ten frames the live sample keeps the last values, graded as of no use; then it says that nobody is there."""
    frames = [lab.hidden(f) if f.t_s >= 1.0 else f for f in lab.film((), 1.6)]
    column = PUBLISHED.index("knee_flexion_right_deg")

    live = [outputs.now for outputs in lab.play(frames, "squat").outputs if outputs.now is not None]

    assert [sample.grades[column] == Grade.NONE for sample in live].count(True) == 10
    assert [sample.values[column] for sample in live[30:40]] == [live[29].values[column]] * 10
    assert all(sample.absences[column] == Absence.NO_PERSON for sample in live[40:])


def test_settled_velocities_are_those_of_the_figure(lab):
    """Knee velocity follows the commanded one within the method's error."""
    (move,) = lab.regular(1, first_s=1.0, period_s=3.0)
    played = lab.play(lab.film((move,), 5.0), "squat")

    t_s = np.array([s.t_s for outputs in played.outputs for s in outputs.settled])
    velocity = played.published("knee_flexion_velocity_right_deg_s")
    commanded = np.gradient([95.0 * move.at(t) for t in t_s], t_s)

    assert np.sqrt(np.mean((velocity - commanded) ** 2)) < 10.0


def test_a_repetition_keeps_its_number_from_provisional_to_confirmed(lab):
    """A confirmation is a higher revision of the same repetition."""
    events = [e.record for e in lab.play(lab.film(lab.regular(2), 7.0), "squat").events if isinstance(e, RepEvent)]

    first = [(r.revision, r.state) for r in events if r.ordinal == 1]
    assert first == [(1, RepState.PROVISIONAL), (2, RepState.CONFIRMED)]
    assert {r.ordinal for r in events} == {1, 2}


def test_a_repetition_is_confirmed_within_half_a_second_of_its_end(lab):
    """Live means soon."""
    moves = lab.regular(3)
    state, delays = State(), []
    for frame in lab.film(moves, 10.0, noise_m=0.005):
        state, outputs = step(state, frame, SQUAT)
        said = [e.record for e in outputs.events if isinstance(e, RepEvent) and e.record.state is RepState.CONFIRMED]
        delays += [frame.t_s - moves[record.ordinal - 1].end_s for record in said if record.revision == 2]

    assert len(delays) == 3
    assert max(delays) <= 0.5


def test_a_confirmed_repetition_has_the_figures_that_were_commanded(lab):
    """Depth, lean, tempo and range are the figure's; from the side no asymmetry is claimed."""
    move = lab.Excursion(1.0, 1.4, 0.5, 0.9)

    (rep,) = lab.play(lab.film((move,), 5.0), "squat").reps

    seen = figures(rep)
    assert seen["peak_knee_flexion_right_deg"] == pytest.approx(100.0, abs=3.0)
    assert seen["trunk_lean_peak_deg"] == pytest.approx(35.0, abs=2.0)
    assert seen["range_of_motion_deg"] == pytest.approx(95.0, abs=4.0)
    assert seen["peak_thigh_elevation_deg"] == pytest.approx(60.0, abs=3.0)
    assert seen["eccentric_s"] == pytest.approx(1.4, abs=0.3)
    assert seen["turn_hold_s"] == pytest.approx(0.5, abs=0.3)
    assert seen["concentric_s"] == pytest.approx(0.9, abs=0.2)
    assert next(m.absence for m in rep.measures if m.name == "range_asymmetry_percent") is Absence.VIEW
    assert [span.phase for span in rep.phases] == [Phase.ECCENTRIC, Phase.TURN_HOLD, Phase.CONCENTRIC]
    assert rep.curve is not None
    assert max(rep.curve.values) == pytest.approx(100.0, abs=3.0)


def test_an_asymmetric_squat_shows_from_the_front(lab):
    """Seen from the front, a left knee that bends 25 degrees less has its sign and size."""
    far = lab.Pose(knee=(75.0, 100.0), hip=(80.0, 95.0), lean=30.0)

    (rep,) = lab.play(lab.film(lab.regular(1), 4.0, far=far, view=lab.View(-90.0)), "squat").reps

    assert figures(rep)["range_asymmetry_percent"] == pytest.approx(30.0, abs=8.0)


def test_a_rest_ends_the_set_and_numbers_go_on(lab):
    """After a long rest a new set begins; repetition numbers are never used twice."""
    moves = (*lab.regular(2), *lab.regular(2, first_s=18.0))

    played = lab.play(lab.film(moves, 24.0), "squat")

    sets = [e for e in played.events if isinstance(e, SetEvent)]
    assert [(s.ordinal, s.end_s is None, s.reps) for s in sets] == [
        (1, True, 0),
        (1, False, 2),
        (2, True, 0),
        (2, False, 2),
    ]
    assert [rep.record.ordinal for rep in played.reps] == [1, 2, 3, 4]


def test_another_given_exercise_closes_the_set(lab):
    """What was counted as squats stays counted as squats."""
    state, events = State(), []
    for frame in lab.film(lab.regular(2), 9.0):
        state, outputs = step(state, frame, Config("squat" if frame.t_s < 7.0 else "pushup"))
        events.extend(outputs.events)

    last = next(e for e in reversed(events) if isinstance(e, SetEvent))
    assert (last.exercise, last.reps) == ("squat", 2)
    assert state.review.exercise == "pushup"


def test_a_squat_is_recognised_when_no_exercise_is_given(lab):
    """The rules name it, and all of its repetitions count, those before the name too."""
    played = lab.play(lab.film(lab.regular(4), 12.0, noise_m=0.005))

    names = [e.exercise for e in played.events if isinstance(e, ExerciseEvent)]
    assert names == ["squat"]
    assert len(played.reps) == 4


def test_a_lost_person_is_said_once_and_so_is_the_return(lab):
    """Two seconds out of view is lost; a blink is not."""
    frames = [lab.hidden(f) if 1.0 < f.t_s < 5.0 or 6.0 < f.t_s < 6.3 else f for f in lab.film((), 8.0)]

    presence = [e.lost for e in lab.play(frames, "squat").events if isinstance(e, PersonEvent)]

    assert presence == [True, False]


def test_the_state_stays_small_however_long_the_session(lab):
    """Once the past is as long as it may get, the state grows no more."""
    state, sizes = State(), []
    for frame in lab.film(lab.regular(80), 200.0, fps=8.0):
        state, _ = step(state, frame, SQUAT)
        if frame.t_s in (90.0, 199.0):
            sizes.append(len(pickle.dumps(state)))

    assert sizes[1] < 1.2 * sizes[0]
    assert sizes[1] < 1_000_000


def test_the_state_holds_plain_values_only():
    """No open file, no callable, no hidden object: a checkpoint can be made of it."""
    plain = (float, int, str, bool, np.ndarray, type(None), np.floating)

    def check(value):
        if is_dataclass(value):
            return all(check(getattr(value, field.name)) for field in fields(value))
        if isinstance(value, tuple):
            return all(map(check, value))
        return isinstance(value, plain) or type(value).__mro__[1].__name__ in ("Enum", "IntEnum")

    assert check(State())
