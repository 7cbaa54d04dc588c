"""Nothing that was acknowledged is missing, whenever the service goes away, and what was half done is done."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from motus.bus.v1 import control_pb2
from motus.v1 import event_pb2, session_service_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow
from motus_runtime.provision import provision
from motus_sessions.convert import change_message
from motus_sessions.projection.life import Life, Outcome, State, change_to
from motus_sessions.projection.records import EVENTS, Batch
from motus_sessions.recorder import DURABLES, STREAMS


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """What is promised is promised of each."""
    kind: str = request.param
    return kind


async def counts(service: Any, session: str) -> tuple[int, int, int]:
    """Reps, skeleton frames and rows of samples that the API gives."""
    name = f"sessions/{session}"
    stub = service.stub
    reps = await stub.ListReps(session_service_pb2.ListRepsRequest(parent=name), timeout=20)
    bones = await stub.GetSkeleton(session_service_pb2.GetSkeletonRequest(name=name, page_size=3000), timeout=20)
    request = session_service_pb2.GetSeriesRequest(name=name, channels=["trunk_lean_deg"])
    series = await stub.GetSeries(request, timeout=20)
    return len(reps.reps), len(bones.frames), len(series.t_s_f64) // 8


@pytest.mark.timeout(180)
async def test_a_restart_in_the_middle_loses_nothing(start: Any, stages: Callable[[str], Any], database: str) -> None:
    """What was said before, during and after the service was away is all there, once."""
    name = f"restart-mid-{database}"
    say = stages(name)

    async def go_on(part: int) -> None:
        await say.see(*(part * 10 + number / 30 for number in range(30)))
        await say.measure(part * 10.0, 30, trunk_lean_deg=lambda t: t + 1)
        await say.count_rep(part + 1)

    async with start() as service:
        await service.create(name)
        await go_on(0)
    await go_on(1)
    async with start() as service:
        await go_on(2)
    async with start() as service:
        await say.finish(30.0)
        await service.until_over(name)
        session = await service.get(name)
        found = await counts(service, name)

    assert session.state == event_pb2.SESSION_STATE_ENDED
    assert found == (3, 90, 90)


@pytest.mark.timeout(180)
async def test_messages_that_come_twice_count_once(
    start: Any, stages: Callable[[str], Any], bus: Bus, database: str
) -> None:
    """A service that died between commit and acknowledgement gets everything again; nothing doubles."""
    name = f"told-twice-{database}"
    say = stages(name)
    async with start() as service:
        await service.create(name)
        await say.see(*(number / 30 for number in range(30)))
        await say.measure(0.0, 30, trunk_lean_deg=lambda t: t + 1)
        await say.count_rep(1)
        call = service.stub.WatchSession(session_service_pb2.WatchSessionRequest(name=f"sessions/{name}"), timeout=60)
        async for response in call:
            if response.event.HasField("rep"):
                break
        call.cancel()
    for kind, durable in DURABLES.items():
        await bus.jetstream.delete_consumer(STREAMS[kind], durable)

    async with start() as service:
        await say.finish(1.0)
        await service.until_over(name)

        assert await counts(service, name) == (1, 30, 30)


async def test_a_watcher_misses_nothing_that_a_killed_service_had_in_hand(
    start: Any, stages: Callable[[str], Any], bus: Bus, database: str
) -> None:
    """The bus delivers again only after a while, so later events are stored earlier; watchers get all in order."""
    name = f"in-hand-{database}"
    say = stages(name)
    async with start() as service:
        await service.create(name)
    place = await say.count_rep(1)
    held = await bus.jetstream.pull_subscribe(topics.every(EVENTS), durable=DURABLES[EVENTS], stream=STREAMS[EVENTS])
    while (await held.fetch(1))[0].metadata.sequence.stream < place:
        pass

    async with start() as service:
        await say.count_rep(2)
        stored: list[Any] = []
        while not stored:
            stored = await service.store.events("default", name, after=0, limit=1)
        call = service.stub.WatchSession(session_service_pb2.WatchSessionRequest(name=f"sessions/{name}"), timeout=60)
        watched = [(await anext(aiter(call))).event.rep.ordinal for _ in range(2)]
        call.cancel()

    assert stored[0].sequence > place
    assert watched == [1, 2]


async def test_a_session_whose_create_died_half_way_begins(start: Any, bus: Bus, database: str) -> None:
    """A row without spec is a session that nobody has begun: the stages are told of it at the next start."""
    name = f"half-made-{database}"
    async with start() as service:
        await service.create(name)
        await bus.store_raw(topics.spec_key(name), b"", {"KV-Operation": "DEL"})

    async with start():
        async for stored in follow(bus, f"KV_{topics.SPECS}", topics.spec_key(name)):
            if not stored.deleted:
                break

    assert decode(control_pb2.SessionSpec, stored.body).session == name


async def test_a_running_session_whose_spec_is_lost_goes_on(
    start: Any, stages: Callable[[str], Any], bus: Bus, database: str
) -> None:
    """The stages are told again of what the store knows to run."""
    name = f"spec-lost-{database}"
    async with start() as service:
        await service.create(name)
        await stages(name).see(0.0)
        call = service.stub.WatchSession(session_service_pb2.WatchSessionRequest(name=f"sessions/{name}"), timeout=60)
        assert (await anext(aiter(call))).event.state.current == event_pb2.SESSION_STATE_RUNNING
        call.cancel()
        lost = await bus.store_raw(topics.spec_key(name), b"", {"KV-Operation": "DEL"})

    async with start() as service:
        async for stored in follow(bus, f"KV_{topics.SPECS}", topics.spec_key(name), start=lost + 1):
            if not stored.deleted:
                break
        session = await service.get(name)

    assert decode(control_pb2.SessionSpec, stored.body).session == name
    assert session.state == event_pb2.SESSION_STATE_RUNNING


async def test_a_lost_bucket_of_specs_is_filled_again(
    start: Any, stages: Callable[[str], Any], bus: Bus, database: str
) -> None:
    """The bucket is made anew under the running service: who runs and who was about to begin are told again."""
    runs, begins = f"specs-runs-{database}", f"specs-begins-{database}"
    async with start() as service:
        for name in (runs, begins):
            await service.create(name)
        await stages(runs).see(0.0)
        async with asyncio.timeout(30):
            while (await service.get(runs)).state != event_pb2.SESSION_STATE_RUNNING:
                pass
        await bus.jetstream.delete_stream(f"KV_{topics.SPECS}")
        await provision(bus)
        told = set()
        async with asyncio.timeout(60):
            async for stored in follow(bus, f"KV_{topics.SPECS}", f"$KV.{topics.SPECS}.>"):
                told.add(decode(control_pb2.SessionSpec, stored.body).session)
                if told == {runs, begins}:
                    break
        states = {name: (await service.get(name)).state for name in (runs, begins)}

    assert states == {runs: event_pb2.SESSION_STATE_RUNNING, begins: event_pb2.SESSION_STATE_PENDING}


async def test_an_end_that_was_stored_but_not_told_is_told(start: Any, bus: Bus, database: str) -> None:
    """A service that died between the commit of the end and its event tells it at the next start."""
    name = f"untold-end-{database}"
    async with start() as service:
        await service.create(name)
        ended = Life(State.ENDED, "", 5, 7, Outcome(False, "", 2.0))
        await service.store.record("default", [name], lambda _: Batch(lives={name: ended}))

    async with start() as service:
        watched = await service.until_over(name)
        async for stored in follow(bus, f"KV_{topics.SPECS}", topics.spec_key(name)):
            if stored.deleted:
                break

    assert watched[-1].event.state.current == event_pb2.SESSION_STATE_ENDED
    assert watched[-1].event.time.ToNanoseconds() == 7


@pytest.mark.parametrize("database", ["sqlite"])
async def test_a_store_that_is_locked_for_a_while_loses_nothing(
    start: Any, stages: Callable[[str], Any], store_file: Path, database: str
) -> None:
    """While the database does not answer the service is not ready, and then it stores what came meanwhile."""
    name = f"locked-db-{database}"
    say = stages(name)
    async with start() as service:
        await service.create(name)
        with sqlite3.connect(store_file, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            await say.see(*(number / 30 for number in range(10)))
            await say.count_rep(1)
            async for _ in _health(service, name):
                if any(name == "store" for name in service.health.faults()):
                    break
            other.execute("ROLLBACK")
        await say.finish(1.0)
        await service.until_over(name)

        assert (await counts(service, name))[:2] == (1, 10)
        assert "store" not in service.health.faults()


async def _health(service: Any, session: str) -> AsyncIterator[None]:
    """Turns of the loop, each with a call that the service answers."""
    while True:
        await service.get(session)
        yield


async def test_a_poisonous_message_does_not_hold_up_a_session(
    start: Any, stages: Callable[[str], Any], bus: Bus, database: str
) -> None:
    """What nobody can read goes to the dead letters with its reason; the session ends with all the rest."""
    name = f"poisoned-{database}"
    say = stages(name)
    async with start() as service:
        await service.create(name)
        await say.count_rep(1)
        await say.count_rep(2, revision=0)
        landmarks = say.landmarks(0.5)
        landmarks.persons[0].landmarks.image_f32 = b"\0\0\xc0\x7f" * 165
        await bus.store(topics.landmarks(name), landmarks)
        await say.see(1.0)
        await say.finish(1.0)
        await service.until_over(name)
        found = await counts(service, name)

    reasons = set()
    async for stored in follow(bus, topics.DEAD_LETTER_STREAM, topics.dead_letters_of("sessions")):
        letter = decode(control_pb2.DeadLetter, stored.body)
        if f".{name}" in letter.subject:
            reasons.add(letter.reason)
        if len(reasons) == 2:
            break
    assert found[:2] == (1, 1)
    assert any("no number" in reason for reason in reasons)
    assert any("revision" in reason for reason in reasons)


def test_the_same_step_is_always_the_same_event() -> None:
    """Told twice, a change of state has the same name, time and words."""
    change = change_to(Life(State.FAILED, "why", 5, 7, Outcome(True, "why", 2.0)))
    assert change is not None

    first, second = (change_message("same-step", change) for _ in range(2))

    assert first == second
    assert first.event.name == "sessions/same-step/events/sessions-state-session-4"
