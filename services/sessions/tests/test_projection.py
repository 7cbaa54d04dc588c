"""The pure core keeps its promises without bus, store or clock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus_sessions.projection.fence import Fence
from motus_sessions.projection.landmarks import COLUMNS, persons_of, table_of
from motus_sessions.projection.life import (
    Life,
    Outcome,
    State,
    called_off,
    change_to,
    saw_frame,
    saw_outcome,
    stored_all,
)
from motus_sessions.projection.pacing import Pace
from motus_sessions.projection.recording import record_events, record_landmarks, record_samples
from motus_sessions.projection.records import EventRecord, Known, LandmarkRecord, PersonSeen, SampleRecord
from motus_sessions.projection.rollup import STEP_US, gathered, kept, of_kept, summary_of
from motus_sessions.projection.table import NOT_PROVIDED, Table, empty, merge

IMAGE = np.arange(165, dtype="<f4").tobytes()
WORLD = np.arange(99, dtype="<f4").tobytes()


def table(times_us: list[int], *columns: list[float], names: str = "abcdef", absent: int = -1) -> Table:
    """Columns as lists; a value that equals `absent` is absent."""
    values = np.array(columns, np.float32).T.reshape(len(times_us), len(columns))
    gone = values == absent
    return Table(
        np.array(times_us, np.int64),
        tuple(names[: len(columns)]),
        np.where(gone, 0, values).astype(np.float32),
        np.where(gone, 2, 0).astype(np.uint8),
        (1,) * len(columns),
    )


def known(**lives: Life) -> Known:
    """Sessions with one participant each."""
    return Known(lives, dict.fromkeys(lives, ("p1",)), {})


def event(sequence: int, epoch: int, name: str = "e", detail: Outcome | None = None) -> EventRecord:
    """An event of coach."""
    return EventRecord("s", name, 1, sequence, epoch, "", "coach", b"", detail)


def frame(sequence: int, t_us: int, epoch: int = 1, persons: tuple[PersonSeen, ...] = ()) -> LandmarkRecord:
    """A frame of pose."""
    return LandmarkRecord("s", sequence, epoch, 1, t_us, 1000 + t_us, False, persons)


def test_a_life_goes_from_pending_over_running_to_ended() -> None:
    """Frames start it, the last stage's end and a full store end it, and each step can be told."""
    running = saw_frame(Life(), 5)
    closing = saw_outcome(running, Outcome(False, "", 9.5))
    ended = stored_all(closing, 7)

    assert (running.state, running.start_time_ns) == (State.RUNNING, 5)
    assert closing.state is State.RUNNING
    assert (ended.state, ended.end_time_ns, ended.reason) == (State.ENDED, 7, "")
    change = change_to(ended)
    assert change is not None
    assert (change.before, change.after, change.t_s) == (State.RUNNING, State.ENDED, 9.5)


def test_a_failed_source_fails_the_session_with_its_reason() -> None:
    """A source that never gave a frame fails the session from PENDING."""
    failed = stored_all(saw_outcome(Life(), Outcome(True, "The file is empty.", 0)), 7)

    assert (failed.state, failed.reason) == (State.FAILED, "The file is empty.")
    change = change_to(failed)
    assert change is not None
    assert change.before is State.PENDING


def test_a_terminal_life_never_moves_again() -> None:
    """Whatever comes late changes nothing."""
    ended = stored_all(saw_outcome(Life(), Outcome(False, "", 0)), 7)

    assert saw_frame(ended, 9) == saw_outcome(ended, Outcome(True, "x", 0)) == called_off("x", ended, 9) == ended
    assert stored_all(ended, 9) == ended


def test_a_session_without_outcome_does_not_end() -> None:
    """Nothing ends before the last stage is through."""
    running = saw_frame(Life(), 5)

    assert stored_all(running, 7) == running


