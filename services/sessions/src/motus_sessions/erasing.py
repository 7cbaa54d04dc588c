"""Erasing sessions and athletes: from the store and from the bus."""

from collections.abc import Sequence

from motus_runtime.bus import Bus
from motus_runtime.errors import FailedPreconditionError
from motus_sessions.audit import entry_of
from motus_sessions.lifecycle import Lifecycle
from motus_sessions.names import athlete_name, participant_name, session_name
from motus_sessions.projection.records import SessionRecord
from motus_sessions.store.port import SessionStore
from motus_sessions.sweeping import purge, sweep

PAGE = 500
DELETE_ATHLETE = "DeleteAthlete"


class Erasing:
    """Erases what a caller names.

    Args:
        bus: the bus.
        store: the store.
        lifecycle: knows when all of a session is stored.
    """

    def __init__(self, bus: Bus, store: SessionStore, lifecycle: Lifecycle) -> None:
        self._bus, self._store, self._lifecycle = bus, store, lifecycle

    async def session(self, tenant: str, session: str, method: str, resource: str) -> None:
        """Erase a session.

        The bus is swept first, so that whoever was cut off and finds the session still there begins anew, and again
        when the rows are gone, for what the stages said meanwhile. What they say later the recorder sweeps.

        Raises:
            RetryableError: bus or store do not answer; the session may be half erased, and the same call goes on.
        """
        await sweep(self._bus, session)
        await self._store.erasure.session(tenant, session, entry_of(method, resource))
        await sweep(self._bus, session)

    async def athlete(self, tenant: str, athlete: str) -> bool:
        """Erase an athlete with all that their sessions have of them; false when there is nothing of them.

        Raises:
            FailedPreconditionError: a session runs that is about others, too; nothing is erased, unless it began
                meanwhile.
            RetryableError: bus or store do not answer; the same call goes on.
        """
        sessions = await self._sessions_of(tenant, athlete)
        if not sessions and not await self._store.athletes.some(tenant, [athlete]):
            return False
        entry = entry_of(DELETE_ATHLETE, athlete_name(athlete))
        await self._forget_all(tenant, sessions, athlete)
        while not await self._store.erasure.athlete(tenant, athlete, entry):
            # A session that names them was created meanwhile.
            await self._forget_all(tenant, await self._sessions_of(tenant, athlete), athlete)
        return True

    async def _sessions_of(self, tenant: str, athlete: str) -> list[SessionRecord]:
        found: list[SessionRecord] = []
        behind = None
        while page := await self._store.sessions(tenant, limit=PAGE, athlete=athlete, behind=behind):
            found += page
            behind = (page[-1].create_time_ns, page[-1].session)
        return found

    async def _forget_all(self, tenant: str, sessions: Sequence[SessionRecord], athlete: str) -> None:
        for record in sessions:
            _refuse_running(record, athlete)
        for record in sessions:
            await self._forget(tenant, record, athlete)

    async def _forget(self, tenant: str, record: SessionRecord, athlete: str) -> None:
        """Erase a session, or what it has of an athlete when it is about others, too."""
        session, theirs = record.session, [one.participant for one in record.participants if one.athlete == athlete]
        if len(theirs) == len(record.participants):
            await self.session(tenant, session, DELETE_ATHLETE, session_name(session))
            return
        # All of it is stored, so nobody needs what the bus still has of it, frames with several people among it.
        await self._lifecycle.at_rest(session)
        await purge(self._bus, session)
        entries = [entry_of(DELETE_ATHLETE, participant_name(session, one)) for one in theirs]
        await self._store.erasure.participants(tenant, session, theirs, entries)


def _refuse_running(record: SessionRecord, athlete: str) -> None:
    shared = any(one.athlete != athlete for one in record.participants)
    if shared and not record.life.state.terminal:
        raise FailedPreconditionError(
            f"session {record.session} is about others too, and still runs: stop it and wait for its end",
            reason="ATHLETE_IN_SESSION",
            metadata={"session": record.session},
        )
