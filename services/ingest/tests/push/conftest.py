"""A worker that takes what is pushed, on a real bus and a real gRPC port; who calls it; what it stores."""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from motus.bus.v1 import control_pb2, landmarks_pb2
from motus.v1 import ingest_service_pb2 as api
from motus.v1 import ingest_service_pb2_grpc, sample_pb2, session_service_pb2
from motus_ingest.app import IngestApp
from motus_ingest.push.server import push_server
from motus_ingest.push.settings import PushSettings
from motus_ingest.settings import IngestSettings
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow

KEYS = {
    "owner": ("default", ["sessions.write"]),
    "reader": ("default", ["sessions.read"]),
    "stranger": ("else", ["sessions.write"]),
}
DEADLINE_S = 20.0
TIMES = [n / 30 for n in range(30)]


class Pushing:
    """A worker that runs, and those who call it."""

    def __init__(self, app: IngestApp, bus: Bus) -> None:
        self.app, self.bus = app, bus
        self._channels: list[grpc.aio.Channel] = []

    def stub(self, token: str = "owner") -> Any:
        """Calls of somebody with a token."""
        assert self.app.server is not None
        credentials = grpc.composite_channel_credentials(
            grpc.local_channel_credentials(), grpc.access_token_call_credentials(token)
        )
        channel = grpc.aio.secure_channel(f"127.0.0.1:{self.app.server.port}", credentials)
        self._channels.append(channel)
        return ingest_service_pb2_grpc.IngestServiceStub(channel)

    async def announce(self, session: str, uri: str, pacing: str = "PACING_REALTIME") -> control_pb2.SessionSpec:
        """Let the stages know of a session."""
        spec = control_pb2.SessionSpec(session=session, tenant="default", create_time_ns=time.time_ns(), revision=1)
        spec.source.uri, spec.source.pacing = uri, session_service_pb2.Pacing.Value(pacing)
        spec.participants.add(id="ann")
        spec.participants.add(id="ben")
        await self.bus.store(topics.spec_key(session), spec)
        return spec

    async def stop(self, session: str, reason: str) -> None:
        """What sessions tells the stages when a user stops one."""
        command = control_pb2.Command(id=f"stop-{session}", session=session, stop=control_pb2.Stop(reason=reason))
        await self.bus.store(topics.commands(session), command, message_id=command.id)

    async def landmarks(self, session: str) -> list[landmarks_pb2.Landmarks]:
        """All that is stored of a session, once its end is."""
        found = []
        async for stored in follow(self.bus, topics.LANDMARKS_STREAM, topics.landmarks(session)):
            found.append(decode(landmarks_pb2.Landmarks, stored.body))
            if found[-1].HasField("end"):
                break
        return found

    async def has(self, session: str, count: int) -> None:
        """Wait until so many messages of a session are stored."""
        async for stored in follow(self.bus, topics.LANDMARKS_STREAM, topics.landmarks(session)):
            count -= bool(stored.body)
            if not count:
                return

    async def is_free(self, session: str) -> None:
        """Wait until nobody owns a session."""
        key = topics.owner_key("ingest", session)
        while (last := await self.bus.last(f"KV_{topics.LEASES}", key)) is not None and last.data:
            await self.bus.client.flush()

    async def close(self) -> None:
        """Hang up."""
        for channel in self._channels:
            await channel.close()


@pytest.fixture
def bounds(tmp_path: Path) -> PushSettings:
    """Of what is pushed."""
    (tmp_path / "spool").mkdir()
    return PushSettings(spool=str(tmp_path / "spool"), max_video_bytes=1_000_000, max_spool_bytes=1_500_000)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """The file of KEYS; each token is its name, which only a test may do."""
    file = tmp_path / "keys.toml"
    entries = (
        f'[keys.{name}]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
        f'tenant = "{tenant}"\nscopes = {scopes}\n'
        for name, (tenant, scopes) in KEYS.items()
    )
    file.write_text("".join(entries))
    return file


@pytest.fixture
def run_worker(
    bus: Bus, serve: Any, settings: IngestSettings, keys_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Runs a worker with given bounds, as its service does, until the block is left."""
    for name, value in {"GRPC_SERVE": "true", "GRPC_PORT": "0"}.items():
        monkeypatch.setenv(f"MOTUS_INGEST_{name}", value)
    monkeypatch.setenv("MOTUS_AUTH_KEYS_FILE", str(keys_file))

    def make(context: Any, bounds: PushSettings) -> IngestApp:
        app = IngestApp(context.bus, context.leases, context.specs, settings, bounds)
        app.server = push_server(context, app.holds, settings, bounds)
        return app

    @asynccontextmanager
    async def running(bounds: PushSettings) -> AsyncIterator[Pushing]:
        async with serve("ingest", lambda context: make(context, bounds)) as app:
            one = Pushing(app, bus)
            while not app.holds._leases.taking:
                await bus.client.flush()
            yield one
            await one.close()

    return running


@pytest.fixture
async def pushing(run_worker: Callable[..., Any], bounds: PushSettings) -> AsyncIterator[Pushing]:
    """A worker that runs."""
    async with run_worker(bounds) as one:
        yield one


def points(value: float = 0.5) -> sample_pb2.LandmarkSet:
    """All points at one place."""
    image, world = np.full((33, 5), value, "<f4"), np.full((33, 3), value, "<f4")
    return sample_pb2.LandmarkSet(presence_mask=2**33 - 1, image_f32=image.tobytes(), world_f32=world.tobytes())


def refusal(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str, set[str]]:
    """Code, reason and fields at fault; exactly one ErrorInfo is there."""
    trailer = dict(error.trailing_metadata() or ())
    try:
        status = status_pb2.Status.FromString(trailer["grpc-status-details-bin"])
    except (KeyError, DecodeError):
        return error.code(), "", set()
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    reasons = [info.reason for detail in status.details if detail.Unpack(info)]
    fields = {one.field for detail in status.details if detail.Unpack(bad) for one in bad.field_violations}
    (reason,) = reasons
    return error.code(), reason, fields


async def refused(call: Any) -> tuple[grpc.StatusCode, str, set[str]]:
    """How a call is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return refusal(raised.value)


def start(session: str, **more: Any) -> api.PushLandmarksRequest:
    """The first message of pushed landmarks."""
    fields = {"width": 640, "height": 480, **more}
    return api.PushLandmarksRequest(start=api.LandmarksStart(session=f"sessions/{session}", **fields))


def moment(t_s: float, **more: Any) -> api.PushLandmarksRequest:
    """One moment."""
    return api.PushLandmarksRequest(frame=api.LandmarksFrame(t_s=t_s, landmarks=points(), **more))


def messages(session: str, times: Iterable[float], *, end: bool = True) -> list[api.PushLandmarksRequest]:
    """A whole call."""
    last = [api.PushLandmarksRequest(end=True)] if end else []
    return [start(session), *map(moment, times), *last]