def test_a_replaced_owner_is_not_believed_but_what_it_said_before_is() -> None:
    """A message delivered again late is kept when it was stored before the new owner's first word."""
    fence = Fence().after(5, 10).after(6, 20)

    assert fence == Fence(6, 20)
    assert not fence.lets_through(5, 21)
    assert fence.lets_through(5, 15)
    assert fence.lets_through(6, 22)
    assert fence.lets_through(7, 23)


@given(st.permutations([(1, 1), (1, 2), (2, 3), (1, 4), (2, 5)]))
def test_the_order_of_delivery_decides_nothing_once_both_owners_were_seen(order: list[tuple[int, int]]) -> None:
    """However messages are delivered, the fence ends where the stream says."""
    fence = Fence()
    for epoch, sequence in order:
        fence = fence.after(epoch, sequence)

    assert fence == Fence(2, 3)


def test_events_of_a_replaced_owner_are_dropped() -> None:
    """Only the newest owner's events are kept, and the fence moves with them."""
    batch = record_events(known(s=Life()), [event(1, 1, "a"), event(2, 2, "b"), event(3, 1, "c")])

    assert [one.event for one in batch.events] == ["a", "b"]
    assert batch.stale == 1
    assert batch.fences["s", "events", "coach"] == Fence(2, 2)


def test_the_last_stages_end_is_the_outcome() -> None:
    """The first word counts, and it is kept with the life."""
    first, second = Outcome(False, "stopped by request", 3.0), Outcome(True, "no", 4.0)

    batch = record_events(known(s=Life()), [event(1, 1, "a", first), event(2, 1, "b", second)])

    assert batch.lives["s"].outcome == first


def test_messages_of_unknown_sessions_change_nothing() -> None:
    """What belongs to nobody is left out without an error, and it is said whose it was."""
    sample = SampleRecord("s", 1, 1, "p1", 5, table([1], [1.0]))

    batches = [
        record_events(known(), [event(1, 1)]),
        record_samples(known(), [sample]),
        record_landmarks(known(), [frame(1, 0)]),
    ]

    for batch in batches:
        assert (batch.events, batch.pieces, batch.lives, batch.gone) == ([], [], {}, {"s"})


def test_the_first_frame_starts_the_session_and_every_frame_gives_a_row() -> None:
    """A frame without the participant is a row too, with all points absent."""
    person = PersonSeen("p1", 2**33 - 1, IMAGE, WORLD)
    stranger = PersonSeen("p9", 2**33 - 1, IMAGE, WORLD)

    batch = record_landmarks(known(s=Life()), [frame(1, 0, persons=(person, stranger)), frame(2, 33_333)])

    assert (batch.started, batch.lives["s"].start_time_ns) == ({"s"}, 1000)
    [piece] = batch.pieces
    assert piece.participant == "p1"
    assert piece.table.t_us.tolist() == [0, 33_333]
    assert (piece.table.absences[0] == 0).all()
    assert (piece.table.absences[1] == NOT_PROVIDED).all()


def test_the_end_of_the_stream_is_no_frame() -> None:
    """A session whose source gave nothing does not begin to run at its end."""
    end = LandmarkRecord("s", 1, 1, 1, 0, 5, True, ())

    batch = record_landmarks(known(s=Life()), [end])

    assert (batch.lives, batch.pieces) == ({}, [])


def test_landmarks_come_back_as_they_went_in() -> None:
    """Presence, missing world coordinates and missing people survive the way through columns."""
    half = PersonSeen("", 0b101, IMAGE, b"")
    whole = PersonSeen("", 2**33 - 1, IMAGE, WORLD)

    back = persons_of(table_of([(2, whole), (0, None), (1, half)]))

    assert back[0] is None
    assert back[1] is not None
    assert (back[1].presence_mask, back[1].world) == (0b101, b"")
    points = np.frombuffer(back[1].image, "<f4").reshape(33, 5)
    assert points[2].tolist() == [10, 11, 12, 13, 14]
    assert not points[1].any()
    assert back[2] == whole


