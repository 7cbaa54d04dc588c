"""The Python client against the service: every call, sync and async, and a watch that survives what breaks it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from motus.v1 import athlete_service_pb2, event_pb2, ingest_service_pb2, session_service_pb2
from motus_client import Access, ApiError, AsyncClient, Client

SERVICES = (
    session_service_pb2.DESCRIPTOR.services_by_name["SessionService"],
    athlete_service_pb2.DESCRIPTOR.services_by_name["AthleteService"],
    ingest_service_pb2.DESCRIPTOR.services_by_name["IngestService"],
)
CALLS = [re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower() for service in SERVICES for method in service.methods]
SOURCE = session_service_pb2.Source(uri="file:///videos/squat.mp4")


@pytest.fixture
async def client(running: Any) -> AsyncIterator[AsyncClient]:
    """The owner's client of the running service."""
    async with AsyncClient(f"127.0.0.1:{running.app.server.port}", Access(token="owner")) as one:
        yield one


@pytest.fixture
def waiting(running: Any) -> Callable[[Callable[[Client], Any]], Any]:
    """Does something with the client that waits, in a thread of its own."""

    def work(do: Callable[[Client], Any]) -> Any:
        with Client(f"127.0.0.1:{running.app.server.port}", Access(token="owner")) as one:
            return do(one)

    return lambda do: asyncio.to_thread(work, do)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("call", CALLS)
def test_the_client_has_every_call(kind: type, call: str) -> None:
    """Whatever the API can do, either client can, in words of its own."""
    assert getattr(kind, call).__doc__


async def test_a_session_is_changed_read_and_erased(client: AsyncClient, stages: Callable[[str], Any]) -> None:
    """Every call of a session's life does what its name says."""
    session = await client.create_session(
        session_service_pb2.Session(source=SOURCE, exercise="squat"), session_id="by-sdk"
    )
    say = stages("by-sdk")
    await say.see(0.0)
    await say.measure(0.0, 30, trunk_lean_deg=lambda t_s: 10 + t_s)
    await say.count_rep(1)
    await say.cue(1, "Deeper.")
    changed = await client.update_session("by-sdk", exercise="lunge", muted=True, in_set=False)
    await client.assign_participant(say.person, tap=(0.5, 0.5))
    await client.teach_movement(say.person, "my-move", [1, 2])
    await client.stop_session("by-sdk", reason="enough")
    await say.finish(1.0)
    states = [one.event.state.current async for one in client.watch_session("by-sdk")]
    [rep] = [rep async for rep in client.list_reps("by-sdk")]
    whole = await client.get_rep(rep.name)
    [cue] = [cue async for cue in client.list_cues("by-sdk")]
    rated, dismissed = await client.rate_cue(cue.name, 4), await client.dismiss_cue(cue.name)
    series = await client.get_series("by-sdk", ["trunk_lean_deg"], end_s=0.5)
    frames = [frame async for frame in client.get_skeleton("by-sdk")]
    parts = [part async for part in client.export_session("by-sdk", session_service_pb2.EXPORT_FORMAT_CSV)]
    events = [event async for event in client.list_events("by-sdk")]
    now = datetime.now(UTC)
    listed = [
        one.name
        async for one in client.list_sessions(
            states=[event_pb2.SESSION_STATE_ENDED], created_from=now - timedelta(hours=1), oldest_first=True
        )
    ]
    earlier = [one async for one in client.list_sessions(created_before=now - timedelta(hours=1))]
    spans = await client.get_series("by-sdk", ["trunk_lean_deg"], max_points=3)
    await client.delete_session("by-sdk")
    await client.delete_session("by-sdk", allow_missing=True)

    assert session.name == "sessions/by-sdk"
    assert (changed.exercise, changed.coach.muted, changed.in_set) == ("lunge", True, False)
    assert whole.ordinal == rep.ordinal == 1
    assert (rated.rating, dismissed.dismissed) == (4, True)
    assert states[-1] == event_pb2.SESSION_STATE_ENDED
    assert series.t_s[-1] == pytest.approx(14 / 30, abs=1e-6)
    assert len(frames) == 1
    assert parts[0].filename == "by-sdk-p1.csv"
    assert b"".join(part.data for part in parts).startswith(b"t_s,channel")
    assert events
    assert (listed, earlier) == (["sessions/by-sdk"], [])
    assert spans.lows["trunk_lean_deg"][0] == pytest.approx(10, abs=0.01)
    assert spans.highs["trunk_lean_deg"][-1] == pytest.approx(10 + 29 / 30, abs=0.01)
    assert series.lows == {}
    with pytest.raises(ApiError) as caught:
        await client.get_session("by-sdk")
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")


