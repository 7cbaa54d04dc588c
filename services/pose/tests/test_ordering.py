"""Order of frames: each once, none out of turn where every frame counts, nothing from an owner of the past."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus_pose.frames import End, Frame, FrameRef
from motus_pose.ordering import Done, Verdict, after, judge


def _frame(epoch: int, seq: int, *, every: bool = True, end: End | None = None) -> Frame:
    return Frame(FrameRef("session", epoch, seq, seq / 30, 0, 0, 0), 64, 64, (), every, end)


_END = End(failed=False, reason="", frames=6)


@pytest.mark.parametrize(
    ("done", "frame", "verdict"),
    [
        (Done(), _frame(7, 0), Verdict.TAKE),
        (Done(7, 4), _frame(7, 5), Verdict.TAKE),
        (Done(7, 4), _frame(7, 4), Verdict.DUPLICATE),
        (Done(7, 4), _frame(7, 6), Verdict.EARLY),
        (Done(7, 4), _frame(7, 6, every=False), Verdict.TAKE),
        (Done(7, 4), _frame(6, 5), Verdict.STALE),
        (Done(7, 4), _frame(8, 0), Verdict.TAKE),
        (Done(7, 4), _frame(8, 1), Verdict.EARLY),
        (Done(7, 5), _frame(7, 5, end=_END), Verdict.TAKE),
        (Done(7, 4), _frame(7, 5, end=_END), Verdict.EARLY),
        (Done(7, 4), _frame(7, 5, every=False, end=_END), Verdict.TAKE),
        (Done(7, 5, ended=True), _frame(7, 5, end=_END), Verdict.DUPLICATE),
        (Done(), _frame(7, 0, end=End(failed=True, reason="no video", frames=0)), Verdict.TAKE),
    ],
)
def test_verdict(done: Done, frame: Frame, verdict: Verdict) -> None:
    """Each case of the table gets the verdict beside it."""
    assert judge(done, frame) is verdict


@given(st.permutations(range(8)), st.integers(0, 3))
def test_every_frame_is_done_once_in_order_however_it_arrives(order: list[int], again: int) -> None:
    """Frames that are sent until they are done, in any order and again, are done once each and in order."""
    done, sequence, waiting = Done(), [], list(order) + list(order)[:again]

    while waiting:
        frame = _frame(3, waiting.pop(0))
        verdict = judge(done, frame)
        if verdict is Verdict.TAKE:
            done = after(done, frame)
            sequence.append(frame.ref.frame_seq)
        elif verdict is Verdict.EARLY:
            waiting.append(frame.ref.frame_seq)

    assert sequence == list(range(8))


def test_end_of_a_newer_epoch_without_frames_is_remembered() -> None:
    """An end is told from its repetition even when its epoch had no frame."""
    end = _frame(8, 0, end=End(failed=True, reason="gone", frames=0))

    done = after(Done(7, 4), end)

    assert judge(done, end) is Verdict.DUPLICATE
