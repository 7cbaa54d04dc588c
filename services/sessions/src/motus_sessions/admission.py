"""Admission: a session begins when the workers have room for it, and waits in a line until then.

A session that is PENDING and of which the stages do not know waits. One replica of this service lets them begin, by a
lease; all of them know who waits, from the store, and say each one's place.
"""

import asyncio
import logging
import time
from collections import Counter
from typing import Final

from prometheus_client import Gauge

from motus_runtime.errors import AlreadyExistsError, RetryableError, TooManyRequestsError
from motus_runtime.lease import Leases
from motus_runtime.ownership import Specs
from motus_sessions.lifecycle import Lifecycle
from motus_sessions.projection.life import State
from motus_sessions.projection.queue import STAGES, Waiting, admissible, places, room
from motus_sessions.projection.records import SessionRecord
from motus_sessions.store.port import SessionStore

log = logging.getLogger("motus.sessions.admission")

UNIT: Final = "admission"
LOOK_EVERY_S: Final = 5.0
LOOK_SOON_S: Final = 0.25
"""While somebody waits: room that a heartbeat tells of is seen so soon."""
RELOAD_S: Final = 2.0
HEARD_S: Final = 5.0
"""An announcement comes back from the bus within milliseconds; after this time the session has come and gone."""
RETRY_AFTER_S: Final = 5.0
WAITING: Final = Gauge("motus_sessions_waiting", "Sessions that wait until workers have room for them.")


class Admission:
    """Lets sessions begin in the order of their creation, as far as there is room.

    Args:
        store: the store.
        lifecycle: the way to the stages.
        specs: the sessions that the stages know of.
        leases: this worker's, and what it hears of others.
    """

    def __init__(self, store: SessionStore, lifecycle: Lifecycle, specs: Specs, leases: Leases) -> None:
        self._store, self._lifecycle, self._specs, self._leases = store, lifecycle, specs, leases
        self._waiting: dict[str, Waiting] = {}
        self._places: dict[str, int] = {}
        self._announced: dict[str, float] = {}
        self._letting_in = asyncio.Lock()
        self._wake = asyncio.Event()
        leases.registry.on_change(self._wake.set)

    def place(self, session: str) -> int:
        """A session's place in the line, 1 begins next; 0 when it does not wait."""
        return self._places.get(session, 0)

    def must_have_room(self) -> None:
        """Refuse who does not want to wait.

        Raises:
            TooManyRequestsError: others wait already, or all workers are full.
        """
        if self._waiting or not room(self._capacity(), self._known()):
            raise TooManyRequestsError(
                "all workers are full: try again later, or let the session wait for its turn",
                reason="NO_FREE_CAPACITY",
                retry_after_s=RETRY_AFTER_S,
            )

    async def enter(self, tenant: str, record: SessionRecord) -> None:
        """Put a new session at the end of the line, and let it begin at once when it may.

        Raises:
            AlreadyExistsError: the bus knows another session of that id.
            RetryableError: the bus does not answer.
        """
        if record.session in self._known():
            return
        self._waiting[record.session] = Waiting(record.create_time_ns, record.session, tenant)
        self._count()
        refused = await self._let_in()
        if record.session in refused:
            raise refused[record.session]

    def _leave(self, session: str) -> None:
        self._waiting.pop(session, None)
        self._count()

    async def run(self) -> None:
        """Look after the line until cancelled."""
        await self._specs.loaded.wait()
        loaded_at = float("-inf")
        while True:
            self._wake.clear()
            try:
                if time.monotonic() - loaded_at > (RELOAD_S if self._waiting else LOOK_EVERY_S):
                    await self._reload()
                    loaded_at = time.monotonic()
                await self._let_in()
            except RetryableError as error:
                log.warning("looking again: %s", error.message)
            try:
                async with asyncio.timeout(LOOK_SOON_S if self._waiting else LOOK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _reload(self) -> None:
        """Who waits by the store: also what other replicas took in, and what an earlier process left."""
        found = {
            record.session: Waiting(record.create_time_ns, record.session, tenant)
            for tenant in await self._store.tenants()
            for record in await self._store.unfinished(tenant, states=[State.PENDING])
            if record.life.outcome is None
        }
        known = self._known()
        self._waiting = {session: one for session, one in found.items() if session not in known}
        self._count()

    async def _let_in(self) -> dict[str, AlreadyExistsError]:
        """Let those begin for whom there is room; returns why some cannot."""
        refused: dict[str, AlreadyExistsError] = {}
        async with self._letting_in:
            if not self._waiting or not room(self._capacity(), self._known()) or await self._leases.claim(UNIT) is None:
                return refused
            # What another replica took in must not be overtaken.
            await self._reload()
            for one in admissible(self._waiting.values(), self._capacity(), self._known()):
                try:
                    await self._announce(one)
                except AlreadyExistsError as error:
                    log.error("session %s cannot begin: %s", one.session, error.message)
                    refused[one.session] = error
                self._leave(one.session)
        return refused

    async def _announce(self, one: Waiting) -> None:
        """Let the stages know of a session, unless it was called off or erased meanwhile."""
        record = await self._store.session(one.tenant, one.session)
        if record is not None and record.life.state is State.PENDING:
            await self._lifecycle.publish_spec(one.tenant, record)
            self._announced[one.session] = time.monotonic()

    def _known(self) -> set[str]:
        """Sessions that the stages know of, or are about to."""
        now_s, current = time.monotonic(), self._specs.current
        self._announced = {
            session: at_s
            for session, at_s in self._announced.items()
            if session not in current and now_s - at_s < HEARD_S
        }
        return {*current, *self._announced}

    def _capacity(self) -> Counter[str]:
        """Units that the living workers of each stage take in all."""
        found: Counter[str] = Counter()
        for stage in STAGES:
            for member in self._leases.registry.stage_members(stage):
                found[stage] += member.free_capacity + member.owned
        return found

    def _count(self) -> None:
        self._places = places(self._waiting.values())
        WAITING.set(len(self._waiting))
