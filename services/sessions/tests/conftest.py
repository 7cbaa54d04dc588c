"""The service in this process with a real bus and a real gRPC port, and what other stages would say to it."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc.aio
import numpy as np
import pytest
from nats.js.errors import NotFoundError

from motus.bus.v1 import frame_pb2, landmarks_pb2, samples_pb2
from motus.v1 import event_pb2, movement_pb2, sample_pb2, session_service_pb2, session_service_pb2_grpc
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings
from motus_runtime.health import Health
from motus_runtime.lease import Leases
from motus_runtime.ownership import Specs
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.http.settings import HttpSettings
from motus_runtime.rpc.limits import LimitSettings
from motus_runtime.rpc.server_settings import ServerSettings
from motus_runtime.service import Context
from motus_sessions.app import SessionsApp, Settings
from motus_sessions.recorder import DURABLES, STREAMS
from motus_sessions.settings import SessionsSettings
from motus_sessions.store.port import SessionStore
from motus_sessions.store.sql import SqlStore
from motus_sessions.tokens import Tokens
from servers.postgres import Postgres, postgres

DEADLINE_S = 20.0
ALL = ["sessions.read", "sessions.write", "athletes.read", "athletes.write", "operator"]
# Tokens of this service, by name, with their tenants and scopes.
KEYS = {
    "owner": ("default", ALL),
    "reader": ("default", ["sessions.read"]),
    "powerless": ("default", ["nothing.at.all"]),
    "stranger": ("elsewhere", ALL),
}
START_NS = 1_700_000_000_000_000_000


@dataclass
class Running:
    """A service that runs: its parts, and a client's stub."""

    app: SessionsApp
    store: SqlStore
    health: Health
    channel: grpc.aio.Channel
    stub: "session_service_pb2_grpc.SessionServiceAsyncStub"

    def channel_of(self, token: str) -> grpc.aio.Channel:
        """A channel of somebody with a token; an empty one: without."""
        address, local = f"127.0.0.1:{self.app.server.port}", grpc.local_channel_credentials()
        if token:
            local = grpc.composite_channel_credentials(local, grpc.access_token_call_credentials(token))
        return grpc.aio.secure_channel(address, local)

    async def create(self, session: str, **wish: object) -> session_service_pb2.Session:
        """A session with a plausible source."""
        source = session_service_pb2.Source(uri="file:///videos/squat.mp4")
        request = session_service_pb2.CreateSessionRequest(
            session=session_service_pb2.Session(source=source, **wish), session_id=session
        )
        return await self.stub.CreateSession(request, timeout=DEADLINE_S)

    async def get(self, session: str) -> session_service_pb2.Session:
        """A session as it is now."""
        request = session_service_pb2.GetSessionRequest(name=f"sessions/{session}")
        return await self.stub.GetSession(request, timeout=DEADLINE_S)

    async def until_over(self, session: str) -> list[session_service_pb2.WatchSessionResponse]:
        """All that a watcher gets until the session is over."""
        request = session_service_pb2.WatchSessionRequest(name=f"sessions/{session}")
        return [response async for response in self.stub.WatchSession(request, timeout=60)]


Start = Callable[[], AbstractAsyncContextManager[Running]]


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    """The file of this test's database."""
    return tmp_path / "data" / "sessions.db"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server of this test run, which nobody pulls the plug of."""
    with postgres(fsync="off") as server:
        yield server


@pytest.fixture
def database() -> str:
    """The kind of this test's database; `both_databases` has a test run on each."""
    return "sqlite"


@pytest.fixture
def store_url(database: str, store_file: Path, request: pytest.FixtureRequest) -> str:
    """A database of this test; SQLite waits for a lock no longer than a commit takes on a busy disk."""
    if database == "sqlite":
        return f"sqlite+aiosqlite:///{store_file}?timeout=3"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.create(f"test_{secrets.token_hex(6)}")


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[SessionStore]:
    """A store on a fresh database."""
    opened = await SqlStore.open(store_url)
    yield opened
    await opened.close()


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """The file of KEYS; each token is its name, which only a test may do."""
    file = tmp_path / "keys.toml"
    file.write_text(
        "".join(
            f'[keys.{name}]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
            f'tenant = "{tenant}"\nscopes = {scopes}\n'
            for name, (tenant, scopes) in KEYS.items()
        )
    )
    return file


