"""The bus keeps its promises against a real server."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from motus.bus.v1 import control_pb2, frame_pb2, samples_pb2
from motus_runtime import follow as follow_module
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings, ConflictError, decode
from motus_runtime.errors import PermanentError, UnavailableError
from motus_runtime.follow import Stored, consume, follow


def _envelope(session: str, epoch: int = 1) -> samples_pb2.EventEnvelope:
    return samples_pb2.EventEnvelope(session=session, epoch=epoch)


async def test_same_message_id_is_stored_once(bus: Bus) -> None:
    """A second owner that says the same thing again changes nothing."""
    subject = topics.events("dedup-session", "pose")

    first = await bus.store(subject, _envelope("dedup-session"), message_id="dedup/1")
    second = await bus.store(subject, _envelope("dedup-session", 2), message_id="dedup/1")

    assert first == second


async def test_compare_and_set_refuses_the_slower(bus: Bus) -> None:
    """Of two writers that saw the same state only one succeeds."""
    subject = topics.spec_key("cas-session")
    await bus.store(subject, control_pb2.SessionSpec(session="cas-session"), expect=0)

    with pytest.raises(ConflictError):
        await bus.store(subject, control_pb2.SessionSpec(session="cas-session"), expect=0)


async def test_message_over_the_server_limit_is_refused_here(bus: Bus) -> None:
    """Headers count too: the server would cut the connection, so the client refuses."""
    body = b"x" * (bus.client.max_payload - 20)
    frame = frame_pb2.Frame(patches=[frame_pb2.Patch(jpeg=body)])

    with pytest.raises(PermanentError):
        await bus.publish(topics.frames("large-session"), frame)
    assert bus.connected


async def test_a_connection_that_the_server_cuts_for_good_is_told(nats_url: str) -> None:
    """The client never connects again after such an error, so whoever runs on it must end."""
    bus = await Bus.connect(BusSettings(url=nats_url), "test")

    await bus.client.publish("x" * 4100, b"")

    with pytest.raises(UnavailableError, match="maximum control line"):
        await bus.closed()


async def test_a_connection_whose_server_died_can_be_closed() -> None:
    """A service told to stop while the server is away ends without a traceback."""
    command = [str(Path(sys.executable).parent / "nats-server"), "--addr", "127.0.0.1", "--port", "-1"]
    server = await asyncio.create_subprocess_exec(*command, stderr=PIPE)
    assert server.stderr is not None
    log = await server.stderr.readuntil(b"Server is ready")
    address = log.split(b"client connections on ")[1].split()[0].decode()
    bus = await Bus.connect(BusSettings(url=address), "test")
    server.kill()
    await server.wait()
    while bus.connected:
        await asyncio.sleep(0)
    await bus.client.publish("left", b"to be written")

    await bus.close()

    assert bus.client.is_closed


async def test_a_password_in_an_address_is_not_told() -> None:
    """What cannot be reached is named in logs, without the secret."""
    settings = BusSettings(url="nats://user:secret@127.0.0.1:1,nats://127.0.0.1:2", connect_timeout_s=0.1)

    with pytest.raises(UnavailableError) as refused:
        await Bus.connect(settings, "test")

    assert "secret" not in str(refused.value)
    assert "nats://127.0.0.1:1,nats://127.0.0.1:2" in str(refused.value)


async def test_follow_gives_history_then_news_in_order(bus: Bus) -> None:
    """Who follows a stream sees what was stored before and what comes after, each once, in order."""
    subject = topics.events("follow-session", "pose")
    for epoch in range(3):
        await bus.store(subject, _envelope("follow-session", epoch))

    seen = []
    async for stored in follow(bus, topics.EVENTS_STREAM, subject):
        seen.append(decode(samples_pb2.EventEnvelope, stored.body).epoch)
        if len(seen) == 3:
            for epoch in range(3, 6):
                await bus.store(subject, _envelope("follow-session", epoch))
        if len(seen) == 6:
            break

    assert seen == list(range(6))


async def test_a_slow_reader_holds_the_server_back(bus: Bus) -> None:
    """What it has not taken stays in the stream, not in its memory."""
    subject = topics.landmarks("slow-session")
    for _ in range(300):
        await bus.store_raw(subject, bytes(100_000), {})

    async with aclosing(follow(bus, topics.LANDMARKS_STREAM, subject)) as following:
        await anext(following)
        for _ in range(50):
            found = await bus.jetstream.consumers_info(topics.LANDMARKS_STREAM)
        (consumer,) = (one for one in found if one.config.filter_subject == subject)
        waiting = consumer.num_pending
        rest = [(await anext(following)).pending for _ in range(299)]

    assert waiting
    assert rest == list(range(298, -1, -1))


async def test_follow_goes_on_when_its_consumer_is_deleted(bus: Bus) -> None:
    """A consumer lost with its server's memory is made anew behind the last message."""
    subject = topics.events("lost-session", "pose")
    await bus.store(subject, _envelope("lost-session", 0))

    seen = []
    async for stored in follow(bus, topics.EVENTS_STREAM, subject):
        seen.append(decode(samples_pb2.EventEnvelope, stored.body).epoch)
        if len(seen) == 1:
            for consumer in await bus.jetstream.consumers_info(topics.EVENTS_STREAM):
                await bus.jetstream.delete_consumer(topics.EVENTS_STREAM, consumer.name)
            await bus.store(subject, _envelope("lost-session", 1))
        if len(seen) == 2:
            break

    assert seen == [0, 1]


