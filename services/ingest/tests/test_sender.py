"""Every-frame delivery against a real server: none lost, in order, with credit for two."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from motus.bus.v1 import frame_pb2
from motus_ingest.regions import Regions
from motus_ingest.sender import EverySender
from motus_runtime.bus import Bus
from motus_runtime.errors import PermanentError
from motus_runtime.tally import Tally

DONE = frame_pb2.FRAME_OUTCOME_DONE
BUSY = frame_pb2.FRAME_OUTCOME_BUSY
Receivers = Callable[..., Any]


def _frame(session: str, seq: int, size: int = 10) -> frame_pb2.Frame:
    ref = frame_pb2.FrameRef(session=session, ingest_epoch=1, frame_seq=seq, t_s=seq / 30)
    return frame_pb2.Frame(ref=ref, patches=[frame_pb2.Patch(jpeg=b"x" * size)], delivery=frame_pb2.DELIVERY_EVERY)


async def _send_all(bus: Bus, session: str, count: int, answer_s: float = 2.0) -> Tally:
    tally = Tally("ingest")
    async with EverySender(bus, session, tally, Regions(), answer_s=answer_s) as sender:
        for seq in range(count):
            await sender.send(_frame(session, seq))
        await sender.settle()
    return tally


async def test_every_frame_goes_out_once_and_in_order(bus: Bus, session: str, receivers: Receivers) -> None:
    """With a receiver that answers, nothing is repeated."""
    receiver = receivers(session)
    await receiver.start()

    tally = await _send_all(bus, session, 50)

    assert receiver.seqs() == list(range(50))
    assert tally.counts == {"frames_sent": 50, "frames_done": 50}


async def test_no_more_than_two_frames_are_unanswered(bus: Bus, session: str, receivers: Receivers) -> None:
    """The answer is the credit: a third frame waits for the first one's."""
    receiver = receivers(session, lambda frame, times: DONE if frame.ref.frame_seq == 0 else None)
    await receiver.start()

    async with EverySender(bus, session, Tally("ingest"), Regions()) as sender:
        for seq in range(3):
            await sender.send(_frame(session, seq))
        fourth = asyncio.create_task(sender.send(_frame(session, 3)))
        await receiver.has(3)
        await bus.client.flush()
        before = receiver.seqs()
        await receiver.answer(1, DONE)
        await receiver.has(4)
        await fourth

    assert before == [0, 1, 2]
    assert receiver.seqs() == [0, 1, 2, 3]


async def test_frames_wait_for_a_receiver_that_is_not_there_yet(bus: Bus, session: str, receivers: Receivers) -> None:
    """Nobody listens at first: the server says so at once, and not one frame is lost."""
    receiver, tally = receivers(session), Tally("ingest")

    async with EverySender(bus, session, tally, Regions()) as sender:
        await sender.send(_frame(session, 0))
        while not tally.counts["frames_resent"]:
            await bus.client.flush()
        await receiver.start()
        for seq in range(1, 20):
            await sender.send(_frame(session, seq))
        await sender.settle()

    assert list(dict.fromkeys(receiver.seqs())) == list(range(20))
    assert tally.counts["resent_no_receiver"] >= 1
    assert tally.counts["frames_done"] == 20


async def test_a_lost_frame_goes_out_again_as_the_same_bytes(bus: Bus, session: str, receivers: Receivers) -> None:
    """A receiver that never answered gets the frame once more."""
    receiver = receivers(session, lambda frame, times: DONE if times == 2 else None)
    await receiver.start()

    tally = await _send_all(bus, session, 1, answer_s=0.05)

    assert len(receiver.bodies) >= 2
    assert set(receiver.bodies) == {receiver.bodies[0]}
    assert tally.counts["frames_sent"] == 1
    assert tally.counts["resent_no_answer"] == tally.counts["frames_resent"] >= 1