@pytest.fixture
def room() -> int:
    """Sessions that the workers of this test have room for."""
    return 1000


@pytest.fixture
async def workers(bus: Bus, room: int) -> AsyncIterator[dict[str, Leases]]:
    """Heartbeats of a worker each of ingest and pose, which do nothing else, by stage."""
    found = {stage: Leases(bus, stage, room) for stage in ("ingest", "pose")}
    for leases in found.values():
        leases.taking = True
        await leases.beat()
    beating = [asyncio.create_task(leases.run()) for leases in found.values()]
    yield found
    for task in beating:
        task.cancel()
    await asyncio.gather(*beating, return_exceptions=True)


@pytest.fixture
async def start(bus: Bus, nats_url: str, store_url: str, keys_file: Path, workers: dict[str, Leases]) -> Start:
    """Starts the service; twice in one test is a restart."""
    for kind, durable in DURABLES.items():
        with suppress(NotFoundError):
            await bus.jetstream.delete_consumer(STREAMS[kind], durable)

    @asynccontextmanager
    async def run() -> AsyncIterator[Running]:
        connection = await Bus.connect(BusSettings(url=nats_url), "sessions")
        health, specs = Health("127.0.0.1", 0), Specs(connection)
        leases = Leases(connection, "sessions", 1)
        context = Context(connection, health, leases, specs)
        store = await SqlStore.open(store_url)
        settings = Settings(
            SessionsSettings(),
            ServerSettings(port=0, reflection=True),
            HttpSettings(serve=True, port=0, origins="https://app.example"),
            AuthSettings(keys_file=str(keys_file)),
            LimitSettings(requests_per_s=1e6, burst=1_000_000),
        )
        app = SessionsApp(context, settings, store, Tokens(await store.token_key()))
        app.bind()
        tasks = [asyncio.create_task(loop) for loop in (app.run(), leases.run(), specs.run())]
        service = Running(app, store, health, None, None)  # type: ignore[arg-type]
        async with service.channel_of("owner") as channel:
            service.channel, service.stub = channel, session_service_pb2_grpc.SessionServiceStub(channel)
            await channel.channel_ready()
            try:
                yield service
            finally:
                for task in tasks:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                await app.drain()
                await leases.close()
                await connection.close()
                health.close()
        for result in results:
            assert isinstance(result, asyncio.CancelledError), result

    return run


@pytest.fixture
async def running(start: Start) -> AsyncIterator[Running]:
    """The service, running."""
    async with start() as service:
        yield service