def test_merge_orders_rows_and_keeps_the_last_of_equal_times() -> None:
    """Pieces that overlap or come twice count once; a column that one lacks is absent there."""
    merged = merge([table([10, 30], [1, 3]), table([10, 20], [9, 2], [5, 6], names="ab")])

    assert merged.t_us.tolist() == [10, 20, 30]
    assert merged.columns("a").values[:, 0].tolist() == [9, 2, 3]
    assert merged.columns("b").absences[:, 0].tolist() == [0, 0, NOT_PROVIDED]


def test_a_table_knows_its_span() -> None:
    """The start belongs to a span, its end does not."""
    rows = table([10, 20, 30], [1, 2, 3])

    assert rows.between(10, 30).t_us.tolist() == [10, 20]
    assert rows.between(None, None).t_us.tolist() == [10, 20, 30]
    assert len(empty("ab").between(5, 6)) == 0


def test_columns_that_do_not_fit_together_are_refused() -> None:
    """A shape that is wrong is found where the table is made."""
    with pytest.raises(ValueError, match="do not fit"):
        Table(np.zeros(2, np.int64), ("a",), np.zeros((2, 2), np.float32), np.zeros((2, 1), np.uint8), (0,))


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3, width=32), st.integers(-1, 3)), min_size=1, max_size=200),
    st.integers(1, 500),
)
def test_steps_keep_every_columns_extremes_and_its_mean(rows: list[tuple[float, int]], width_us: int) -> None:
    """However few rows remain, nothing of the lowest, the highest and the mean value is lost, whatever was absent."""
    whole = table([10 * place for place in range(len(rows))], [a for a, _ in rows], [b for _, b in rows])

    few = gathered(summary_of(whole), width_us, -3)

    assert len(few) <= 10 * len(rows) // width_us + 2
    assert (np.diff(few.t_us) > 0).all()
    for column in range(2):
        there, left = whole.absences[:, column] == 0, few.absences[:, column] == 0
        assert few.counts[:, column].sum() == there.sum()
        if there.any():
            values, counts = whole.values[there, column], few.counts[left, column]
            assert (values.min(), values.max()) == (few.lows[left, column].min(), few.highs[left, column].max())
            mean = np.average(few.means[left, column], weights=counts)
            assert mean == pytest.approx(values.mean(dtype=np.float64), abs=1e-3)


def test_steps_of_steps_are_steps() -> None:
    """What was gathered, stored and gathered once more is what would have been gathered at once."""
    rows = np.arange(300)
    whole = table((rows * 100_000).tolist(), np.sin(rows).tolist(), (rows % 7).tolist())

    stored = kept(gathered(summary_of(whole), STEP_US))
    twice = gathered(of_kept(stored, whole.names), 6_000_000)
    once = gathered(summary_of(whole), 6_000_000)

    for figure in ("t_us", "lows", "highs", "counts", "absences"):
        assert np.array_equal(getattr(twice, figure), getattr(once, figure)), figure
    assert np.allclose(twice.means, once.means, atol=1e-6)


def test_a_pace_lets_through_what_was_asked_for() -> None:
    """Thirty a second become ten, jitter costs none, and a pause is not made up for."""
    jitter_s = (0.004, -0.004, 0.002)
    pace, passed = Pace(10), []
    for number in range(300):
        now_s = number / 30 + jitter_s[number % 3]
        if pace.admits(now_s):
            pace = pace.after(now_s)
            passed.append(now_s)
    late = 1000.0
    pace = pace.after(late)

    assert 99 <= len(passed) <= 101
    assert not pace.admits(late + 0.04)
    assert pace.admits(late + 0.1)


def test_every_column_of_landmarks_is_named_once() -> None:
    """33 points of five image and three world numbers."""
    assert len(set(COLUMNS)) == len(COLUMNS) == 33 * 8
