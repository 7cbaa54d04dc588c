"""An athlete's phone in a LiveKit room, and nothing else: it films, and hears what the coach says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc

from motus.v1.event_pb2 import SESSION_STATE_RUNNING
from motus.v1.movement_pb2 import REP_STATE_CONFIRMED
from motus.v1.session_service_pb2 import Session, Source
from motus_client.access import Access
from motus_client.aio.client import AsyncClient
from servers.media import LiveKit
from servers.publishing import Clip
from servers.room_publishing import entrance, film, published
from tests.e2e.conftest import CLIPS, running_stack, truth

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


@asynccontextmanager
async def phone(server: LiveKit, clip: Clip, heard: "asyncio.Queue[dict[str, Any]]") -> AsyncIterator[None]:
    """Films a clip in the room, and hears what is said there."""
    room = rtc.Room()
    room.on("data_received", lambda packet: heard.put_nowait(json.loads(packet.data)))
    await room.connect(server.url, entrance(server.key, server.secret, "gym", "ann"))
    filming = asyncio.create_task(film(await published(room, clip.size), clip))
    try:
        yield
    finally:
        filming.cancel()
        await asyncio.gather(filming, return_exceptions=True)
        await room.disconnect()


async def _counted(client: AsyncClient, session: str, clip: Clip, expected: int) -> set[str]:
    counted = set[str]()
    async for response in client.watch_session(session):
        if response.event.state.current == SESSION_STATE_RUNNING:
            clip.rolling.set()
        if response.event.rep.state == REP_STATE_CONFIRMED:
            counted.add(response.event.rep.name)
        if len(counted) == expected:
            await client.stop_session(session)
    return counted


async def test_a_phone_in_a_room_is_measured_and_spoken_to(
    livekit: LiveKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its repetitions are the clip's, and every cue of the session, its summary too, reaches it as it is stored."""
    for name, value in (("URL", livekit.url), ("KEY", livekit.key), ("SECRET", livekit.secret)):
        monkeypatch.setenv(f"MOTUS_INGEST_LIVEKIT_{name}", value)
    expected = len(truth("squat")["reps"])
    clip, heard = Clip(CLIPS / "squat.mp4"), asyncio.Queue[dict[str, Any]]()
    with running_stack(tmp_path) as stack:
        access = Access(token_file=tmp_path / "token")
        async with phone(livekit, clip, heard), AsyncClient(stack.address, access) as client:
            source = Source(uri="livekit://gym/ann")
            session = (await client.create_session(Session(source=source, exercise="squat"))).name
            counted = await _counted(client, session, clip, expected)
            cues = {cue.name: cue.text async for cue in client.list_cues(session)}
            said = {one["name"]: one["text"] for one in (heard.get_nowait() for _ in range(heard.qsize()))}
    assert len(counted) == expected
    assert cues
    assert said == cues
