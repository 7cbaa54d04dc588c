"""From the streams into the store: decode, ask the projection what it changes, commit, then let the bus know."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import nats.errors
import nats.js.errors

from motus.bus.v1 import landmarks_pb2, samples_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, cancellable, decode
from motus_runtime.errors import UnavailableError
from motus_runtime.follow import Stored, consume
from motus_runtime.telemetry import STAGE_EVENTS
from motus_sessions.convert import event_record, landmark_record, sample_record
from motus_sessions.projection.life import Change
from motus_sessions.projection.recording import record_events, record_landmarks, record_samples
from motus_sessions.projection.records import (
    EVENTS,
    LANDMARKS,
    SAMPLES,
    Batch,
    EventRecord,
    Known,
    LandmarkRecord,
    SampleRecord,
)
from motus_sessions.store.port import SessionStore
from motus_sessions.store.series import CHUNK_US
from motus_sessions.sweeping import sweep

STREAMS = {
    EVENTS: topics.EVENTS_STREAM,
    SAMPLES: topics.SAMPLES_STREAM,
    LANDMARKS: topics.LANDMARKS_STREAM,
}
DURABLES = {kind: f"motus-sessions-{kind}" for kind in STREAMS}


R = TypeVar("R", EventRecord, SampleRecord, LandmarkRecord)


async def acknowledged(bus: Bus, kind: str) -> int:
    """Up to and with which sequence of a stream every message is acknowledged, hence stored.

    Raises:
        UnavailableError: the bus does not answer.
    """
    try:
        info = await cancellable(bus.jetstream.consumer_info(STREAMS[kind], DURABLES[kind]))
    except nats.js.errors.NotFoundError:
        return 0
    except (nats.js.errors.Error, nats.errors.Error, TimeoutError) as error:
        raise UnavailableError(f"the message server does not answer: {type(error).__name__}") from error
    return info.ack_floor.stream_seq if info.ack_floor else 0


# Nobody waits for the stored series while the live one flows, and a transaction for each frame costs half as much as
# looking at it.
SERIES_WINDOW_S = 1.0


class Recorder:
    """Stores what the stages say.

    Args:
        bus: the bus.
        store: the store.
        moved: awaited with tenant and batch after a batch was stored that moved a session's life.
    """

    def __init__(self, bus: Bus, store: SessionStore, moved: Callable[[str, Batch], Awaitable[None]]) -> None:
        self._bus, self._store, self._moved = bus, store, moved
        self._tenants: dict[str, str] = {}
        self._packed_to: dict[tuple[str, str], int] = {}
        self.fault = ""

    async def run(self) -> None:
        """Consume all streams until cancelled."""
        async with asyncio.TaskGroup() as group:
            for kind, take, window_s in (
                (EVENTS, self._events, 0.25),
                (SAMPLES, self._samples, SERIES_WINDOW_S),
                (LANDMARKS, self._landmarks, SERIES_WINDOW_S),
            ):
                stream, subject, durable = STREAMS[kind], topics.every(kind), DURABLES[kind]
                group.create_task(consume(self._bus, stream, subject, durable, take, window_s=window_s))

    def _forget(self, session: str) -> None:
        self._tenants.pop(session, None)
        for kind in STREAMS:
            self._packed_to.pop((session, kind), None)

    async def _events(self, stored: list[Stored]) -> None:
        records = [event_record(decode(samples_pb2.EventEnvelope, one.body), one.sequence) for one in stored]
        await self._record(records, record_events)
        for record in records:
            if isinstance(record.detail, Change) and record.detail.after.terminal:
                self._forget(record.session)

    async def _samples(self, stored: list[Stored]) -> None:
        records = [sample_record(decode(samples_pb2.SampleChunk, one.body), one.sequence) for one in stored]
        await self._record(records, record_samples)

    async def _landmarks(self, stored: list[Stored]) -> None:
        records = [landmark_record(decode(landmarks_pb2.Landmarks, one.body), one.sequence) for one in stored]
        await self._record(records, record_landmarks)

    async def _record(self, records: Sequence[R], project: Callable[[Known, Iterable[R]], Batch]) -> None:
        """Store records; a store that does not answer shows in `fault`, and the bus keeps the messages in hand."""
        try:
            for tenant, mine in (await self._by_tenant(records)).items():
                sessions = sorted({record.session for record in mine})
                batch = await self._store.record(tenant, sessions, partial(_projected, project, mine))
                await self._follow_up(tenant, batch)
        except UnavailableError as error:
            self.fault = error.message
            raise
        self.fault = ""

    async def _by_tenant(self, records: Sequence[R]) -> dict[str, list[R]]:
        found: defaultdict[str, list[R]] = defaultdict(list)
        for record in sorted(records, key=lambda one: one.sequence):
            tenant = await self._tenant_of(record.session)
            if tenant is None:
                STAGE_EVENTS.labels("sessions", "messages_unknown_session").inc()
            else:
                found[tenant].append(record)
        return found

    async def _follow_up(self, tenant: str, batch: Batch) -> None:
        STAGE_EVENTS.labels("sessions", "messages_stale").inc(batch.stale)
        if batch.lives:
            await self._moved(tenant, batch)
        for session in batch.gone:
            await sweep(self._bus, session)
            self._forget(session)
        for piece in batch.pieces:
            slot = int(piece.table.t_us[0]) // CHUNK_US if len(piece.table) else 0
            if slot > self._packed_to.get((piece.session, piece.kind), 0):
                await self._store.pack(tenant, piece.session, piece.kind, slot * CHUNK_US)
                self._packed_to[piece.session, piece.kind] = slot

    async def _tenant_of(self, session: str) -> str | None:
        if session not in self._tenants:
            tenant = await self._store.tenant_of(session)
            if tenant is None:
                return None
            self._tenants[session] = tenant
        return self._tenants[session]


def _projected(project: Callable[[Known, Iterable[R]], Batch], records: Sequence[R], known: Known) -> Batch:
    return project(known, records)