async def test_athletes_are_kept_changed_and_compared(client: AsyncClient) -> None:
    """What is named is changed, what is named without a value is cleared."""
    made = await client.create_athlete(
        athlete_service_pb2.Athlete(display_name="Ana", stature_m=1.7, mass_kg=60), athlete_id="ana"
    )
    new = athlete_service_pb2.Athlete(name=made.name, stature_m=1.72)
    changed = await client.update_athlete(new, ["stature_m", "mass_kg"])
    listed = [one.name async for one in client.list_athletes()]
    trends = await client.get_trends("ana", "squat", ["range_of_motion_deg"])
    kept = await client.get_athlete("athletes/ana")
    await client.delete_athlete("ana")
    await client.delete_athlete("ana", allow_missing=True)

    assert (changed.stature_m, changed.HasField("mass_kg"), changed.display_name) == (1.72, False, "Ana")
    assert kept == changed
    assert [one async for one in client.list_athletes()] == []
    assert listed == ["athletes/ana"]
    assert [(trend.measure, list(trend.points)) for trend in trends] == [("range_of_motion_deg", [])]


async def test_the_register_is_the_same_for_both(client: AsyncClient, waiting: Any) -> None:
    """The client that waits says what the other says."""
    assert await waiting(lambda one: one.list_measures()) == await client.list_measures()


async def watched(client: AsyncClient, session: str, seen: asyncio.Queue[Any]) -> list[tuple[str, int]]:
    """All events of a session by the client for asyncio."""
    found = []
    async for response in client.watch_session(session):
        found.append((response.event.name, response.event.revision))
        seen.put_nowait(found[-1])
    return found


@pytest.mark.parametrize("waits", [False, True])
async def test_a_watch_goes_on_when_the_server_sends_it_away(
    client: AsyncClient, waiting: Any, running: Any, stages: Callable[[str], Any], waits: bool
) -> None:
    """Each event comes once and in order, however often the stream breaks."""
    session = f"broken-watch-{'waits' if waits else 'async'}"
    await running.create(session)
    say, seen = stages(session), asyncio.Queue[Any]()
    loop = asyncio.get_running_loop()

    def by_thread(one: Client) -> list[tuple[str, int]]:
        found = []
        for response in one.watch_session(session, patience_s=5):
            found.append((response.event.name, response.event.revision))
            loop.call_soon_threadsafe(seen.put_nowait, found[-1])
        return found

    watching = asyncio.ensure_future(waiting(by_thread) if waits else watched(client, session, seen))
    for ordinal in range(1, 4):
        await say.count_rep(ordinal)
        await seen.get()
        running.app.watches.end()
    await say.finish(8.0)

    assert await watching == [(one.event.name, one.event.revision) for one in await running.until_over(session)]


async def test_what_is_wrong_is_told_by_field(client: AsyncClient, waiting: Any) -> None:
    """Both clients raise the same."""
    errors = []
    for ask in (
        client.rate_cue("sessions/abcd/cues/c", 6),
        waiting(lambda one: one.rate_cue("sessions/abcd/cues/c", 6)),
    ):
        with pytest.raises(ApiError) as caught:
            await ask
        errors.append((caught.value.code, caught.value.reason, set(caught.value.violations)))

    assert errors == [(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {"rating"})] * 2


async def test_a_token_is_read_again_from_its_file(running: Any, tmp_path: Path) -> None:
    """A file with a new token holds for the next call."""
    file = tmp_path / "token"
    file.write_text("made-up\n")
    async with AsyncClient(f"127.0.0.1:{running.app.server.port}", Access(token_file=file)) as client:
        with pytest.raises(ApiError, match="not valid"):
            await client.list_measures()
        file.write_text("owner\n")

        assert (await client.list_measures()).measures
