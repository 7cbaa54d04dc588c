"""Newest-wins delivery against a real server: nothing waits, and whoever is gone is replaced."""

import asyncio
from collections.abc import Callable
from typing import Any

from nats.aio.msg import Msg

from motus.bus.v1 import control_pb2, frame_pb2
from motus_ingest.newest_sender import NewestSender
from motus_ingest.regions import Regions
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.tally import Tally

DONE = frame_pb2.FRAME_OUTCOME_DONE
Receivers = Callable[..., Any]


def _frame(session: str, seq: int) -> frame_pb2.Frame:
    ref = frame_pb2.FrameRef(session=session, ingest_epoch=1, frame_seq=seq, t_s=seq / 30)
    return frame_pb2.Frame(ref=ref, patches=[frame_pb2.Patch(jpeg=b"x")], delivery=frame_pb2.DELIVERY_NEWEST)


async def test_no_frame_waits_for_an_answer(bus: Bus, session: str, receivers: Receivers) -> None:
    """All go out, though none is answered."""
    receiver, tally = receivers(session, lambda frame, times: None), Tally("ingest")
    await receiver.start()

    async with NewestSender(bus, session, tally, Regions()) as sender:
        for seq in range(20):
            await sender.send(_frame(session, seq))
        await receiver.has(20)

    assert receiver.seqs() == list(range(20))
    assert tally.counts == {"frames_sent": 20}


async def test_outcomes_are_counted_and_regions_kept(bus: Bus, session: str, receivers: Receivers) -> None:
    """What became of each frame is known by its cause, and where people are by the last that was done."""
    outcomes = [DONE, frame_pb2.FRAME_OUTCOME_SUPERSEDED, frame_pb2.FRAME_OUTCOME_LATE, DONE]
    receiver, tally = receivers(session, lambda frame, times: outcomes[frame.ref.frame_seq]), Tally("ingest")
    await receiver.start()
    regions = Regions()

    async with NewestSender(bus, session, tally, regions) as sender:
        for seq in range(4):
            await sender.send(_frame(session, seq))
        while sum(tally.counts.values()) < 8:
            await bus.client.flush()

    assert tally.counts["frames_done"] == 2
    assert tally.counts["frames_dropped_superseded"] == tally.counts["frames_dropped_late"] == 1
    newest = regions.newest()
    assert newest is not None
    assert newest.t_s == 3 / 30


async def test_when_nobody_receives_workers_are_invited(bus: Bus, session: str, receivers: Receivers) -> None:
    """The newest frame is offered until somebody takes it, older ones are given up and counted."""
    receiver, tally = receivers(session), Tally("ingest")
    invited: asyncio.Future[control_pb2.Invitation] = asyncio.get_running_loop().create_future()

    def hear(message: Msg) -> None:
        if not invited.done():
            invited.set_result(decode(control_pb2.Invitation, message.data))

    stop = await bus.listen(topics.every("invitations"), hear)
    async with NewestSender(bus, session, tally, Regions()) as sender:
        await receiver.start()
        await sender.send(_frame(session, 0))
        while not tally.counts["frames_done"]:
            await bus.client.flush()
        await receiver.stop()
        await bus.client.flush()
        await sender.send(_frame(session, 1))
        await sender.send(_frame(session, 2))
        invitation = await invited
        await receiver.start()
        while tally.counts["frames_done"] < 2:
            await bus.client.flush()
    await stop()

    assert (invitation.session, invitation.pose_epoch) == (session, 1)
    assert receiver.seqs() == [0, 2]
    assert tally.counts["frames_dropped_no_receiver"] == 1
    assert tally.counts["resent_no_receiver"] >= 1


async def test_an_owner_who_was_replaced_is_fenced(bus: Bus, session: str, receivers: Receivers) -> None:
    """An answer STALE says that another worker sends this session now."""
    receiver = receivers(session, lambda frame, times: frame_pb2.FRAME_OUTCOME_STALE)
    await receiver.start()

    async with NewestSender(bus, session, Tally("ingest"), Regions()) as sender:
        await sender.send(_frame(session, 0))
        while not sender.fenced:
            await bus.client.flush()

    assert sender.fenced
