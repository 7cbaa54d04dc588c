"""The service's shell: a worker whose engine hangs or is broken is of no use, and others must hear of it."""

import asyncio
import contextlib
import itertools
import secrets
from typing import Any

import numpy as np
import pytest
import simplejpeg
from nats.errors import NoRespondersError

import motus_pose.app
from conftest import Serve
from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2
from motus_pose.app import PoseApp
from motus_pose.settings import PoseSettings
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.registry import Registry
from motus_runtime.service import Context

_JPEG = simplejpeg.encode_jpeg(np.full((48, 64, 3), 128, np.uint8))


def _frame(session: str, seq: int = 0) -> bytes:
    ref = frame_pb2.FrameRef(session=session, ingest_epoch=5, frame_seq=seq, t_s=seq / 30, ingest_time_ns=1)
    frame = frame_pb2.Frame(ref=ref, width=64, height=48, patches=[frame_pb2.Patch(jpeg=_JPEG)])
    return frame.SerializeToString()


async def _owner(registry: Registry, session: str, changed: asyncio.Event, *, but_for: str = "") -> str:
    """Wait until somebody other than `but_for` owns the session."""
    async with asyncio.timeout(30):
        while True:
            changed.clear()
            owner = registry.owners.get(("pose", session))
            if owner is not None and owner.worker not in ("", but_for):
                return owner.worker
            await changed.wait()


async def test_a_worker_whose_engine_hangs_is_replaced(
    bus: Bus, serve: Serve, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop beats on, but no look ends: its heartbeat stops, and another worker takes the session over."""
    monkeypatch.setattr(motus_pose.app, "HUNG_S", 0.2)
    monkeypatch.setattr(motus_pose.app, "engine_factory", lambda settings: engine.make)
    session, registry, changed = f"pose-{secrets.token_hex(6)}", Registry(bus), asyncio.Event()
    registry.on_change(changed.set)
    following = asyncio.create_task(registry.run())
    await bus.store(topics.spec_key(session), control_pb2.SessionSpec(session=session))
    contexts: list[Context] = []

    def make(context: Context) -> PoseApp:
        contexts.append(context)
        return PoseApp(context, PoseSettings())

    async with serve("pose", make):
        first = await _owner(registry, session, changed)
        engine.open.clear()
        async with serve("pose", make):
            # Sent until the owner listens, which it does a moment after its claim.
            while not engine.waiting:
                await bus.client.publish(topics.frames(session), _frame(session))
                await bus.client.flush()
            second = await _owner(registry, session, changed, but_for=first)
            hung = [context.leases.worker for context in contexts if not context.leases.working()]
            engine.open.set()
    following.cancel()

    assert second != first
    assert hung == [first]


async def _landmarks(bus: Bus, session: str) -> landmarks_pb2.Landmarks:
    """Send frames until one is seen."""
    for seq in itertools.count():
        with contextlib.suppress(NoRespondersError, TimeoutError):
            await bus.client.request(topics.frames(session), _frame(session, seq), timeout=1)
        last = await bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session))
        if last is not None:
            return decode(landmarks_pb2.Landmarks, last.data or b"")
    raise AssertionError


async def test_a_worker_whose_engine_is_broken_is_replaced(
    bus: Bus, serve: Serve, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every look fails: it is not ready any more and works no longer, and another worker sees the next frame."""
    session, contexts, ended = f"pose-{secrets.token_hex(6)}", list[Context](), asyncio.Event()
    monkeypatch.setattr(motus_pose.app, "engine_factory", lambda settings: engine.make)
    await bus.store(topics.spec_key(session), control_pb2.SessionSpec(session=session))

    class App(PoseApp):
        async def run(self) -> None:
            try:
                await super().run()
            finally:
                ended.set()

    def make(context: Context) -> PoseApp:
        contexts.append(context)
        return App(context, PoseSettings(spares=0))

    engine.broken = True
    async with serve("pose", make):
        sending = asyncio.create_task(_landmarks(bus, session))
        await ended.wait()
        faults, working = contexts[0].health.faults(), contexts[0].leases.working()
        engine.broken = False
        async with serve("pose", make):
            seen = await sending

    assert "told to fail" in faults["engine"]
    assert not working
    assert len(seen.persons) == 1


async def test_lanes_of_the_spec_are_obeyed(
    bus: Bus, serve: Serve, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is seen outside of the only participant's lane is nobody."""
    session = f"pose-{secrets.token_hex(6)}"
    monkeypatch.setattr(motus_pose.app, "engine_factory", lambda settings: engine.make)
    people = [control_pb2.ParticipantSpec(id="p1", lane={"left": 0.0, "right": 0.2})]
    await bus.store(topics.spec_key(session), control_pb2.SessionSpec(session=session, participants=people))

    async with serve("pose", lambda context: PoseApp(context, PoseSettings(spares=0))):
        seen = await _landmarks(bus, session)

    assert [person.participant for person in seen.persons] == [""]
