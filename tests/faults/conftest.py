"""A rig for faults: real workers as processes on the run's NATS server, several to a stage, and what they leave."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from motus.bus.v1 import control_pb2, landmarks_pb2
from motus.v1 import session_service_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow
from servers.workers import Workers, process_of

CLIPS = Path(__file__).parents[2] / "samples" / "clips"


class Rig:
    """Starts workers and ends them; tells who owns what.

    Args:
        bus: the bus that the workers use.
        url: its address.
        logs: folder for what they print.

    Attributes:
        bus: the bus.
        start: starts a worker of a stage, with further variables; returns its process id.
        close: ends all that still run.
        workers: processes by id.
    """

    def __init__(self, bus: Bus, url: str, logs: Path) -> None:
        self.bus = bus
        settings = {"MOTUS_INGEST_ROOTS": str(CLIPS), "MOTUS_COACH_BASE_URL": ""}
        self._processes = Workers(url, logs, settings)
        self.start, self.close = self._processes.start, self._processes.close
        self.workers = self._processes.processes

    async def announce(self, session: str, clip: str, exercise: str = "squat") -> None:
        """Let the stages know of a session that plays a sample clip at its own pace."""
        source = session_service_pb2.Source(uri=(CLIPS / clip).as_uri(), pacing=session_service_pb2.PACING_REALTIME)
        spec = control_pb2.SessionSpec(session=session, tenant="default", source=source, exercise=exercise, revision=1)
        spec.participants.add(id="one")
        spec.create_time_ns = time.time_ns()
        await self.bus.store(topics.spec_key(session), spec)

    async def owner(self, stage: str, unit: str) -> int:
        """Process id of the worker that owns a unit."""
        last = await self.bus.last(f"KV_{topics.LEASES}", topics.owner_key(stage, unit))
        assert last is not None
        return process_of((last.data or b"").decode())

    async def landmarks(self, session: str) -> AsyncIterator[tuple[landmarks_pb2.Landmarks, int]]:
        """What pose stored of a session, the end included, and when: Unix nanoseconds."""
        async for stored in follow(self.bus, topics.LANDMARKS_STREAM, topics.landmarks(session)):
            message = decode(landmarks_pb2.Landmarks, stored.body)
            yield message, stored.time_ns
            if message.HasField("end"):
                return


@pytest.fixture
def rig(bus: Bus, nats_url: str, tmp_path: Path) -> Iterator[Rig]:
    """Workers of this test."""
    rig = Rig(bus, nats_url, tmp_path)
    try:
        yield rig
    finally:
        rig.close()
        for log in tmp_path.glob("*.log"):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}")
