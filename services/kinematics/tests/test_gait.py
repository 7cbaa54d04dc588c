"""Steps of walking and running: when each foot is on the ground, and what each leg does in between."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motus.bus.v1 import frame_pb2
from motus.v1 import movement_pb2
from motus_kinematics.core.checkpoint import Format
from motus_kinematics.core.events import ExerciseEvent, Phase, PhaseEvent
from motus_kinematics.core.gait import GAP_S
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.speaker import Speaker
from motus_samples.synthetic import VIEWS, Script, record
from truth.athletes import frames_of

GAITS = ("walk", "run")
SEED, SECONDS = 6, 7.0
STATE = Format(State)


def going(movement, view="lateral", seed=SEED):
    """A recording of somebody who walks or runs, or stands."""
    return record(Script(movement, seed, view, "medium", reps=3, seconds=SECONDS))


def told(lab, frames, exercise):
    """The phases of steps that are told."""
    return [event for event in lab.play(frames, exercise).events if isinstance(event, PhaseEvent)]


def of_kind(phases, *kinds, side=None):
    """Those of some kinds, and of one side."""
    return [e for e in phases if e.span.phase in kinds and side in (None, e.side)]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("movement", GAITS)
def test_each_step_is_told_with_its_strike_and_lift(lab, movement, view):
    """Nearly all contacts of both feet in the midst of a recording, their ends within 0.1 s, and none besides."""
    recording = going(movement, view)

    stances = of_kind(told(lab, frames_of(recording), movement), Phase.STANCE)

    true = [c for c in recording.truth.contacts if c.start_s > 0.6 and c.end_s < SECONDS - 0.6]
    middles = [(e.side, (e.span.start_s + e.span.end_s) / 2.0, e.span) for e in stances]
    pairs = [(c, s) for c in true for side, at_s, s in middles if side == c.side and c.start_s < at_s < c.end_s]
    assert len(pairs) >= 0.9 * len(true)
    assert len(stances) <= len(recording.truth.contacts)
    for contact, span in pairs:
        assert span.start_s == pytest.approx(contact.start_s, abs=0.1)
        assert span.end_s == pytest.approx(contact.end_s, abs=0.1)


@pytest.mark.parametrize(("movement", "between"), [("walk", Phase.TRANSITION), ("run", Phase.FLIGHT)])
def test_between_steps_who_walks_has_both_feet_on_the_ground_and_who_runs_none(lab, movement, between):
    """The transition lies within both stances, the flight within neither."""
    phases = told(lab, frames_of(going(movement)), movement)

    both = of_kind(phases, Phase.TRANSITION, Phase.FLIGHT)
    stances = of_kind(phases, Phase.STANCE)
    assert both
    assert {(e.span.phase, e.side) for e in both} == {(between, "")}
    for event in both:
        at_s = (event.span.start_s + event.span.end_s) / 2.0
        down = {s.side for s in stances if s.span.start_s < at_s < s.span.end_s}
        assert down == ({"left", "right"} if between is Phase.TRANSITION else set())


@pytest.mark.parametrize("movement", GAITS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_leg_swings_between_its_stances(lab, movement, side):
    """Each swing joins two stances without a gap, and every phase states how long it was and how well that is known."""
    phases = told(lab, frames_of(going(movement)), movement)

    stances, swings = (of_kind(phases, kind, side=side) for kind in (Phase.STANCE, Phase.SWING))
    assert len(stances) > len(swings) >= 2
    for swing in swings:
        assert swing.span.start_s in {s.span.end_s for s in stances}
        assert swing.span.end_s in {s.span.start_s for s in stances}
    for event in phases:
        (lasts,) = event.span.measures
        assert (lasts.name, lasts.value) == ("duration_s", event.span.end_s - event.span.start_s)
        assert lasts.standard_error > 0.0


@pytest.mark.parametrize(("movement", "exercise"), [("idle", "walk"), ("idle", "run"), ("walk", "squat")])
def test_there_are_no_steps_where_nobody_walks(lab, movement, exercise):
    """Standing makes none, and neither does what was given another name."""
    assert not told(lab, frames_of(going(movement)), exercise)


def test_steps_count_from_before_the_name_is_known(lab):
    """Without an exercise given, the steps of the seconds that the name took are told too."""
    events = lab.play(frames_of(going("walk", seed=2)), "unknown").events

    named_s = next(e.t_s for e in events if isinstance(e, ExerciseEvent) and e.exercise == "walk")
    stances = of_kind([e for e in events if isinstance(e, PhaseEvent)], Phase.STANCE)
    assert min(e.span.start_s for e in stances) < named_s - 0.5


def test_no_phase_spans_what_was_not_seen(lab):
    """Where the athlete was out of sight, steps are not known, and none is made up."""
    away = (3.0, 3.0 + 3.0 * GAP_S)
    frames = [lab.hidden(f) if away[0] < f.t_s < away[1] else f for f in frames_of(going("run"))]

    phases = told(lab, frames, "run")

    assert any(e.span.end_s < away[0] for e in phases)
    assert any(e.span.start_s > away[1] for e in phases)
    assert not [e for e in phases if e.span.start_s < away[0] + 0.1 and e.span.end_s > away[1] - 0.1]


@settings(max_examples=8, deadline=None)
@given(movement=st.sampled_from(GAITS), cuts=st.sets(st.integers(1, 200), max_size=4))
def test_steps_of_a_run_cut_anywhere_are_those_of_one_that_was_not(lab, movement, cuts):
    """A worker that goes on from a checkpoint tells each phase once, with the same times."""
    state, said = State(), []
    for number, frame in enumerate(frames_of(going(movement))):
        if number in cuts:
            state = STATE.load(STATE.save(state))
        state, outputs = step(state, frame, Config(movement))
        said += [event for event in outputs.events if isinstance(event, PhaseEvent)]

    assert said == told(lab, frames_of(going(movement)), movement)


def test_a_phase_of_a_leg_travels_with_its_side_under_a_name_of_its_own(lab):
    """Both legs swing at once, and none of their events replaces another."""
    ref = frame_pb2.FrameRef(session="s", ingest_epoch=1, frame_seq=4, t_s=9.0, capture_time_ns=10_000_000_000)
    phases = told(lab, frames_of(going("run")), "run")

    sent = [envelope.event for event in phases for envelope in Speaker("s", 1).events("p1", event, ref)]

    assert len({event.name for event in sent}) == len(phases)
    sides = {"left": movement_pb2.SIDE_LEFT, "right": movement_pb2.SIDE_RIGHT, "": movement_pb2.SIDE_UNSPECIFIED}
    assert [event.phase.side for event in sent] == [sides[event.side] for event in phases]
    assert np.allclose([event.phase.end_s for event in sent], [event.span.end_s for event in phases])
