"""Retention on a SQL database: what has expired goes, a bounded batch of one session in a transaction."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_sessions.projection.life import State
from motus_sessions.projection.records import LANDMARKS, MEASURES
from motus_sessions.store.database import Database, whole
from motus_sessions.store.tables import (
    CUES,
    EVENTS,
    LANDMARK_CHUNKS,
    REPS,
    SAMPLE_CHUNKS,
    SAMPLE_ROLLUPS,
    SESSIONS,
    STAGE_REPORTS,
)

BATCH = 500
"""Rows: chunks are up to 100 kB, and a transaction must not keep the recorder waiting."""
KEPT_FOR = {LANDMARKS: SESSIONS.c.landmarks_retention_s, MEASURES: SESSIONS.c.measures_retention_s}
OF_A_KIND: dict[str, Sequence[sa.Table]] = {
    LANDMARKS: (LANDMARK_CHUNKS,),
    MEASURES: (SAMPLE_CHUNKS, SAMPLE_ROLLUPS, EVENTS, REPS, CUES, STAGE_REPORTS),
}
SECOND_NS = 1_000_000_000
_TERMINAL = [int(state) for state in State if state.terminal]


class SqlRetention:
    """See `port.RetentionStore`, which it fulfils."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def expire(self, tenant: str, kind: str, default_s: float | None, now_ns: int) -> int:
        """Remove a batch of what has expired."""
        for table in OF_A_KIND[kind]:
            async with self._database.write() as connection:
                session = await _expired(connection, tenant, table, kind, default_s, now_ns)
                if session is not None:
                    return await _remove(connection, tenant, table, session)
        return 0


async def _expired(
    connection: AsyncConnection, tenant: str, table: sa.Table, kind: str, default_s: float | None, now_ns: int
) -> str | None:
    """A session of which a table has rows that have expired, held until the end of the transaction."""
    own = KEPT_FOR[kind]
    kept_s = own if default_s is None else sa.func.coalesce(own, default_s)
    rows = sa.exists().where(table.c.tenant == tenant, table.c.session == SESSIONS.c.session)
    query = sa.select(SESSIONS.c.session).where(
        SESSIONS.c.tenant == tenant,
        SESSIONS.c.state.in_(_TERMINAL),
        SESSIONS.c.end_time_ns + kept_s * SECOND_NS < now_ns,
        rows,
    )
    found: str | None = await connection.scalar(query.limit(1).with_for_update())
    return found


async def _remove(connection: AsyncConnection, tenant: str, table: sa.Table, session: str) -> int:
    key = list(table.primary_key)
    mine = (table.c.tenant == tenant) & (table.c.session == session)
    batch = sa.select(*key).where(mine).limit(BATCH)
    removed = await connection.execute(sa.delete(table).where(mine, sa.tuple_(*key).in_(batch)))
    return int(removed.rowcount)
