"""An athlete is erased in the middle of a session: all services drop it, nothing is left, the next session runs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from motus.v1 import athlete_service_pb2, event_pb2, session_service_pb2
from motus_client.client import Client
from motus_client.errors import ApiError
from motus_client.stack.supervisor import Supervisor
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings
from motus_runtime.follow import follow
from tests.e2e.conftest import CLIPS, play, running_stack

pytestmark = pytest.mark.e2e
MARKER = "Ada-who-wants-to-be-forgotten"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """A stack whose data folder the test reads."""
    with running_stack(tmp_path, CLIPS) as stack:
        yield stack


def _environment(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


async def _streams_with(settings: BusSettings, *marks: str) -> set[str]:
    """Streams in any of whose messages one of some texts stands."""
    bus, found = await Bus.connect(settings, "test"), set()
    for spec in topics.STREAMS:
        if not (await bus.jetstream.stream_info(spec.name)).state.messages:
            continue
        async for stored in follow(bus, spec.name, ">"):
            if any(mark.encode() in stored.body for mark in marks):
                found.add(spec.name)
            if stored.pending == 0:
                break
    await bus.close()
    return found


@pytest.mark.timeout(240)
def test_an_athlete_who_is_erased_while_they_move_is_nowhere(supervisor: Supervisor, tmp_path: Path) -> None:
    """Whoever watches gets NOT_FOUND, no service falls, and neither files nor streams of the stack know the name."""
    before = supervisor.pids
    environment = _environment(before["pose"])
    settings = BusSettings(url=environment["MOTUS_NATS_URL"], token=environment["MOTUS_NATS_TOKEN"])
    source = session_service_pb2.Source(uri=(CLIPS / "squat.mp4").as_uri(), pacing=session_service_pb2.PACING_FAST)
    person = session_service_pb2.Participant(athlete="athletes/ada", display_name=MARKER)
    with Client(supervisor.address, supervisor.access, timeout_s=60) as client:
        client.create_athlete(athlete_service_pb2.Athlete(display_name=MARKER), athlete_id="ada")
        wish = session_service_pb2.Session(source=source, exercise="squat", participants=[person])
        session = client.create_session(wish).name
        bare = session.removeprefix("sessions/")
        for response in client.watch_session(session, patience_s=60):
            if response.event.WhichOneof("detail") == "rep":
                break
        known = asyncio.run(_streams_with(settings, bare, MARKER))
        client.delete_athlete("athletes/ada")
        with pytest.raises(ApiError) as caught:
            client.get_session(session)
        next_one = play(client, CLIPS / "squat.mp4", "squat")

    assert {topics.EVENTS_STREAM, topics.LANDMARKS_STREAM, f"KV_{topics.SPECS}"} <= known
    assert caught.value.reason == "SESSION_NOT_FOUND"
    assert next_one.state == event_pb2.SESSION_STATE_ENDED, next_one.reason
    assert asyncio.run(_streams_with(settings, bare, MARKER)) == set()
    assert [file for file in tmp_path.glob("motus.db*") if MARKER.encode() in file.read_bytes()] == []
    assert supervisor.pids == before
    logs = {log.name: log.read_text(errors="replace") for log in Path(supervisor.logs).rglob("*.log")}
    assert [name for name, text in logs.items() if "Traceback" in text] == []
