"""The audit log on a SQL database; rows are added and, when they have grown old, removed, never changed."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_sessions.projection.audit import AuditEntry
from motus_sessions.store.database import Database, whole
from motus_sessions.store.tables import AUDIT

DAY_NS = 86_400 * 1_000_000_000


class SqlAudit:
    """See `port.AuditStore`, which it fulfils."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def write(self, tenant: str, entries: Sequence[AuditEntry]) -> None:
        """Write entries down, each once."""
        async with self._database.write() as connection:
            await note(self._database, connection, tenant, entries)

    @whole
    async def page(self, tenant: str, *, after: tuple[int, int], limit: int) -> list[AuditEntry]:
        """Entries behind a time and number, oldest first."""
        place = sa.tuple_(AUDIT.c.time_ns, AUDIT.c.entry)
        query = sa.select(AUDIT).where(AUDIT.c.tenant == tenant, place > sa.tuple_(*map(sa.literal, after)))
        query = query.order_by(AUDIT.c.time_ns, AUDIT.c.entry).limit(limit)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings()
            return [AuditEntry(**{name: value for name, value in row.items() if name != "tenant"}) for row in found]

    async def trim(self, tenant: str, before_ns: int) -> None:
        """Remove entries from before a time, no more than a day's in one transaction, which must not take long."""
        while await self._trim_a_day(tenant, before_ns):
            pass

    @whole
    async def _trim_a_day(self, tenant: str, before_ns: int) -> bool:
        """Remove a day's entries, the oldest; false when there is nothing to remove."""
        old = (AUDIT.c.tenant == tenant) & (AUDIT.c.time_ns < before_ns)
        async with self._database.write() as connection:
            oldest_ns = await connection.scalar(sa.select(sa.func.min(AUDIT.c.time_ns)).where(old))
            if oldest_ns is None:
                return False
            await connection.execute(sa.delete(AUDIT).where(old, AUDIT.c.time_ns < oldest_ns + DAY_NS))
        return True

    @whole
    async def tenants(self) -> list[str]:
        """Everyone of whom there is an entry."""
        async with self._database.read() as connection:
            return list(await connection.scalars(sa.select(AUDIT.c.tenant).distinct()))


async def note(database: Database, connection: AsyncConnection, tenant: str, entries: Sequence[AuditEntry]) -> None:
    """Write entries down within a transaction."""
    if entries:
        insert = database.insert(AUDIT).on_conflict_do_nothing()
        await connection.execute(insert, [{"tenant": tenant} | vars(entry) for entry in entries])
