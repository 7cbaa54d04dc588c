"""Sets that are begun and ended by command."""

import pytest

from motus_kinematics.core.events import RepEvent, SetEvent
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.pipeline import Config, State, flush, mark_set, step


def played(frames, exercise, marks):
    """Events of a run in which sets begin (true) and end (false) at the given moments."""
    state, events, marks = State(), [], list(marks)
    for frame in frames:
        if marks and frame.t_s >= marks[0][0]:
            t_s, begins = marks.pop(0)
            state, outputs = mark_set(state, t_s, begins=begins)
            events.extend(outputs.events)
        state, outputs = step(state, frame, Config(exercise))
        events.extend(outputs.events)
    state, outputs = flush(state)
    return [*events, *outputs.events], state


def turns(events):
    """When the repetitions that count in the end turned."""
    last = {e.record.ordinal: e.record for e in events if isinstance(e, RepEvent)}
    return [r.cycle.turn_s for r in last.values() if r.state in (RepState.PROVISIONAL, RepState.CONFIRMED)]


def test_what_was_done_before_a_marked_beginning_does_not_count(lab):
    """Setting up for a hinge is a hinge: with the set's beginning given only what follows counts."""
    far = lab.Pose(hip=(90.0, 90.0), lean=70.0)
    moves = (lab.Excursion(1.0, 1.0, 0.3, 1.0), *lab.regular(3, first_s=6.0))

    events, _ = played(lab.film(moves, 15.0, far=far, noise_m=0.004), "hinge", [(5.0, True), (14.0, False)])

    sets = [e for e in events if isinstance(e, SetEvent)]
    assert turns([e for e in events if isinstance(e, RepEvent) and e.record.set_ordinal == sets[-1].ordinal]) == (
        pytest.approx([m.turn_s for m in moves[1:]], abs=0.15)
    )
    assert (sets[-1].start_s, sets[-1].end_s, sets[-1].reps) == (5.0, 14.0, 3)


def test_nothing_counts_between_a_marked_end_and_the_next_beginning(lab):
    """Between two marked sets an athlete may move as they like."""
    moves = (*lab.regular(2), *lab.regular(2, first_s=8.0), *lab.regular(2, first_s=15.0))

    events, state = played(
        lab.film(moves, 21.0, noise_m=0.004), "squat", [(0.5, True), (6.5, False), (14.5, True), (20.5, False)]
    )

    assert turns(events) == pytest.approx([m.turn_s for m in (*moves[:2], *moves[4:])], abs=0.15)
    assert state.review.ledger.counted == 4
    assert [(e.ordinal, e.end_s is None, e.reps) for e in events if isinstance(e, SetEvent)] == [
        (1, True, 0),
        (1, False, 2),
        (2, True, 0),
        (2, False, 2),
    ]


def test_a_pause_does_not_end_a_marked_set(lab):
    """Who marks sets may breathe for a quarter of a minute within one."""
    moves = (*lab.regular(2), *lab.regular(1, first_s=21.0))

    events, _ = played(lab.film(moves, 25.0, noise_m=0.004), "squat", [(0.2, True)])

    assert [(e.ordinal, e.reps) for e in events if isinstance(e, SetEvent)] == [(1, 0), (1, 3)]
