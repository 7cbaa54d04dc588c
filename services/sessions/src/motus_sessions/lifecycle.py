"""A session's life on the bus: its spec, its commands, its end once all is stored, and what a crash left half done."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from google.protobuf.message import Message

from motus.bus.v1 import control_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, ConflictError
from motus_runtime.errors import AlreadyExistsError, RetryableError
from motus_runtime.ownership import Specs
from motus_sessions.convert import change_message, spec_message
from motus_sessions.histories import histories
from motus_sessions.projection.life import Life, State, called_off, change_to, stored_all
from motus_sessions.projection.records import EVENTS, LANDMARKS, SAMPLES, Batch, Known, SessionRecord
from motus_sessions.recorder import STREAMS, acknowledged
from motus_sessions.store.port import SessionStore
from motus_sessions.sweeping import sweep, take_spec_away

log = logging.getLogger("motus.sessions.lifecycle")

ENDING_EVERY_S = 0.05
LOOK_EVERY_S = 5.0
_SPECS_STREAM = f"KV_{topics.SPECS}"


class Lifecycle:
    """Brings sessions to life and to their end.

    Args:
        bus: the bus.
        store: the store.
        specs: the sessions that the stages know of.
    """

    def __init__(self, bus: Bus, store: SessionStore, specs: Specs) -> None:
        self._bus, self._store, self._specs = bus, store, specs
        self._ending: dict[str, str] = {}
        self._wake = asyncio.Event()
        self._looked_at_s = float("-inf")
        specs.on_loss(self._look_soon)

    async def publish_spec(self, tenant: str, record: SessionRecord) -> None:
        """Let the stages know of a session; again is harmless.

        Raises:
            AlreadyExistsError: the bus knows another session of that id.
            RetryableError: the bus does not answer.
        """
        known = await histories(self._store.athletes, tenant, record)
        key, spec = topics.spec_key(record.session), spec_message(tenant, record, known)
        while (last := await self._bus.last(_SPECS_STREAM, key)) is None or not last.data:
            with suppress(ConflictError):
                await self._bus.store(key, spec, expect=last.seq or 0 if last else 0)
                return
        there = control_pb2.SessionSpec.FromString(last.data)
        if (there.tenant, there.create_time_ns) != (spec.tenant, spec.create_time_ns):
            raise AlreadyExistsError(f"the message server knows another session {record.session}")

    async def change(self, record: SessionRecord, update: control_pb2.Update) -> None:
        """Let the stages know of a change: what they begin with by the spec, when it holds from by a command.

        Raises:
            RetryableError: the bus does not answer.
        """
        await self._renew_spec(record)
        await self.command(f"update-{record.session}-{record.revision}", record.session, update=update)

    async def _renew_spec(self, record: SessionRecord) -> None:
        """Change the spec that is there, but for what replays begin with; a session that has ended has none."""
        key = topics.spec_key(record.session)
        while True:
            last = await self._bus.last(_SPECS_STREAM, key)
            spec = control_pb2.SessionSpec.FromString((last.data if last else None) or b"")
            if last is None or not spec.session or spec.revision >= record.revision:
                return
            spec.revision, spec.coach.muted = record.revision, record.muted
            with suppress(ConflictError):
                await self._bus.store(key, spec, expect=last.seq or 0)
                return

    async def stop(self, session: str, reason: str) -> None:
        """Ask the stages to end a session; the first wish counts.

        Raises:
            RetryableError: the bus does not answer.
        """
        await self.command(f"stop-{session}", session, stop=control_pb2.Stop(reason=reason))

    async def call_off(self, tenant: str, session: str, reason: str) -> None:
        """End a session that the stages do not know of yet.

        Raises:
            RetryableError: the bus does not answer.
        """
        await self._finish(tenant, session, partial(called_off, reason))

    async def command(self, name: str, session: str, **action: Message) -> None:
        """Put a command on its way, once under its name.

        Raises:
            RetryableError: the bus does not answer.
        """
        command = control_pb2.Command(id=name, session=session, time_ns=time.time_ns(), **action)  # type: ignore[arg-type]
        await self._bus.store(topics.commands(session), command, message_id=command.id)

    async def caught_up(self, session: str) -> None:
        """Wait until the events that the bus has of a session by now are stored: watchers hear of them before.

        Raises:
            RetryableError: the bus does not answer.
        """
        last = await self._bus.last(STREAMS[EVENTS], topics.events_of(session))
        while last is not None and await acknowledged(self._bus, EVENTS) < (last.seq or 0):
            await asyncio.sleep(ENDING_EVERY_S)

    async def at_rest(self, session: str) -> None:
        """Wait until nothing of a session that is over is on its way to the store any more.

        Raises:
            RetryableError: the bus does not answer.
        """
        while not await self._is_at_rest(session):
            await asyncio.sleep(ENDING_EVERY_S)

    async def _is_at_rest(self, session: str) -> bool:
        spec = await self._bus.last(_SPECS_STREAM, topics.spec_key(session))
        return not (spec and spec.data) and await self._has_stored_all(session)

    async def _has_stored_all(self, session: str) -> bool:
        for kind in STREAMS:
            if not await self._all_stored(kind, session):
                return False
        return True

    async def moved(self, tenant: str, batch: Batch) -> None:
        """Say that sessions run now, and remember those that come to their end."""
        for session, life in batch.lives.items():
            if life.outcome is not None:
                self._ending[session] = tenant
                self._wake.set()
            if session in batch.started:
                await self._announce(session, life)

    async def run(self) -> None:
        """End sessions when all of theirs is stored, and mend what was left half done, until cancelled."""
        await self._specs.loaded.wait()
        first = True
        while True:
            try:
                if time.monotonic() - self._looked_at_s > LOOK_EVERY_S:
                    await self._look_after_all(first=first)
                    self._looked_at_s, first = time.monotonic(), False
                for session, tenant in list(self._ending.items()):
                    await self._end_if_stored(tenant, session)
            except RetryableError as error:
                log.warning("looking again: %s", error.message)
                await asyncio.sleep(0.5)
            await self._pause()

    def _look_soon(self) -> None:
        self._looked_at_s = float("-inf")
        self._wake.set()

    async def _pause(self) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(ENDING_EVERY_S if self._ending else LOOK_EVERY_S):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _look_after_all(self, *, first: bool) -> None:
        unfinished = set()
        for tenant in await self._store.tenants():
            for record in await self._store.unfinished(tenant):
                unfinished.add(record.session)
                await self._look_after(tenant, record, first=first)
        for session, spec in list(self._specs.current.items()):
            if session in unfinished:
                continue
            record_or_none = await self._store.session(spec.tenant, session)
            if record_or_none is not None and record_or_none.life.state.terminal:
                await self._close(session, record_or_none.life)
            elif record_or_none is None and await self._store.tenant_of(session) == spec.tenant:
                await sweep(self._bus, session)  # erased in the moment in which it began

    async def _look_after(self, tenant: str, record: SessionRecord, *, first: bool) -> None:
        if first and record.life.state is State.RUNNING:
            await self._announce(record.session, record.life)
        if record.life.outcome is not None:
            self._ending[record.session] = tenant
        elif record.life.state is State.RUNNING and record.session not in self._specs.current:
            last = await self._bus.last(_SPECS_STREAM, topics.spec_key(record.session))
            if last is None or not last.data:
                await self._restore(tenant, record)

    async def _restore(self, tenant: str, record: SessionRecord) -> None:
        """Let the stages know again of a session that runs: the bucket of specs was lost, its streams may not be."""
        log.error("session %s has lost its spec: it is published again", record.session)
        with suppress(AlreadyExistsError):  # another session has taken its id meanwhile, which then is looked after
            await self.publish_spec(tenant, record)

    async def _end_if_stored(self, tenant: str, session: str) -> None:
        if await self._has_stored_all(session):
            await self._finish(tenant, session, stored_all)

    async def _all_stored(self, kind: str, session: str) -> bool:
        """Whether every message of a session is acknowledged, hence stored."""
        subject = {
            EVENTS: topics.events_of(session),
            SAMPLES: topics.samples(session),
            LANDMARKS: topics.landmarks(session),
        }[kind]
        last = await self._bus.last(STREAMS[kind], subject)
        return last is None or not last.seq or await acknowledged(self._bus, kind) >= last.seq

    async def _finish(self, tenant: str, session: str, step: Callable[[Life, int], Life]) -> None:
        for kind in (SAMPLES, LANDMARKS):
            await self._store.pack(tenant, session, kind, None)
        batch = await self._store.record(tenant, [session], partial(_stepped, step, time.time_ns()))
        self._ending.pop(session, None)
        if session in batch.lives:
            await self._close(session, batch.lives[session])

    async def _close(self, session: str, life: Life) -> None:
        """Say that a session is over, then take its spec away: a spec that is still there tells what is left to do."""
        await self._announce(session, life)
        await take_spec_away(self._bus, session)
        log.info("session %s is %s", session, life.state.name)

    async def _announce(self, session: str, life: Life) -> None:
        change = change_to(life)
        if change is not None:
            envelope = change_message(session, change)
            message_id = f"{envelope.event.name}@{envelope.event.revision}"
            await self._bus.store_surely(topics.events(session, "sessions"), envelope, message_id=message_id)


def _stepped(step: Callable[[Life, int], Life], now_ns: int, known: Known) -> Batch:
    """Move the lives that a step moves."""
    moved = {session: step(life, now_ns) for session, life in known.lives.items()}
    return Batch(lives={session: life for session, life in moved.items() if life != known.lives[session]})
