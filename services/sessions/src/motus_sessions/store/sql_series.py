"""Series and landmarks on a SQL database."""

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_sessions.projection.landmarks import COLUMNS as LANDMARK_COLUMNS
from motus_sessions.projection.records import LANDMARKS, SAMPLES
from motus_sessions.projection.rollup import STEP_US, Summary, gathered, joined, kept_names, of_kept, summary_of
from motus_sessions.projection.table import Table, empty, merge
from motus_sessions.store import series
from motus_sessions.store.database import Database, whole

_COARSE_US = 2 * STEP_US
"""Buckets from this width on are made of roll-ups; narrower ones of the samples themselves."""
Span = tuple[int | None, int | None]


class SqlSeries:
    """The part of `port.SessionStore` that reads what is measured over time."""

    _database: Database

    @whole
    async def extent(self, tenant: str, session: str, participant: str, kind: str) -> tuple[int, int] | None:
        """Times of the first and the last row of a kind of series."""
        async with self._database.read() as connection:
            return await _extent(connection, tenant, session, participant, kind)

    @whole
    async def series(
        self,
        tenant: str,
        session: str,
        participant: str,
        columns: Sequence[str],
        start_us: int | None,
        end_us: int | None,
    ) -> Table:
        """Columns of the samples from a time up to and without another."""
        async with self._database.read() as connection:
            return await _samples(connection, tenant, session, participant, columns, (start_us, end_us))

    @whole
    async def summary(
        self,
        tenant: str,
        session: str,
        participant: str,
        columns: Sequence[str],
        start_us: int | None,
        end_us: int | None,
        max_points: int,
    ) -> Summary:
        """Columns of the samples over a span in at most so many rows; the samples themselves when they are as few."""
        async with self._database.read() as connection:
            extent = await _extent(connection, tenant, session, participant, SAMPLES)
            if extent is None:
                return summary_of(empty(columns))
            first_us = max(extent[0], start_us if start_us is not None else extent[0])
            end_us = min(extent[1] + 1, end_us if end_us is not None else extent[1] + 1)
            width_us = -(-max(end_us - first_us, 1) // max_points)
            if width_us < _COARSE_US:
                table = await _samples(connection, tenant, session, participant, columns, (first_us, end_us))
                every = summary_of(table)
                return every if len(every) <= max_points else gathered(every, width_us, first_us)
            parts = await _rolled(connection, tenant, session, participant, columns, (first_us, end_us))
        # Whole steps, so that it does not show which samples are packed.
        origin_us = first_us // STEP_US * STEP_US
        steps = -(-(end_us - origin_us) // (STEP_US * max_points))
        return gathered(parts, steps * STEP_US, origin_us)

    @whole
    async def skeleton(
        self, tenant: str, session: str, participant: str, start_us: int | None, end_us: int | None, limit: int
    ) -> Table:
        """The first `limit` rows of landmarks from a time up to and without another."""
        chunks = 8
        while True:
            async with self._database.read() as connection:
                found = await series.chunks(
                    connection, tenant, session, participant, LANDMARKS, start_us, end_us, limit=chunks
                )
            if not found:
                return empty(LANDMARK_COLUMNS)
            parts = await asyncio.to_thread(series.decoded, found, LANDMARK_COLUMNS)
            # Chunks that were not read begin no earlier than the last one that was: rows before it are complete.
            complete = len(found) < chunks
            table = merge(parts).between(start_us, end_us if complete else found[-1].start_us)
            if complete or len(table) >= limit:
                return table.rows(slice(limit))
            chunks *= 4


async def _extent(
    connection: AsyncConnection, tenant: str, session: str, participant: str, kind: str
) -> tuple[int, int] | None:
    table = series.TABLES[kind]
    mine = (table.c.tenant == tenant) & (table.c.session == session) & (table.c.participant == participant)
    query = sa.select(sa.func.min(table.c.start_us), sa.func.max(table.c.end_us)).where(mine)
    first, last = (await connection.execute(query)).one()
    return None if first is None else (first, last)


async def _samples(
    connection: AsyncConnection,
    tenant: str,
    session: str,
    participant: str,
    columns: Sequence[str],
    span: Span,
    *,
    loose: bool = False,
) -> Table:
    """The rows of a span; `loose` leaves out those that are packed."""
    found = await series.chunks(connection, tenant, session, participant, SAMPLES, *span, loose=loose)
    if not found:
        return empty(columns)
    return merge(await asyncio.to_thread(series.decoded, found, columns)).between(*span)


async def _rolled(
    connection: AsyncConnection,
    tenant: str,
    session: str,
    participant: str,
    columns: Sequence[str],
    span: tuple[int, int],
) -> Summary:
    """A span in steps: roll-ups of what is packed and fills its step, the samples themselves of the rest.

    Samples that were packed before roll-ups were kept have none: then all are read.
    """
    kept = kept_names(columns)
    inner = (-(-span[0] // STEP_US) * STEP_US, span[1] // STEP_US * STEP_US)
    found = await series.chunks(connection, tenant, session, participant, series.ROLLUPS, *inner)
    rolled = merge(await asyncio.to_thread(series.decoded, found, kept)).between(*inner) if found else empty(kept)
    edges = [(span[0], inner[0]), (inner[1], span[1])] if len(rolled) else [span]
    rest = [await _samples(connection, tenant, session, participant, columns, edge) for edge in edges]
    if len(rolled):
        rest.append(await _samples(connection, tenant, session, participant, columns, inner, loose=True))
    return joined([of_kept(rolled, columns), *map(summary_of, rest)])
