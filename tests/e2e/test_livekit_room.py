"""An athlete's phone in a LiveKit room, and nothing else: it films, and hears what the coach says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import pytest
from livekit import api, rtc

from motus.v1.event_pb2 import SESSION_STATE_RUNNING
from motus.v1.movement_pb2 import REP_STATE_CONFIRMED
from motus.v1.session_service_pb2 import Session, Source
from motus_client.access import Access
from motus_client.aio.client import AsyncClient
from servers.media import LiveKit
from tests.e2e.conftest import CLIPS, running_stack, truth

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]
CLIP = CLIPS / "squat.mp4"
FPS = 30


@asynccontextmanager
async def phone(server: LiveKit, rolling: asyncio.Event, heard: "asyncio.Queue[dict[str, Any]]") -> AsyncIterator[None]:
    """Films the clip once `rolling` is set; before and behind it the picture stands still."""
    grants = api.VideoGrants(room_join=True, room="gym")
    token = api.AccessToken(server.key, server.secret).with_identity("ann").with_grants(grants).to_jwt()
    room = rtc.Room()
    room.on("data_received", lambda packet: heard.put_nowait(json.loads(packet.data)))
    await room.connect(server.url, token)
    with av.open(str(CLIP)) as container:
        video = container.streams.video[0]
        source = rtc.VideoSource(video.width, video.height)
        track = rtc.LocalVideoTrack.create_video_track("front", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
        await room.local_participant.publish_track(track, options)
        filming = asyncio.create_task(_film(container.decode(video), source, rolling))
        try:
            yield
        finally:
            filming.cancel()
            await asyncio.gather(filming, return_exceptions=True)
            await room.disconnect()


async def _film(frames: Any, source: rtc.VideoSource, rolling: asyncio.Event) -> None:
    shown, loop = next(frames), asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        pixels = shown.to_ndarray(format="rgb24")
        frame = rtc.VideoFrame(shown.width, shown.height, rtc.VideoBufferType.RGB24, bytearray(pixels.tobytes()))
        source.capture_frame(frame)
        due_s += 1 / FPS
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        if rolling.is_set():
            shown = next(frames, shown)


async def _counted(client: AsyncClient, session: str, rolling: asyncio.Event, expected: int) -> set[str]:
    counted = set[str]()
    async for response in client.watch_session(session):
        if response.event.state.current == SESSION_STATE_RUNNING:
            rolling.set()
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
    rolling, heard = asyncio.Event(), asyncio.Queue[dict[str, Any]]()
    with running_stack(tmp_path) as stack:
        access = Access(token_file=tmp_path / "token")
        async with phone(livekit, rolling, heard), AsyncClient(stack.address, access) as client:
            source = Source(uri="livekit://gym/ann")
            session = (await client.create_session(Session(source=source, exercise="squat"))).name
            counted = await _counted(client, session, rolling, expected)
            cues = {cue.name: cue.text async for cue in client.list_cues(session)}
            said = {one["name"]: one["text"] for one in (heard.get_nowait() for _ in range(heard.qsize()))}
    assert len(counted) == expected
    assert cues
    assert said == cues
