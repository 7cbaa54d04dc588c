"""From the picture that is shown to the frame on the bus, through the ingest service as a process of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import simplejpeg
from nats.aio.msg import Msg

from motus.bus.v1 import control_pb2, frame_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings
from motus_runtime.provision import provision
from servers.media import livekit_server, rtsp_server
from servers.nats import nats_server
from servers.publishing import FPS, number_in
from servers.workers import Workers, workers

_SESSION = "bench-live"
_BEGUN_S, _SETTLED_S = 40.0, 3.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Receiver:
    """Takes a session's frames off the bus and answers them, as pose does."""

    bus: Bus
    frames: list[tuple[float, frame_pb2.Frame]] = field(default_factory=list)

    async def hear(self) -> None:
        """Receive from now on."""
        await self.bus.listen(topics.frames(_SESSION), self._receive)

    def _receive(self, message: Msg) -> None:
        arrived_s = time.time()
        frame = frame_pb2.Frame.FromString(message.data)
        self.frames.append((arrived_s, frame))
        ack = frame_pb2.FrameAck(ref=frame.ref, outcome=frame_pb2.FRAME_OUTCOME_DONE, pose_epoch=1)
        self._answer = asyncio.ensure_future(self.bus.publish(message.reply, ack))

    async def until(self, epoch: int, count: int = 1) -> float:
        """Wait for so many frames of an epoch or a later one; when the first came, Unix seconds."""
        async with asyncio.timeout(_BEGUN_S):
            while len(found := [at for at, one in self.frames if one.ref.ingest_epoch >= epoch]) < count:
                await asyncio.sleep(0.002)
        return found[0]


@dataclass(frozen=True)
class Camera:
    """Something that publishes.

    Attributes:
        uri: how a session names it.
        shown_s: when it showed picture 0, Unix seconds.
        settings: what ingest must be told to watch it.
    """

    uri: str
    shown_s: float
    settings: dict[str, str]


@contextmanager
def rtsp_camera(home: Path, size: tuple[int, int]) -> Iterator[Camera]:
    """A camera behind an RTSP server."""
    with rtsp_server(home) as server:
        uri = server.url("one")
        with _publishing("servers.publishing", uri, *map(str, size)) as shown_s:
            yield Camera(uri, shown_s, {"MOTUS_INGEST_HOSTS": "127.0.0.0/8"})


@contextmanager
def livekit_camera(home: Path, size: tuple[int, int]) -> Iterator[Camera]:
    """A phone that films a LiveKit room."""
    with livekit_server(home) as server:
        secrets = (server.key, server.secret)
        settings = dict(zip(("MOTUS_INGEST_LIVEKIT_KEY", "MOTUS_INGEST_LIVEKIT_SECRET"), secrets, strict=True))
        with _publishing("servers.room_publishing", server.url, *secrets, "gym", *map(str, size)) as shown_s:
            yield Camera("livekit://gym", shown_s, {**settings, "MOTUS_INGEST_LIVEKIT_URL": server.url})


@contextmanager
def _publishing(module: str, *arguments: str) -> Iterator[float]:
    """A publisher in a process of its own; gives when it showed picture 0, Unix seconds."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield float(process.stdout.readline())
    finally:
        process.communicate()


@asynccontextmanager
async def _stack(home: Path, count: int, settings: dict[str, str]) -> AsyncIterator[tuple[Workers, Receiver]]:
    with (
        nats_server(home / f"nats-{time.monotonic_ns()}") as url,
        workers(url, home, **settings) as processes,
    ):
        bus = await Bus.connect(BusSettings(url=url), "bench")
        await provision(bus)
        receiver = Receiver(bus)
        await receiver.hear()
        for _ in range(count):
            processes.start("ingest")
        yield processes, receiver
        await bus.close()


async def _announce(bus: Bus, uri: str) -> None:
    spec = control_pb2.SessionSpec(session=_SESSION, tenant="default", revision=1, create_time_ns=time.time_ns())
    spec.source.uri = uri
    spec.participants.add(id="p1")
    await bus.store(topics.spec_key(_SESSION), spec)


async def latency(home: Path, name: str, camera: Camera, seconds: float) -> dict[str, float]:
    """Latencies, rate and processor time of one stream."""
    async with _stack(home, 1, camera.settings) as (processes, receiver):
        await _announce(receiver.bus, camera.uri)
        await receiver.until(0)
        await asyncio.sleep(_SETTLED_S)
        receiver.frames.clear()
        (pid,) = processes.running()
        before, began = _processor_s(pid), time.monotonic()
        await asyncio.sleep(seconds)
        share = (_processor_s(pid) - before) / (time.monotonic() - began)
        ages = [_age_s(arrived_s, frame, camera.shown_s) for arrived_s, frame in receiver.frames]
    return {
        f"{name}_p50_ms": 1e3 * float(np.percentile(ages, 50)),
        f"{name}_p95_ms": 1e3 * float(np.percentile(ages, 95)),
        f"{name}_fps": len(ages) / seconds,
        f"{name}_cpu_share": share,
    }


async def takeover(home: Path, camera: Camera) -> float:
    """Seconds from kill -9 of the worker that watches to the first frame of the other."""
    async with _stack(home, 2, camera.settings) as (processes, receiver):
        await _announce(receiver.bus, camera.uri)
        await receiver.until(0, 60)
        epoch = receiver.frames[-1][1].ref.ingest_epoch
        killed_s = time.time()
        os.kill(_owner(processes), signal.SIGKILL)
        return await receiver.until(epoch + 1) - killed_s


def _owner(processes: Workers) -> int:
    """Who decodes: the one that has spent most processor time."""
    return max(processes.running(), key=_processor_s)


def _age_s(arrived_s: float, frame: frame_pb2.Frame, shown_s: float) -> float:
    """How long ago the newest picture with the frame's number was shown."""
    number = number_in(simplejpeg.decode_jpeg(frame.patches[0].jpeg))
    newest = int((arrived_s - shown_s) * FPS)
    return arrived_s - shown_s - (newest - (newest - number) % 256) / FPS


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
