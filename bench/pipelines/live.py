"""Both designs on live cameras, each on a bus of its own: so many sessions for so long."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import nats
from nats.aio.msg import Msg

from fleet.fleet import announce, provisioned, session_names
from motus.bus.v1 import samples_pb2
from motus.v1 import session_service_pb2
from motus_client import Access, AsyncClient
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings
from pipelines.clip import camera
from pipelines.plain import messages
from pipelines.watching import Run, Watch, processor_ms, run_of
from servers.nats import nats_server
from servers.sessions import sessions_service
from servers.workers import workers

FPS = 30.0
BEGUN_S = 90.0
SETTLED_S = 3.0
PLAIN_WORKERS = 2
"""One for each core, as MediaPipe takes one thread."""


async def plain(sessions: int, clip: Path, seconds: float) -> Run:
    """The plain design.

    Args:
        sessions: how many.
        clip: what the cameras show.
        seconds: for how long it is measured.
    """
    names, watch = session_names(sessions), Watch()
    with tempfile.TemporaryDirectory() as folder, nats_server(Path(folder)) as url:
        bus = await nats.connect(url)

        async def hear(message: Msg) -> None:
            said = messages()["Measures"].FromString(message.data)
            watch.saw(said.session, said.ingest_ns)

        await bus.subscribe("plain.measures.*", cb=hear)
        shares = [names[number::PLAIN_WORKERS] for number in range(PLAIN_WORKERS)]
        roles = [("sink", names), *(("worker", share) for share in shares if share)]
        commands = [(role, "--nats", url, *part) for role, part in roles]
        commands.append(("source", "--nats", url, "--clip", str(clip), "--fps", str(FPS), *names))
        with _processes([("pipelines.plain", *command) for command in commands]):
            found = await _measured(watch, names, seconds)
        await bus.close()
    return found


async def motus(sessions: int, clip: Path, seconds: float, *, full: bool = False, precision: str = "f32") -> Run:
    """Motus: ingest's parts in the cameras, pose, kinematics; with `full` coach and sessions too.

    Args:
        sessions: how many.
        clip: what the cameras show.
        seconds: for how long it is measured.
        full: whether every service is there.
        precision: of pose's network.
    """
    watch, names = Watch(), session_names(sessions)
    async with _services(names, watch, full=full, precision=precision) as url:
        with _processes([("fleet.live", "--nats", url, "--clip", str(clip), "--fps", str(FPS), *names)]):
            return await _measured(watch, names, seconds)


@asynccontextmanager
async def _services(names: Sequence[str], watch: Watch, *, full: bool, precision: str) -> AsyncIterator[str]:
    """The services at work on sessions that are announced, and who sees what comes of them; gives the bus's URL."""
    many = {"MOTUS_POSE_CAPACITY": str(len(names)), "MOTUS_POSE_PEOPLE": "1", "MOTUS_POSE_PRECISION": precision}
    many["MOTUS_COACH_BASE_URL"] = ""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(nats_server(folder / "nats"))
        processes = stack.enter_context(workers(url, folder, **many))
        bus = await Bus.connect(BusSettings(url=url), "bench")
        stack.push_async_callback(bus.close)
        await provisioned(bus, 1)

        def hear(message: Msg) -> None:
            live = samples_pb2.Live.FromString(message.data)
            if live.HasField("sample"):
                watch.saw(live.session, live.ref.ingest_time_ns)

        await bus.listen(topics.every("live"), hear)
        if full:
            (folder / "sessions").mkdir()
            service = stack.enter_context(sessions_service(folder / "sessions", url))
            await _created(service.address, service.token, names)
        await announce(bus, names)
        for stage in ("pose", "kinematics", *(("coach",) if full else ())):
            processes.start(stage)
        yield url


async def _created(address: str, token: str, names: Sequence[str]) -> None:
    """The sessions service knows the sessions, as it would had it begun them."""
    async with AsyncClient(address, Access(token=token)) as client:
        for name in names:
            source = session_service_pb2.Source(uri="file:///camera")
            await client.create_session(session_service_pb2.Session(source=source, exercise="squat"), session_id=name)


async def _measured(watch: Watch, names: list[str], seconds: float) -> Run:
    """Wait until every session has results, and some more, then watch for a while."""
    async with asyncio.timeout(BEGUN_S):
        while len(watch.results) < len(names):
            await asyncio.sleep(0.1)
    await asyncio.sleep(SETTLED_S)
    watch.clear()
    before, began = processor_ms(), time.monotonic()
    await asyncio.sleep(seconds)
    passed_s, used = time.monotonic() - began, processor_ms()
    used.subtract(before)
    return run_of(watch, names, passed_s, FPS, Counter({part: ms for part, ms in used.items() if ms > 0}))


@contextmanager
def _processes(commands: Sequence[tuple[str, ...]]) -> Iterator[None]:
    """Processes that end with the block."""
    running = [camera(*command) for command in commands]
    try:
        yield
    finally:
        for process in running:
            process.communicate()
