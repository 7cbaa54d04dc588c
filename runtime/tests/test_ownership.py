"""Sessions are claimed when they appear, run once, and are let go when they are over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from motus.bus.v1 import control_pb2, samples_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import UnavailableError
from motus_runtime.lease import Leases
from motus_runtime.ownership import RunSession, SessionOwner, Specs, run_reporting
from motus_runtime.pushed import has_pictures
from motus_runtime.tally import Tally


@asynccontextmanager
async def _owner(bus: Bus, stage: str, run_session: RunSession, **how: Any) -> AsyncIterator[Leases]:
    """A worker of a stage, with its loops running."""
    leases, specs = Leases(bus, stage, 10), Specs(bus)
    await leases.beat()
    loops = (leases.run(), specs.run(), SessionOwner(leases, specs, run_session, **how).run())
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield leases
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _announce(bus: Bus, session: str) -> None:
    await bus.store(topics.spec_key(session), control_pb2.SessionSpec(session=session))


async def test_a_session_is_run_with_its_spec_and_epoch(bus: Bus) -> None:
    """Whoever claims a session gets its spec, and the epoch that its outputs must bear."""
    begun: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()

    async def run_session(spec: control_pb2.SessionSpec, epoch: int) -> None:
        if spec.session == "owned-session":
            begun.set_result((spec.session, epoch))
            await asyncio.Event().wait()

    async with _owner(bus, "ingest", run_session) as leases:
        await _announce(bus, "owned-session")
        session, epoch = await begun

        assert session == "owned-session"
        assert leases.epochs["owned-session"] == epoch


async def test_a_withdrawn_spec_cancels_the_session_and_frees_it(bus: Bus) -> None:
    """A session that is over leaves neither a task nor a lease behind."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def run_session(spec: control_pb2.SessionSpec, epoch: int) -> None:
        if spec.session != "withdrawn-session":
            return
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with _owner(bus, "pose", run_session):
        await _announce(bus, "withdrawn-session")
        await begun.wait()
        await bus.store_raw(topics.spec_key("withdrawn-session"), b"", {"KV-Operation": "DEL"})
        await ended.wait()


async def test_a_session_that_cannot_run_now_is_tried_again(bus: Bus) -> None:
    """A part that is away for a moment costs a moment, not the session."""
    tries: list[int] = []
    done = asyncio.Event()

    async def run_session(spec: control_pb2.SessionSpec, epoch: int) -> None:
        if spec.session != "retried-session":
            return
        tries.append(epoch)
        if len(tries) == 1:
            raise UnavailableError("not yet")
        done.set()

    async with _owner(bus, "coach", run_session):
        await _announce(bus, "retried-session")
        await done.wait()

    assert tries[1] > tries[0]


async def test_a_bug_in_a_session_is_not_swallowed(bus: Bus) -> None:
    """An unexpected error ends the service, so that it is restarted and seen."""
    leases, specs = Leases(bus, "kinematics", 10), Specs(bus)
    await leases.beat()

    async def run_session(spec: control_pb2.SessionSpec, epoch: int) -> None:
        raise ZeroDivisionError

    specs.current["buggy-session"] = control_pb2.SessionSpec(session="buggy-session")
    with pytest.raises(ExceptionGroup) as raised:
        await SessionOwner(leases, specs, run_session).run()

    assert raised.group_contains(ZeroDivisionError)


async def test_what_a_stage_does_not_want_it_does_not_claim(bus: Bus) -> None:
    """A session without pictures is nothing for pose; one that comes behind it is."""
    begun: asyncio.Queue[str] = asyncio.Queue()

    async def run_session(spec: control_pb2.SessionSpec, epoch: int) -> None:
        await begun.put(spec.session)
        await asyncio.Event().wait()

    async with _owner(bus, "pose", run_session, wants=has_pictures) as leases:
        for session, uri in (("landmarks-only", "push:landmarks"), ("with-pictures", "push:frames")):
            spec = control_pb2.SessionSpec(session=session)
            spec.source.uri = uri
            await bus.store(topics.spec_key(session), spec)
        first = await begun.get()
        owned = set(leases.epochs)

    assert first == "with-pictures"
    assert owned == {"with-pictures"}


