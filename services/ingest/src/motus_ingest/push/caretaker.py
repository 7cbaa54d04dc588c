"""Looks after sessions into which nobody pushes: ends those that are stopped or abandoned."""

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from motus.bus.v1 import control_pb2
from motus.v1 import ingest_service_pb2
from motus_ingest.push.alongside import alongside
from motus_ingest.push.hold import Hold, Holds
from motus_ingest.push.landmarks import PushedLandmarks
from motus_ingest.push.playing import Playing
from motus_ingest.settings import IngestSettings
from motus_ingest.stopping import stop_in
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.errors import FailedPreconditionError, MotusError
from motus_runtime.follow import follow
from motus_runtime.ownership import Specs
from motus_runtime.pushed import has_pictures, is_pushed

log = logging.getLogger("motus.ingest")

LOOK_EVERY_S: Final = 0.5
SPEC_LAG_S: Final = 60.0
"""A command may be heard before its session is."""


@dataclass(frozen=True)
class _Stop:
    """Why a user has stopped a session, and when that was heard, by the steady clock."""

    reason: str
    heard_s: float


class Caretaker:
    """Ends sessions of what is pushed that nobody else will end. Several workers may look: one of them gets the lease.

    Args:
        bus: the bus.
        holds: the sessions that are pushed into here.
        specs: the sessions that live now.
        settings: the service's.
        abandoned_s: a session into which nobody pushes for so long ends FAILED, seconds.
    """

    def __init__(self, bus: Bus, holds: Holds, specs: Specs, settings: IngestSettings, abandoned_s: float) -> None:
        self._bus, self._holds, self._specs, self._settings = bus, holds, specs, settings
        self._abandoned_s = abandoned_s
        self._free_since: dict[str, float] = {}
        self._stops: dict[str, _Stop] = {}
        self._busy: set[str] = set()
        self._over: set[str] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        await self._specs.loaded.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            while True:
                for spec in list(self._due(time.monotonic())):
                    self._busy.add(spec.session)
                    group.create_task(self._look_after(spec))
                await asyncio.sleep(LOOK_EVERY_S)

    async def _hear(self) -> None:
        """Remember whom users have stopped: who pushes hears it too, but perhaps nobody does."""
        async for stored in follow(self._bus, topics.COMMANDS_STREAM, topics.every("commands")):
            session = stored.subject.rsplit(".", 1)[1]
            if (reason := stop_in(stored.body, session)) is not None:
                self._stops[session] = _Stop(reason, time.monotonic())

    def _due(self, now_s: float) -> Iterator[control_pb2.SessionSpec]:
        current = self._specs.current
        for session in self._free_since.keys() - current.keys():
            del self._free_since[session]
        for session in self._stops.keys() - current.keys():
            if now_s - self._stops[session].heard_s > SPEC_LAG_S:
                del self._stops[session]
        self._over &= current.keys()
        for session, spec in current.items():
            if not is_pushed(spec) or session in self._busy | self._over:
                continue
            if not self._holds.is_free(session):
                self._free_since.pop(session, None)
                continue
            since_s = self._free_since.setdefault(session, now_s)
            if session in self._stops or now_s - since_s > self._abandoned_s:
                yield spec

    async def _look_after(self, spec: control_pb2.SessionSpec) -> None:
        try:
            async with self._holds.hold(spec.tenant, f"sessions/{spec.session}", spec.source.uri) as hold:
                await alongside(self._end(hold), self._holds.lost(hold))
            self._over.add(spec.session)
        except MotusError as error:
            log.info("session %s is left for now: %s", spec.session, error.message)
        finally:
            self._busy.discard(spec.session)

    async def _end(self, hold: Hold) -> None:
        stop = self._stops.get(hold.spec.session)
        reason = stop.reason if stop else ""
        failure = None if stop else f"Nothing was pushed for {self._abandoned_s:g} s."
        log.info("session %s ends: %s", hold.spec.session, reason or failure)
        if has_pictures(hold.spec):
            await Playing(self._bus, hold, self._settings).nothing(failure)
            return
        try:
            push = await PushedLandmarks.begin(self._bus, hold, ingest_service_pb2.LandmarksStart(), self._settings)
        except FailedPreconditionError:
            return  # its end is stored already
        await push.end(failure=failure, reason=reason)