async def test_what_is_purged_is_gone_and_its_neighbours_stay(bus: Bus) -> None:
    """Of one subject or of those that a wildcard names; nothing to purge is no error."""
    mine, other = topics.events_of("purge-mine"), topics.events_of("purge-other")
    for session in ("purge-mine", "purge-other"):
        for stage in ("pose", "coach"):
            await bus.store(topics.events(session, stage), samples_pb2.EventEnvelope(session=session))

    await bus.purge(topics.EVENTS_STREAM, mine)
    await bus.purge(topics.EVENTS_STREAM, mine)
    await bus.purge("NO_SUCH_STREAM", mine)

    assert await bus.last(topics.EVENTS_STREAM, mine) is None
    assert await bus.last(topics.EVENTS_STREAM, other) is not None


async def test_poison_goes_to_the_dead_letters_and_the_rest_is_stored(bus: Bus) -> None:
    """One message that nobody can read does not hold up its neighbours."""
    subject = topics.samples("poison-session")
    await bus.store(subject, samples_pb2.SampleChunk(id="good-1"))
    await bus.store_raw(subject, b"\xff\xff\xff", {})
    await bus.store(subject, samples_pb2.SampleChunk(id="good-2"))
    stored, done = [], asyncio.Event()

    async def store(batch: list[Stored]) -> None:
        ids = [decode(samples_pb2.SampleChunk, message.body).id for message in batch]
        stored.extend(ids)
        if "good-2" in stored:
            done.set()

    task = asyncio.create_task(consume(bus, topics.SAMPLES_STREAM, subject, "poison-test", store))
    await done.wait()
    letter = await anext(aiter(follow(bus, topics.DEAD_LETTER_STREAM, topics.dead_letters_of("test"))))
    task.cancel()

    assert set(stored) == {"good-1", "good-2"}
    assert decode(control_pb2.DeadLetter, letter.body).body == b"\xff\xff\xff"


async def test_what_the_store_cannot_take_now_is_kept_and_never_buried(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away for longer than the deliveries allow loses nothing to the dead letters."""
    monkeypatch.setattr(follow_module, "STORE_AGAIN_S", 0.01)
    subject = topics.samples("patient-session")
    await bus.store(subject, samples_pb2.SampleChunk(id="patient"))
    tries, done = 0, asyncio.Event()

    async def store(batch: list[Stored]) -> None:
        nonlocal tries
        tries += 1
        if tries <= follow_module.MAX_DELIVER + 1:
            raise UnavailableError("the store is away")
        done.set()

    task = asyncio.create_task(consume(bus, topics.SAMPLES_STREAM, subject, "patient-test", store))
    await done.wait()
    task.cancel()

    assert tries == follow_module.MAX_DELIVER + 2


async def _store(bus: Bus) -> None:
    await bus.store(topics.events("cancel-session", "pose"), _envelope("cancel-session"))


async def _look_for_what_is_not_there(bus: Bus) -> None:
    await bus.last(topics.LANDMARKS_STREAM, topics.landmarks("cancel-session"))


@pytest.mark.parametrize("call", [_store, _look_for_what_is_not_there])
@pytest.mark.parametrize("turns", range(12))
async def test_a_cancellation_that_meets_an_answer_is_not_lost(
    bus: Bus, turns: int, call: Callable[[Bus], Awaitable[None]]
) -> None:
    """Whenever it comes, a cancelled task ends; none runs on because an answer or an error came at the same moment."""

    async def call_for_ever() -> None:
        while True:
            await call(bus)

    task = asyncio.create_task(call_for_ever())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()

    done, _ = await asyncio.wait([task], timeout=20)
    assert done
    assert task.cancelled()
