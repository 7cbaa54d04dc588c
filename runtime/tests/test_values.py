"""Slots, digests, subjects and statuses: the small things that everything rests on."""

import asyncio

import pytest
from google.rpc import error_details_pb2
from hypothesis import given
from hypothesis import strategies as st

from motus_runtime import errors, topics
from motus_runtime.digest import Digest
from motus_runtime.rpc.status import status_of
from motus_runtime.slots import FrameWindow, NewestSlot


async def test_newest_wins_and_the_loser_is_told() -> None:
    """A worker that comes late finds the newest frame, and each loss can be counted."""
    slot: NewestSlot[int] = NewestSlot()

    replaced = [slot.put(number) for number in (1, 2, 3)]

    assert replaced == [None, 1, 2]
    assert await slot.take() == 3


async def test_a_window_keeps_order_and_refuses_what_has_no_credit() -> None:
    """Frames of a file come out as they went in; one more than the credit is handed back."""
    window: FrameWindow[int] = FrameWindow(2)

    refused = [window.put(number) for number in (1, 2, 3)]

    assert refused == [None, None, 3]
    assert [await window.take(), await window.take()] == [1, 2]


async def test_a_worker_that_waits_is_woken() -> None:
    """Taking from an empty slot waits for the next frame."""
    slot: NewestSlot[str] = NewestSlot()
    taking = asyncio.create_task(slot.take())
    await asyncio.sleep(0)

    slot.put("frame")

    assert await taking == "frame"


@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_quantiles_are_within_two_percent(latencies: list[float], share: float) -> None:
    """A digest never says less than the true quantile, nor more than 2 % above it."""
    digest = Digest()
    for latency in latencies:
        digest.add(latency)
    true = sorted(latencies)[max(0, -(-int(share * 100) * len(latencies) // 100) - 1)]

    assert true * 0.999 <= digest.quantile(share) <= true * 1.021


def test_negative_latencies_are_counted_not_recorded() -> None:
    """Clocks that disagree do not make a stage look fast."""
    digest = Digest()

    digest.add(-5.0)

    assert (digest.count, digest.negative) == (0, 1)


@pytest.mark.parametrize("session", ["", "a.b", "UPPER", "with space", "x" * 41, "wild*", "new\nline", "deep>"])
def test_hostile_session_ids_make_no_subject(session: str) -> None:
    """Nobody reaches another's subject by a clever id."""
    with pytest.raises(ValueError, match="session id"):
        topics.frames(session)


def test_partitions_stay_where_they_are() -> None:
    """The hash is part of the contract: a release that changed it would split sessions."""
    assert [topics.partition(session) for session in ("abcd", "squat-1", "s-0000")] == [17, 44, 23]


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (errors.InvalidArgumentError({"name": "is empty"}), 3, "INVALID_ARGUMENT"),
        (errors.NotFoundError("no such session"), 5, "NOT_FOUND"),
        (errors.UnavailableError("no bus"), 14, "UNAVAILABLE"),
        (errors.PermanentError("broken", reason="UNDECODABLE"), 13, "UNDECODABLE"),
        (TimeoutError(), 4, "DEADLINE_EXCEEDED"),
        (ZeroDivisionError("secret detail"), 13, "INTERNAL"),
    ],
)
def test_every_error_has_one_error_info(error: Exception, code: int, reason: str) -> None:
    """A client can switch on the reason, and nothing of an unexpected error leaks."""
    status = status_of(error)
    infos = [detail for detail in status.details if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)]

    info = error_details_pb2.ErrorInfo()
    infos[0].Unpack(info)

    assert (status.code, info.reason, len(infos)) == (code, reason, 1)
    assert "secret" not in str(status)