async def test_a_busy_receiver_gets_the_frame_again(bus: Bus, session: str, receivers: Receivers) -> None:
    """BUSY is no outcome."""
    receiver = receivers(session, lambda frame, times: DONE if times > 2 else BUSY)
    await receiver.start()

    tally = await _send_all(bus, session, 3)

    assert list(dict.fromkeys(receiver.seqs())) == [0, 1, 2]
    assert tally.counts["resent_busy"] == 6
    assert tally.counts["frames_done"] == 3


async def test_a_receiver_that_dies_with_frames_under_way_loses_none(
    bus: Bus, session: str, receivers: Receivers
) -> None:
    """Its successor takes frames in strict order: what was under way comes again first, before anything newer."""
    first = receivers(session, lambda frame, times: DONE if frame.ref.frame_seq < 5 else None)
    done: list[int] = []

    def in_order(frame: frame_pb2.Frame, times: int) -> "frame_pb2.FrameOutcome.ValueType":
        if frame.ref.frame_seq > 5 + len(done):
            return BUSY
        done.append(frame.ref.frame_seq)
        return DONE

    second, tally = receivers(session, in_order), Tally("ingest")
    await first.start()
    async with EverySender(bus, session, tally, Regions()) as sender:
        for seq in range(7):
            await sender.send(_frame(session, seq))
        await first.has(7)
        await first.stop()
        await second.start()
        rest = asyncio.create_task(sender.send(_frame(session, 7)))
        await second.has(1)
        await rest
        await sender.settle()

    assert done == [5, 6, 7]
    assert tally.counts["frames_done"] == 8


async def test_trouble_ends_when_its_cause_does(bus: Bus, session: str, receivers: Receivers) -> None:
    """A receiver in strict order that was busy once is not overrun again and again by frames that come too early."""
    done: list[int] = []

    def in_order(frame: frame_pb2.Frame, times: int) -> "frame_pb2.FrameOutcome.ValueType":
        if frame.ref.frame_seq > len(done) or (frame.ref.frame_seq == 5 and times <= 2):
            return BUSY
        done.append(frame.ref.frame_seq)
        return DONE

    receiver = receivers(session, in_order)
    await receiver.start()

    tally = await _send_all(bus, session, 40)

    assert done == list(range(40))
    assert tally.counts["frames_resent"] <= 5


async def test_frames_under_way_go_out_again_as_soon_as_nobody_listens(
    bus: Bus, session: str, receivers: Receivers
) -> None:
    """A failover does not wait for the time-out of frames that the dead receiver had: the next one's 503 is enough."""
    first = receivers(session, lambda frame, times: DONE if frame.ref.frame_seq == 0 else None)
    second = receivers(session)
    await first.start()

    async with EverySender(bus, session, Tally("ingest"), Regions(), answer_s=3600) as sender:
        await sender.send(_frame(session, 0))
        await sender.send(_frame(session, 1))
        await first.has(2)
        await first.stop()
        await sender.send(_frame(session, 2))
        await second.start()
        await sender.settle()

    assert second.seqs()[0] == 1
    assert set(second.seqs()) == {1, 2}


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        ("DUPLICATE", "frames_duplicate"),
        ("BAD", "frames_dropped_bad"),
        ("SUPERSEDED", "frames_dropped_superseded"),
        ("STALE", "frames_dropped_stale"),
    ],
)
async def test_every_other_outcome_settles_a_frame_and_is_counted(
    bus: Bus, session: str, receivers: Receivers, outcome: str, cause: str
) -> None:
    """What became of a frame is counted by its cause, and it does not go out again."""
    receiver = receivers(session, lambda frame, times: frame_pb2.FrameOutcome.Value(f"FRAME_OUTCOME_{outcome}"))
    await receiver.start()

    tally = await _send_all(bus, session, 4)

    assert receiver.seqs() == [0, 1, 2, 3]
    assert tally.counts == {"frames_sent": 4, cause: 4}