class Stages:
    """Says on the bus what ingest, pose, kinematics and coach would say of a session."""

    def __init__(self, bus: Bus, session: str) -> None:
        self.bus, self.session = bus, session
        self.person = f"sessions/{session}/participants/p1"

    def ref(self, t_s: float, epoch: int = 1) -> frame_pb2.FrameRef:
        """A frame's identity; 30 frames a second."""
        return frame_pb2.FrameRef(
            session=self.session,
            ingest_epoch=epoch,
            frame_seq=round(t_s * 30),
            t_s=t_s,
            capture_time_ns=START_NS + round(t_s * 1e9),
        )

    def landmarks(self, t_s: float, *, seen: bool = True, pose_epoch: int = 1) -> landmarks_pb2.Landmarks:
        """What pose sees at a moment: every coordinate tells the time."""
        image = np.full((33, 5), t_s / 100, "<f4").tobytes()
        points = sample_pb2.LandmarkSet(
            presence_mask=2**33 - 1, image_f32=image, world_f32=np.full((33, 3), -t_s / 100, "<f4").tobytes()
        )
        person = landmarks_pb2.Person(track_id=1, participant="p1", landmarks=points, confidence=1)
        return landmarks_pb2.Landmarks(
            ref=self.ref(t_s), pose_epoch=pose_epoch, width=640, height=480, persons=[person] if seen else []
        )

    async def see(self, *times_s: float, seen: bool = True, pose_epoch: int = 1) -> None:
        """Pose stores landmarks of some moments."""
        for t_s in times_s:
            message = self.landmarks(t_s, seen=seen, pose_epoch=pose_epoch)
            await self.bus.store(topics.landmarks(self.session), message)

    async def see_end(self, t_s: float) -> None:
        """Pose says that no frame follows."""
        message = landmarks_pb2.Landmarks(ref=self.ref(t_s), pose_epoch=1, end=frame_pb2.End())
        await self.bus.store(topics.landmarks(self.session), message)

    async def measure(self, start_s: float, rows: int, **channels: Callable[[np.ndarray], np.ndarray]) -> None:
        """Kinematics stores a chunk; each channel is a function of time."""
        t_s = start_s + np.arange(rows) / 30
        series = sample_pb2.Series(participant=self.person, t_s_f64=t_s.astype("<f8").tobytes())
        for channel, law in channels.items():
            column = series.columns.add(channel=channel, values_f32=law(t_s).astype("<f4").tobytes(), grade=2)
            if law(t_s)[0] == 0:
                column.absences.add(start=0, length=1, reason=2)
        chunk = samples_pb2.SampleChunk(
            id=f"{self.session}/p1/{round(start_s * 1000)}",
            session=self.session,
            kinematics_epoch=1,
            first=self.ref(float(t_s[0])),
            last=self.ref(float(t_s[-1])),
            series=series,
        )
        await self.bus.store(topics.samples(self.session), chunk, message_id=chunk.id)

    async def say(
        self, stage: str, kind: str, ordinal: int, *, revision: int = 1, epoch: int = 1, **fields: object
    ) -> int:
        """A stage stores an event; returns its place in the stream."""
        name = f"sessions/{self.session}/events/{stage}-{kind}-p1-{ordinal}"
        event = event_pb2.Event(name=name, stage=f"STAGE_{stage.upper()}", revision=revision, **fields)
        envelope = samples_pb2.EventEnvelope(session=self.session, epoch=epoch, event=event)
        return await self.bus.store(
            topics.events(self.session, stage), envelope, message_id=f"{name}@{revision}/{epoch}"
        )

    async def count_rep(self, ordinal: int, *, revision: int = 1, state: str = "CONFIRMED", epoch: int = 1) -> int:
        """Kinematics says that a rep was done; each takes two seconds."""
        rep = movement_pb2.Rep(
            name=f"sessions/{self.session}/reps/p1-{ordinal:04d}",
            participant=self.person,
            ordinal=ordinal,
            exercise="squat",
            state=f"REP_STATE_{state}",
            revision=revision,
            start_s=2.0 * ordinal,
            end_s=2.0 * ordinal + 1.8,
        )
        return await self.say(
            "kinematics",
            "rep",
            ordinal,
            revision=revision,
            epoch=epoch,
            participant=self.person,
            t_s=2.0 * ordinal + 1.8,
            rep=rep,
        )

    async def cue(self, ordinal: int, text: str, *, revision: int = 1) -> int:
        """Coach says something."""
        cue = movement_pb2.Cue(
            name=f"sessions/{self.session}/cues/p1-{ordinal}",
            participant=self.person,
            text=text,
            revision=revision,
            t_s=float(ordinal),
        )
        return await self.say("coach", "cue", ordinal, revision=revision, participant=self.person, cue=cue)

    async def finish(self, t_s: float, *, failed: bool = False, reason: str = "") -> None:
        """All stages come to the end, coach last."""
        await self.see_end(t_s)
        for stage in ("kinematics", "coach"):
            end = event_pb2.StageEnd(stage=f"STAGE_{stage.upper()}", failed=failed, reason=reason)
            await self.say(stage, "end", 1, t_s=t_s, end=end)


@pytest.fixture
def stages(bus: Bus) -> Callable[[str], Stages]:
    """The other stages, by session."""
    return lambda session: Stages(bus, session)
