"""What is erased is nowhere: not in a table, not in a file, not on the bus; and it is written down who did it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from motus.bus.v1 import control_pb2, samples_pb2
from motus.v1 import athlete_service_pb2, athlete_service_pb2_grpc, event_pb2, session_service_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.errors import UnavailableError
from motus_runtime.follow import bury, follow
from motus_sessions.store.sql import SqlStore
from motus_sessions.store.tables import AUDIT, DIRECTORY, METADATA

MARKER = "Ada-who-wants-to-be-forgotten"
both_databases = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


async def delete(running: Any, session: str, **wish: Any) -> None:
    """DeleteSession."""
    request = session_service_pb2.DeleteSessionRequest(name=f"sessions/{session}", **wish)
    await running.stub.DeleteSession(request, timeout=20)


async def code_of(call: Any) -> grpc.StatusCode:
    """The code of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code()


async def tables_with(store_url: str, *marks: str) -> set[str]:
    """Tables in any of whose rows one of some texts stands, in whatever column."""
    engine, found = create_async_engine(store_url.replace("postgresql://", "postgresql+asyncpg://")), set()
    async with engine.connect() as connection:
        for table in METADATA.sorted_tables:
            for row in await connection.execute(sa.select(table)):
                if any(_has(value, mark) for value in row for mark in marks):
                    found.add(table.name)
    await engine.dispose()
    return found


def _has(value: object, mark: str) -> bool:
    return mark.encode() in value if isinstance(value, bytes) else mark in str(value)


async def streams_with(bus: Bus, *marks: str) -> set[str]:
    """Streams in any of whose messages, by subject or body, one of some texts stands."""
    found = set()
    for spec in topics.STREAMS:
        async for subject, body in _messages(bus, spec.name):
            if body and any(mark in subject or mark.encode() in body for mark in marks):
                found.add(spec.name)
    return found


async def _messages(bus: Bus, stream: str) -> AsyncIterator[tuple[str, bytes]]:
    state = (await bus.jetstream.stream_info(stream)).state
    if not state.messages:
        return
    async for stored in follow(bus, stream, ">"):
        yield stored.subject, stored.body
        if stored.pending == 0:
            return


def files_with(folder: Path, mark: bytes) -> set[str]:
    """Files of a folder in which some bytes stand."""
    return {file.name for file in folder.rglob("*") if file.is_file() and mark in file.read_bytes()}


async def live(running: Any, bus: Bus, say: Any) -> None:
    """A session leaves something wherever a session can."""
    await running.create(say.session, participants=[{"athlete": "athletes/ada", "display_name": MARKER}], group=MARKER)
    await say.see(*(n / 30 for n in range(60)))
    await say.measure(0.0, 60, knee_flexion_left_deg=lambda t: t)
    await say.count_rep(1)
    await say.cue(1, MARKER)
    await bus.store_raw(topics.checkpoint_key(say.session, "p1"), MARKER.encode(), {})
    await bury(bus, topics.samples(say.session), MARKER.encode(), "poison", 1)


@both_databases
async def test_what_is_deleted_is_nowhere(
    start: Any, bus: Bus, stages: Callable[[str], Any], store_url: str, store_file: Path, database: str
) -> None:
    """Before in every table and stream that knows sessions, after in none; another session keeps all it has."""
    # The bus knows ids of messages for a while: no two tests use one session.
    erased, kept = f"to-be-erased-{database}", f"to-be-kept-{database}"
    streams = {stream for stream, _ in topics.kept_of(erased)} | {f"KV_{topics.SPECS}"}
    async with start() as running:
        say, other = stages(erased), stages(kept)
        for one in (say, other):
            await live(running, bus, one)
        await running.stub.StopSession(session_service_pb2.StopSessionRequest(name=f"sessions/{erased}"), timeout=20)
        assert streams <= await streams_with(bus, erased)
        for one in (say, other):
            await one.finish(3.0)
            await running.until_over(one.session)
        before = await tables_with(store_url, erased, MARKER)

        await delete(running, erased)

        assert {"sessions", "participants", "events", "reps", "cues", "sample_chunks", "landmark_chunks"} <= before
        assert await tables_with(store_url, erased) == {DIRECTORY.name, AUDIT.name}
        assert await streams_with(bus, erased) == set()
        assert await code_of(running.get(erased)) is grpc.StatusCode.NOT_FOUND
        assert len((await running.store.series("default", kept, "p1", ["trunk_lean_deg"], None, None)).t_us)
        assert (await running.get(kept)).rep_count == 1
        assert {topics.SAMPLES_STREAM, topics.EVENTS_STREAM} <= await streams_with(bus, kept)

        await delete(running, kept)
        assert await streams_with(bus, MARKER) == set()
        if database == "sqlite":
            assert (await running.store.athletes.some("default", ["ada"]))[0].athlete == "ada"
            assert files_with(store_file.parent, MARKER.encode()) == set()