async def test_a_stale_answer_fences_the_sender(bus: Bus, session: str, receivers: Receivers) -> None:
    """An owner of the past learns that it is one."""
    receiver = receivers(session, lambda frame, times: frame_pb2.FRAME_OUTCOME_STALE)
    await receiver.start()

    async with EverySender(bus, session, Tally("ingest"), Regions()) as sender:
        before = sender.fenced
        await sender.send(_frame(session, 0))
        await sender.settle()

        assert (before, sender.fenced) == (False, True)


async def test_a_second_answer_to_the_same_frame_changes_nothing(bus: Bus, session: str, receivers: Receivers) -> None:
    """Late answers to earlier tries neither count nor give credit."""
    receiver = receivers(session)
    await receiver.start()
    tally = Tally("ingest")

    async with EverySender(bus, session, tally, Regions()) as sender:
        for seq in range(3):
            await sender.send(_frame(session, seq))
            await sender.settle()
            await receiver.answer(0, DONE)
        await bus.client.flush()

    assert tally.counts == {"frames_sent": 3, "frames_done": 3}


async def test_an_answer_that_nobody_can_read_is_none(bus: Bus, session: str, receivers: Receivers) -> None:
    """Garbage on the inbox neither settles a frame nor breaks anything."""
    receiver, tally = receivers(session, lambda frame, times: DONE if times == 2 else None), Tally("ingest")
    await receiver.start()

    async with EverySender(bus, session, tally, Regions(), answer_s=0.2) as sender:
        await sender.send(_frame(session, 0))
        await receiver.has(1)
        await bus.client.publish(receiver.replies[0], b"\xff\xff\xff")
        await sender.settle()

    assert tally.counts["frames_done"] == 1


async def test_a_frame_that_no_server_takes_is_refused_and_the_others_arrive(
    bus: Bus, session: str, receivers: Receivers
) -> None:
    """It takes no number and no credit; those before and behind it are delivered."""
    receiver = receivers(session)
    await receiver.start()

    async with EverySender(bus, session, Tally("ingest"), Regions()) as sender:
        await sender.send(_frame(session, 0))
        with pytest.raises(PermanentError):
            await sender.send(_frame(session, 1, size=bus.client.max_payload))
        await sender.send(_frame(session, 1))
        await sender.settle()

    assert receiver.seqs() == [0, 1]


async def test_cancelling_who_waits_for_credit_loses_no_frame(bus: Bus, session: str, receivers: Receivers) -> None:
    """A stop command cancels the one who sends; what was under way is delivered all the same."""
    receiver, tally = receivers(session, lambda frame, times: None), Tally("ingest")
    await receiver.start()

    async with EverySender(bus, session, tally, Regions()) as sender:
        await sender.send(_frame(session, 0))
        waiting = asyncio.create_task(sender.send(_frame(session, 1)))
        await receiver.has(1)
        waiting.cancel()
        await asyncio.wait({waiting})
        await receiver.answer(0, DONE)
        await sender.settle()

    assert receiver.seqs() == [0]
    assert tally.counts == {"frames_sent": 1, "frames_done": 1}


async def test_the_answer_of_a_former_owner_settles_nothing(bus: Bus, session: str, receivers: Receivers) -> None:
    """What it stores is dropped as being of a lower epoch, so the frame must reach the new owner too."""
    receiver = receivers(session, lambda frame, times: None)
    await receiver.start()

    async with EverySender(bus, session, tally := Tally("ingest"), Regions()) as sender:
        await sender.send(_frame(session, 0))
        await receiver.has(1)
        await receiver.answer(0, DONE, pose_epoch=7)
        await sender.settle()
        await sender.send(_frame(session, 1))
        await receiver.has(2)
        await receiver.answer(1, DONE, pose_epoch=6)
        await bus.client.flush()
        after_the_former = tally.counts["frames_done"]
        await receiver.answer(1, DONE, pose_epoch=7)
        await sender.settle()

    assert after_the_former == 1
    assert tally.counts["frames_done"] == 2
