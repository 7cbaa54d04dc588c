"""Erasure on a SQL database: rows go from every table that has them, and their bytes from SQLite's files.

The directory keeps a session's id, so that what the bus brings late is known for what it is, and nobody is given the id
again.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_sessions.projection.audit import AuditEntry
from motus_sessions.store.audit import note
from motus_sessions.store.database import Database, whole
from motus_sessions.store.tables import ATHLETES, DIRECTORY, METADATA, PARTICIPANTS, SESSIONS

OF_A_SESSION = [table for table in METADATA.sorted_tables if "session" in table.c and table is not DIRECTORY]
"""Every table with rows of sessions."""
OF_A_PARTICIPANT = [table for table in OF_A_SESSION if "participant" in table.c]
"""Those of them whose rows are about one participant."""


class SqlErasure:
    """See `port.ErasureStore`, which it fulfils."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def session(self, tenant: str, session: str, entry: AuditEntry) -> bool:
        """Erase a session; false when there was none."""
        async with self._database.write() as connection:
            found = await _hold(connection, tenant, session)
            for table in OF_A_SESSION if found else ():
                await connection.execute(sa.delete(table).where(table.c.tenant == tenant, table.c.session == session))
            await note(self._database, connection, tenant, [entry] if found else [])
        await self._database.scrub()
        return found

    @whole
    async def participants(
        self, tenant: str, session: str, participants: Collection[str], entries: Sequence[AuditEntry]
    ) -> None:
        """Erase what a session has of some of its participants."""
        async with self._database.write() as connection:
            if await _hold(connection, tenant, session):
                for table in OF_A_PARTICIPANT:
                    mine = (table.c.tenant == tenant) & (table.c.session == session)
                    await connection.execute(sa.delete(table).where(mine, table.c.participant.in_(participants)))
                await note(self._database, connection, tenant, entries)
        await self._database.scrub()

    @whole
    async def athlete(self, tenant: str, athlete: str, entry: AuditEntry) -> bool:
        """Erase an athlete whom no session names."""
        named = (PARTICIPANTS.c.tenant == tenant) & (PARTICIPANTS.c.athlete == athlete)
        mine = (ATHLETES.c.tenant == tenant) & (ATHLETES.c.athlete == athlete)
        async with self._database.write() as connection:
            # Held first: a session that is to name them waits, and makes them known anew.
            await connection.execute(sa.select(ATHLETES.c.athlete).where(mine).with_for_update())
            if await connection.scalar(sa.select(sa.literal(1)).where(sa.exists().where(named))):
                return False
            await connection.execute(sa.delete(ATHLETES).where(mine))
            await note(self._database, connection, tenant, [entry])
        await self._database.scrub()
        return True


async def _hold(connection: AsyncConnection, tenant: str, session: str) -> bool:
    """Have nobody else write a session until the end of the transaction; false when there is none."""
    mine = (SESSIONS.c.tenant == tenant) & (SESSIONS.c.session == session)
    held = await connection.scalar(sa.select(SESSIONS.c.session).where(mine).with_for_update())
    return held is not None
