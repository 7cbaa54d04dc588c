"""The service: claims sessions, plays them side by side, lets go of them when it is told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from motus.bus.v1 import control_pb2
from motus_ingest.app import IngestApp
from motus_ingest.settings import IngestSettings
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.lease import Leases
from motus_runtime.ownership import Specs

Receivers = Callable[..., Any]
MakeSpec = Callable[..., control_pb2.SessionSpec]


class Worker:
    """The service's loops, as `run_service` runs them."""

    def __init__(self, bus: Bus, settings: IngestSettings) -> None:
        self.leases, specs = Leases(bus, "ingest", 100), Specs(bus)
        self._app = IngestApp(bus, self.leases, specs, settings)
        self._loops = (self._app.run, self.leases.run, specs.run)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work."""
        self._tasks = [asyncio.create_task(loop()) for loop in self._loops]

    async def stop(self) -> None:
        """Do as `run_service` does on SIGTERM: cancel once, so that a cancellation that got lost is seen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._app.drain()
        await self.leases.close()


@pytest.fixture
async def worker(bus: Bus, settings: IngestSettings) -> AsyncIterator[Worker]:
    """A worker that is stopped after the test."""
    made = Worker(bus, settings)
    yield made
    await made.stop()


async def _store(bus: Bus, spec: control_pb2.SessionSpec) -> None:
    await bus.store(topics.spec_key(spec.session), spec, expect=0)


async def _forget(bus: Bus, session: str) -> None:
    await bus.store_raw(topics.spec_key(session), b"", {"KV-Operation": "DEL"})


async def test_a_session_is_claimed_played_and_given_back(
    bus: Bus, session: str, worker: Worker, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """A spec is all it needs; frames bear the claim's revision as their epoch, and the claim is gone afterwards."""
    receiver = receivers(session)
    await receiver.start()
    worker.start()

    await _store(bus, make_spec(make_video(frames=10)))
    await receiver.ended.wait()
    key = topics.owner_key("ingest", session)
    while (owner := await bus.last(f"KV_{topics.LEASES}", key)) is not None and owner.data:
        await bus.client.flush()
    await _forget(bus, session)

    assert receiver.seqs() == list(range(10))
    assert len({frame.ref.ingest_epoch for frame in receiver.frames}) == 1
    assert owner is not None
    assert owner.seq is not None
    assert 0 < receiver.frames[0].ref.ingest_epoch < owner.seq


async def test_hostile_sources_disturb_nobody_else(
    bus: Bus, session: str, worker: Worker, make_video: Any, make_spec: MakeSpec, receivers: Receivers, tmp_path: Path
) -> None:
    """Broken files end their own sessions while another plays to its end in the same process."""
    (tmp_path / "text.mp4").write_text("hello" * 999)
    bad = {
        f"{session}-missing": tmp_path / "missing.mp4",
        f"{session}-folder": tmp_path,
        f"{session}-text": tmp_path / "text.mp4",
        f"{session}-outside": Path("/etc/passwd"),
    }
    good, others = receivers(session), {name: receivers(name) for name in bad}
    for receiver in (good, *others.values()):
        await receiver.start()
    worker.start()

    for name, path in bad.items():
        await _store(bus, make_spec(path, session=name))
    await _store(bus, make_spec(make_video(frames=40)))
    await asyncio.gather(good.ended.wait(), *(other.ended.wait() for other in others.values()))
    for name in (session, *bad):
        await _forget(bus, name)

    assert good.seqs() == list(range(40))
    assert not good.frames[-1].end.failed
    assert all(other.frames[-1].end.failed and other.frames[-1].end.reason for other in others.values())
    assert all(other.seqs() == [] for other in others.values())


async def test_a_worker_told_to_go_leaves_its_session_to_the_next(
    bus: Bus,
    settings: IngestSettings,
    session: str,
    worker: Worker,
    make_video: Any,
    make_spec: MakeSpec,
    receivers: Receivers,
) -> None:
    """Its lease is free at once, it sends no end, and the next owner plays on under a higher epoch."""
    receiver, heir = receivers(session), Worker(bus, settings)
    await receiver.start()
    worker.start()
    await _store(bus, make_spec(make_video(frames=90), "PACING_REALTIME"))
    await receiver.has(3)

    await worker.stop()
    ended_early = receiver.ended.is_set()
    owner = await bus.last(f"KV_{topics.LEASES}", topics.owner_key("ingest", session))
    heir.start()
    await receiver.ended.wait()
    await heir.stop()
    await _forget(bus, session)

    assert not ended_early
    assert owner is not None
    assert not owner.data
    epochs = list(dict.fromkeys(frame.ref.ingest_epoch for frame in receiver.frames))
    assert len(epochs) == 2
    assert epochs[0] < epochs[1]
    assert receiver.frames[-1].end.frames == 90