@both_databases
async def test_a_session_that_runs_ends_at_once_and_what_its_stages_say_late_is_swept(
    start: Any, bus: Bus, stages: Callable[[str], Any], store_url: str, database: str
) -> None:
    """Who watches it is told that it is not there; who watches another misses nothing."""
    async with start() as running:
        gone, kept = f"running-still-{database}", f"running-too-{database}"
        say, other = stages(gone), stages(kept)
        for one in (say, other):
            await live(running, bus, one)
        watch = session_service_pb2.WatchSessionRequest(name=f"sessions/{gone}")
        watching = running.stub.WatchSession(watch, timeout=60)
        await watching.read()

        await delete(running, gone)

        assert await code_of(_read_out(watching)) is grpc.StatusCode.NOT_FOUND
        spec = await bus.last(f"KV_{topics.SPECS}", topics.spec_key(gone))
        assert spec is not None
        assert not spec.data
        await say.see(2.1)
        await say.measure(2.1, 5, knee_flexion_left_deg=lambda t: t)
        await say.count_rep(2)
        await other.finish(3.0)
        assert [r.event.state.current for r in await running.until_over(kept)][-1]
        assert await tables_with(store_url, gone) == {DIRECTORY.name, AUDIT.name}
        # All that was said before the other's end was taken by then, and an event swept after its batch.
        await _until_nothing_of(bus, gone)


async def _read_out(watching: Any) -> None:
    """A status comes behind all messages: they have to be read."""
    while await watching.read() is not grpc.aio.EOF:
        pass


async def _until_nothing_of(bus: Bus, session: str) -> None:
    while await streams_with(bus, session):
        pass


