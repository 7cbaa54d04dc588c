"""Live sources on a real bus: FFmpeg's own pictures, MPEG-TS over UDP, RTMP; they play, are cut, come back, end."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import simplejpeg

from motus.bus.v1 import control_pb2, frame_pb2, samples_pb2
from motus_ingest.session import play
from motus_ingest.settings import IngestSettings
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow
from servers.ports import free_port
from servers.publishing import Publisher, number_in

Receivers = Callable[..., Any]
WAIT_S = 30.0


@pytest.fixture
def live_settings(settings: IngestSettings) -> IngestSettings:
    """Everything that the tests play may be asked for, and silence is told soon."""
    schemes = ("udp", "rtmp", "lavfi", "rtsp")
    return replace(settings, schemes=schemes, hosts=("127.0.0.0/8",), silence_s=0.7, connect_s=5.0, max_fps=60.0)


@pytest.fixture
def live_spec(session: str) -> Callable[[str], control_pb2.SessionSpec]:
    """Makes the spec of the test's session for a live source, begun now."""

    def make(uri: str) -> control_pb2.SessionSpec:
        spec = control_pb2.SessionSpec(session=session, create_time_ns=time.time_ns(), revision=1)
        spec.source.uri = uri
        spec.participants.add(id="p1")
        return spec

    return make


def numbers(frames: list[frame_pb2.Frame]) -> list[int]:
    """What the pictures say their numbers are."""
    return [number_in(simplejpeg.decode_jpeg(frame.patches[0].jpeg)) for frame in frames if frame.patches]


async def told(bus: Bus, session: str, code: str) -> samples_pb2.EventEnvelope:
    """Wait for a notice of ingest."""
    async for stored in follow(bus, topics.EVENTS_STREAM, topics.events(session, "ingest")):
        envelope = decode(samples_pb2.EventEnvelope, stored.body)
        if envelope.event.notice.code == code:
            return envelope
    raise AssertionError


async def stop(bus: Bus, session: str) -> None:
    """End the session as its user would."""
    command = control_pb2.Command(id=f"stop-{session}", session=session, stop=control_pb2.Stop(reason="enough"))
    await bus.store(topics.commands(session), command, message_id=command.id)


async def test_a_live_source_plays_until_it_is_stopped(
    bus: Bus, live_settings: IngestSettings, session: str, live_spec: Any, receivers: Receivers
) -> None:
    """Frames come by themselves, the newest wins, times rise, and the end bears the reason."""
    receiver = receivers(session)
    await receiver.start()
    spec = live_spec("lavfi://testsrc2=size=320x180:rate=30")
    async with asyncio.timeout(WAIT_S):
        playing = asyncio.create_task(play(bus, live_settings, spec, epoch=3))
        await receiver.has(40)
        await stop(bus, session)
        await playing
    *frames, end = receiver.frames
    times = [frame.ref.t_s for frame in frames]
    assert times == sorted(set(times))
    assert {frame.delivery for frame in frames} == {frame_pb2.DELIVERY_NEWEST}
    assert {frame.ref.capture_origin for frame in frames} == {frame_pb2.CAPTURE_ORIGIN_ARRIVAL}
    assert (frames[0].width, frames[0].height) == (320, 180)
    assert (end.end.failed, end.end.reason) == (False, "enough")


async def test_pictures_arrive_as_they_were_published(
    bus: Bus, live_settings: IngestSettings, session: str, live_spec: Any, receivers: Receivers
) -> None:
    """Over UDP: in order, none twice, and gaps only where a newer picture was there."""
    receiver = receivers(session)
    await receiver.start()
    url = f"udp://127.0.0.1:{free_port(udp=True)}"
    with Publisher(url, "mpegts"):
        async with asyncio.timeout(WAIT_S):
            playing = asyncio.create_task(play(bus, live_settings, live_spec(url), epoch=3))
            await receiver.has(60)
            await stop(bus, session)
            await playing
    seen = numbers(receiver.frames)
    steps = [(after - before) % 256 for before, after in pairwise(seen)]
    assert all(1 <= step <= 30 for step in steps)
    assert sum(step == 1 for step in steps) >= 0.8 * len(steps)


async def test_a_source_that_is_cut_comes_back(
    bus: Bus, live_settings: IngestSettings, session: str, live_spec: Any, receivers: Receivers
) -> None:
    """The stall is told while it lasts, its end too, and frames go on under the same epoch, at later times."""
    receiver = receivers(session)
    await receiver.start()
    url = f"udp://127.0.0.1:{free_port(udp=True)}"
    async with asyncio.timeout(WAIT_S):
        playing = asyncio.create_task(play(bus, live_settings, live_spec(url), epoch=3))
        with Publisher(url, "mpegts"):
            await receiver.has(20)
        stalled = await told(bus, session, "source_stalled")
        before = len(receiver.frames)
        with Publisher(url, "mpegts", size=(480, 272)):
            await told(bus, session, "source_back")
            await receiver.has(before + 20)
            await stop(bus, session)
            await playing
    *frames, _ = receiver.frames
    assert stalled.event.notice.text
    assert {frame.ref.ingest_epoch for frame in frames} == {3}
    assert [frame.ref.frame_seq for frame in frames] == list(range(len(frames)))
    assert frames[-1].ref.t_s - frames[0].ref.t_s > live_settings.silence_s
    assert (frames[-1].width, frames[-1].height) == (480, 272)


async def test_garbage_is_no_picture_and_no_crash(
    bus: Bus, live_settings: IngestSettings, session: str, live_spec: Any, receivers: Receivers
) -> None:
    """What is no video at all is told as a stall; video that follows is played."""
    receiver = receivers(session)
    await receiver.start()
    port = free_port(udp=True)
    url = f"udp://127.0.0.1:{port}"
    async with asyncio.timeout(WAIT_S):
        playing = asyncio.create_task(play(bus, live_settings, live_spec(url), epoch=3))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rubbish:
            waiting = asyncio.create_task(told(bus, session, "source_stalled"))
            while not waiting.done():
                rubbish.sendto(b"\x00garbage" * 100, ("127.0.0.1", port))
                await asyncio.wait({waiting}, timeout=0.02)
        with Publisher(url, "mpegts"):
            await receiver.has(10)
            await stop(bus, session)
            await playing
    assert not receiver.frames[-1].end.failed


async def test_what_may_not_be_watched_fails_the_session_at_once(
    bus: Bus, live_settings: IngestSettings, session: str, live_spec: Any, receivers: Receivers
) -> None:
    """No try is repeated, and the reason is told."""
    receiver = receivers(session)
    await receiver.start()
    async with asyncio.timeout(WAIT_S):
        await play(bus, live_settings, live_spec("rtsp://10.0.0.1/one"), epoch=3)
    (end,) = receiver.frames
    assert end.end.failed
    assert "none that this server may watch" in end.end.reason