async def test_a_spec_that_is_not_what_its_key_says_is_left_out(bus: Bus) -> None:
    """A wrong entry in the bucket is nobody's session, and takes no service down."""
    specs = Specs(bus)
    await bus.store(topics.spec_key("mislabelled"), control_pb2.SessionSpec(session="another-one"))
    await _announce(bus, "well-labelled")
    following = asyncio.create_task(specs.run())

    while "well-labelled" not in specs.current:
        await specs.changed.wait()
        specs.changed.clear()
    following.cancel()

    assert "mislabelled" not in specs.current
    assert "another-one" not in specs.current


async def test_those_who_watch_hear_how_a_session_goes_until_it_is_over(bus: Bus) -> None:
    """Reports bear the owner's epoch and newest counts; the last one is no reason to go on."""
    heard: asyncio.Future[samples_pb2.Live] = asyncio.get_running_loop().create_future()

    def hear(message) -> None:
        if not heard.done():
            heard.set_result(decode(samples_pb2.Live, message.data))

    class Work:
        epoch, tally = 7, Tally("coach")

        async def run(self) -> None:
            self.tally.count("cues")
            await heard

    stop = await bus.listen(topics.live("watched-session"), hear)
    await run_reporting(bus, "watched-session", Work(), every_s=0.01)
    await stop()

    live = heard.result()
    assert (live.session, live.epoch, live.report.counts["cues"]) == ("watched-session", 7, 1)


async def test_an_invited_worker_takes_a_session_whose_owner_is_gone_before_its_heartbeat_expires(bus: Bus) -> None:
    """Frames that nobody receives bring a new owner at once, under a newer epoch."""
    gone = Leases(bus, "pose", 10)
    await gone.beat()
    first = await gone.claim("deserted-session")
    begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run_session(spec: control_pb2.SessionSpec, epoch: int) -> None:
        begun.set_result(epoch)
        await asyncio.Event().wait()

    leases, specs, heard = Leases(bus, "pose", 10), Specs(bus), asyncio.Event()
    specs.current["deserted-session"] = control_pb2.SessionSpec(session="deserted-session")
    leases.registry.on_change(heard.set)
    owner = SessionOwner(leases, specs, run_session)
    await leases.beat()
    tasks = [asyncio.create_task(loop) for loop in (leases.run(), owner.run())]
    while ("pose", "deserted-session") not in leases.registry.owners:
        heard.clear()
        await heard.wait()
    owner.invite("deserted-session", first or 0)
    second = await begun
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert first is not None
    assert second > first


async def test_a_new_worker_gets_its_share_and_each_session_has_one_owner(bus: Bus) -> None:
    """A worker that joins is given sessions by one that has far more; each owner comes under a newer epoch."""
    epochs: dict[str, list[int]] = {}
    begun: asyncio.Queue[str] = asyncio.Queue()

    async def run_session(spec: control_pb2.SessionSpec, epoch: int) -> None:
        epochs.setdefault(spec.session, []).append(epoch)
        begun.put_nowait(spec.session)
        await asyncio.Event().wait()

    async with _owner(bus, "pose", run_session):
        for number in range(6):
            await _announce(bus, f"shared-session-{number}")
        for _ in range(6):
            await begun.get()
        async with _owner(bus, "pose", run_session) as second:
            moved = await begun.get()
            its_own, newest = dict(second.epochs), epochs[moved][-1]

    assert its_own == {moved: newest}
    assert all(each == sorted(set(each)) for each in epochs.values())


async def test_what_a_worker_was_given_it_takes_even_when_it_is_full(bus: Bus) -> None:
    """Its name stands in the bucket already, so nobody else will take the session."""
    giver, heir, specs = Leases(bus, "pose", 10), Leases(bus, "pose", 0), Specs(bus)
    for each in (giver, heir):
        await each.beat()
    await giver.claim("given-session")
    specs.current["given-session"] = control_pb2.SessionSpec(session="given-session")
    begun = asyncio.Event()

    async def run_session(spec: control_pb2.SessionSpec, epoch: int) -> None:
        begun.set()
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(loop) for loop in (heir.run(), SessionOwner(heir, specs, run_session).run())]
    await giver.hand_over("given-session", heir.worker)
    await begun.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert "given-session" not in giver.epochs