async def test_a_spec_that_came_after_the_erasure_is_taken_away(
    start: Any, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session erased in the moment in which it is created leaves the stages nothing to work at."""
    monkeypatch.setattr("motus_sessions.lifecycle.LOOK_EVERY_S", 0.05)
    async with start() as running:
        await running.create("born-erased")
        spec = await bus.last(f"KV_{topics.SPECS}", topics.spec_key("born-erased"))
        await delete(running, "born-erased")
        assert spec is not None
        await bus.store(topics.spec_key("born-erased"), control_pb2.SessionSpec.FromString(spec.data or b""))

        await _until_nothing_of(bus, "born-erased")


async def test_deleting_again_finds_nothing_and_the_id_is_not_given_again(running: Any) -> None:
    """NOT_FOUND, unless the caller says that they do not mind; nobody gets the id of what was."""
    await running.create("only-once")
    await delete(running, "only-once")

    assert await code_of(delete(running, "only-once")) is grpc.StatusCode.NOT_FOUND
    await delete(running, "only-once", allow_missing=True)
    await delete(running, "never-there", allow_missing=True)
    assert await code_of(running.create("only-once")) is grpc.StatusCode.ALREADY_EXISTS
    assert await code_of(running.create("only-once")) is grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize("failing", [3, 9], ids=["before the rows went", "after"])
async def test_an_erasure_that_was_cut_off_goes_on_when_it_is_repeated(
    running: Any, bus: Bus, stages: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """Wherever the bus went away: UNAVAILABLE, and the same call again leaves nothing."""
    say = stages(f"cut-off-{failing}-times")
    await live(running, bus, say)
    whole, tries = Bus.purge, 0

    async def fails(self: Bus, stream: str, subject: str) -> None:
        nonlocal tries
        tries += 1
        if tries == failing:
            raise UnavailableError("the bus went away")
        await whole(self, stream, subject)

    with monkeypatch.context() as patched:
        patched.setattr(Bus, "purge", fails)
        assert await code_of(delete(running, say.session)) is grpc.StatusCode.UNAVAILABLE
    await delete(running, say.session, allow_missing=True)

    # What this service itself says of a session may come behind the erasure, and is swept then.
    await _until_nothing_of(bus, say.session)
    assert await code_of(running.get(say.session)) is grpc.StatusCode.NOT_FOUND


async def test_a_stranger_deletes_nothing_even_if_they_do_not_mind(running: Any) -> None:
    """`allow_missing` answers alike for what is another's and what is not, and both stay as they are."""
    await running.create("owners-own")
    async with running.channel_of("stranger") as channel:
        call = channel.unary_unary("/motus.v1.SessionService/DeleteSession")
        for session in ("owners-own", "nobodys-own"):
            request = session_service_pb2.DeleteSessionRequest(name=f"sessions/{session}", allow_missing=True)
            assert await call(request.SerializeToString(), timeout=10) == b""

    assert (await running.get("owners-own")).name == "sessions/owners-own"


async def forget(running: Any, athlete: str, **wish: Any) -> None:
    """DeleteAthlete."""
    request = athlete_service_pb2.DeleteAthleteRequest(name=f"athletes/{athlete}", **wish)
    await athlete_service_pb2_grpc.AthleteServiceStub(running.channel).DeleteAthlete(request, timeout=20)


async def learn(bus: Bus, session: str, profile: bytes) -> None:
    """Kinematics has learnt something of a session's first participant."""
    event = event_pb2.Event(name=f"sessions/{session}/events/learnt", stage="STAGE_KINEMATICS", revision=1)
    envelope = samples_pb2.EventEnvelope(session=session, epoch=1, event=event, profiles={"p1": profile})
    await bus.store(topics.events(session, "kinematics"), envelope, message_id=event.name)


async def blobs_of(store_url: str, session: str, participant: str) -> list[bytes]:
    """The first bytes of each stored chunk and roll-up of a participant."""
    engine, found = create_async_engine(store_url.replace("postgresql://", "postgresql+asyncpg://")), []
    async with engine.connect() as connection:
        for table in [
            one for one in METADATA.sorted_tables if {"participant", "start_us", "body"} <= set(one.c.keys())
        ]:
            mine = (table.c.session == session) & (table.c.participant == participant)
            found += [body[:200] for body in await connection.scalars(sa.select(table.c.body).where(mine))]
    await engine.dispose()
    return found


@both_databases
async def test_an_athlete_who_is_erased_is_nowhere(
    start: Any, bus: Bus, stages: Callable[[str], Any], store_url: str, store_file: Path, database: str
) -> None:
    """Profile, baselines and sessions go, from a session with others their part; what others have stays whole."""
    alone, shared, others = f"alone-{database}", f"shared-{database}", f"others-{database}"
    ada = {"athlete": "athletes/forget-ada", "display_name": MARKER}
    async with start() as running:
        athletes = athlete_service_pb2_grpc.AthleteServiceStub(running.channel)
        await athletes.CreateAthlete(
            athlete_service_pb2.CreateAthleteRequest(athlete={"display_name": MARKER}, athlete_id="forget-ada"),
            timeout=10,
        )
        wishes = ((alone, [ada]), (shared, [ada, {"athlete": "athletes/bo"}]), (others, [{}]))
        for start_s, (session, people) in enumerate(wishes):
            await running.create(session, participants=people)
            say = stages(session)
            # At other times in each, so that no two have the same bytes.
            await say.see(*(start_s + n / 30 for n in range(60)))
            await say.measure(float(start_s), 60, knee_flexion_left_deg=lambda t: t + 1)
            await say.count_rep(1)
            await say.cue(1, MARKER if session != others else "Stay.")
            await learn(bus, session, MARKER.encode() if session != others else b"bo")
            say.person = f"sessions/{session}/participants/p2"
            await say.measure(5.0, 30, knee_flexion_left_deg=lambda t: t + 1)
            await say.count_rep(7)
            await say.cue(7, "Good.")
            await say.finish(3.0)
            await running.until_over(session)
        marks = [MARKER.encode(), *await blobs_of(store_url, alone, "p1"), *await blobs_of(store_url, shared, "p1")]
        assert {"athletes", "participants", "events", "cues"} <= await tables_with(store_url, MARKER, "forget-ada")
        assert topics.EVENTS_STREAM in await streams_with(bus, MARKER)
        others_blobs = len(await blobs_of(store_url, shared, "p2"))
        if database == "sqlite":
            assert all(files_with(store_file.parent, mark) for mark in marks)

        await forget(running, "forget-ada")

        assert await tables_with(store_url, MARKER) == set()
        assert await tables_with(store_url, "forget-ada") == {AUDIT.name}
        assert await tables_with(store_url, alone) == {DIRECTORY.name, AUDIT.name}
        assert await blobs_of(store_url, shared, "p1") == []
        assert await streams_with(bus, MARKER, "forget-ada", alone, shared) == set()
        if database == "sqlite":
            assert [mark for mark in marks if files_with(store_file.parent, mark)] == []
        left = await running.get(shared)
        assert [(one.name[-2:], one.athlete) for one in left.participants] == [("p2", "athletes/bo")]
        assert (left.rep_count, len(await blobs_of(store_url, shared, "p2"))) == (1, others_blobs)
        assert [cue.text for cue in await cues(running, shared)] == ["Good."]
        assert [cue.text for cue in await cues(running, others)] == ["Stay.", "Good."]
        assert await code_of(running.get(alone)) is grpc.StatusCode.NOT_FOUND
        assert await code_of(forget(running, "forget-ada")) is grpc.StatusCode.NOT_FOUND
        await forget(running, "forget-ada", allow_missing=True)
    store = await SqlStore.open(store_url)
    erased = [one for one in await store.audit.page("default", after=(0, 0), limit=99) if one.method == "DeleteAthlete"]
    await store.close()
    assert {one.resource for one in erased} == {
        "athletes/forget-ada",
        f"sessions/{alone}",
        f"sessions/{shared}/participants/p1",
    }


async def cues(running: Any, session: str) -> list[Any]:
    """All cues of a session."""
    request = session_service_pb2.ListCuesRequest(parent=f"sessions/{session}")
    return list((await running.stub.ListCues(request, timeout=10)).cues)


async def test_nobody_is_erased_from_a_session_of_others_while_it_runs(running: Any, bus: Bus) -> None:
    """FAILED_PRECONDITION, and nothing is gone: neither the athlete nor a session of theirs alone."""
    await running.create("mine-alone", participants=[{"athlete": "athletes/ada"}])
    await running.create("with-others", participants=[{"athlete": "athletes/ada"}, {}])

    assert await code_of(forget(running, "ada")) is grpc.StatusCode.FAILED_PRECONDITION

    assert (await running.get("mine-alone")).participants[0].athlete == "athletes/ada"
    assert await running.store.athletes.some("default", ["ada"])


async def test_a_session_of_the_athlete_alone_ends_with_them(running: Any, bus: Bus) -> None:
    """Also while it runs, and however often it names them; others' stay."""
    await running.create("both-are-ada", participants=[{"athlete": "athletes/ada"}] * 2)
    await running.create("about-bo", participants=[{"athlete": "athletes/bo"}])

    await forget(running, "ada")

    assert await streams_with(bus, "both-are-ada") == set()
    assert await code_of(running.get("both-are-ada")) is grpc.StatusCode.NOT_FOUND
    assert (await running.get("about-bo")).name == "sessions/about-bo"


@both_databases
async def test_whom_a_session_names_is_known_however_they_were_erased_meanwhile(
    start: Any, store_url: str, database: str
) -> None:
    """A session that is created while its athlete is erased is erased with them, or makes them known anew."""
    async with start() as running:
        for turn in range(10):
            person = [{"athlete": "athletes/ada"}]
            await running.create(f"before-{database}-{turn}", participants=person)
            await asyncio.gather(
                forget(running, "ada"), running.create(f"while-{database}-{turn}", participants=person)
            )
            named = await running.store.sessions("default", limit=9, athlete="ada")
            known = await running.store.athletes.some("default", ["ada"])

            assert bool(named) == bool(known)
            assert f"before-{database}-{turn}" not in [one.session for one in named]
