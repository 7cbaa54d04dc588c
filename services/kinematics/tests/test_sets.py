"""Sets that are begun and ended by command."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_a_set_says_how_long_it_was_how_it_was_paced_and_how_long_the_rest_before(lab):
    """Four even repetitions, a rest of twelve seconds, and two slower ones."""
    first, second = lab.regular(4), lab.regular(2, first_s=22.5, period_s=4.0)

    events, _ = played(lab.film((*first, *second), 33.0), "squat", [])

    ended = [{m.name: m.value for m in e.measures} for e in events if isinstance(e, SetEvent) and e.end_s is not None]
    spans = [[move.visible_s for move in moves] for moves in (first, second)]
    assert [e["set_duration_s"] for e in ended] == pytest.approx([s[-1][1] - s[0][0] for s in spans], abs=0.4)
    assert [e["rep_duration_median_s"] for e in ended] == pytest.approx([s[0][1] - s[0][0] for s in spans], abs=0.25)
    assert ended[1]["set_rest_before_s"] == pytest.approx(spans[1][0][0] - spans[0][-1][1], abs=0.4)
    assert ended[0]["rep_duration_spread_percent"] < 5.0
    assert np.isnan((ended[0]["set_rest_before_s"], ended[1]["rep_duration_spread_percent"])).all()


@settings(max_examples=12, deadline=None)
@given(marks=st.lists(st.tuples(st.floats(0.5, 15.5), st.booleans()), max_size=6).map(sorted))
def test_whatever_is_marked_sets_follow_one_another_and_hold_their_own_repetitions(lab, marks):
    """Any order of begins and ends: each set ends once, before the next, and nothing counts outside of the marks."""
    events, state = played(lab.film(lab.regular(6), 16.5), "squat", marks)

    sets = [e for e in events if isinstance(e, SetEvent)]
    opened, ended = [e for e in sets if e.end_s is None], [e for e in sets if e.end_s is not None]
    assert [e.ordinal for e in opened] == [e.ordinal for e in ended] == sorted({e.ordinal for e in sets})
    assert all(before.end_s <= after.start_s for before, after in pairwise(ended))
    assert sum(e.reps for e in ended) == state.review.ledger.counted == len(turns(events))
    for turn_s in turns(events):
        last = max((mark for mark in marks if mark[0] <= turn_s), default=None)
        assert last is None or last[1]
