"""Chunks of columns within one transaction: reading them, and packing pieces into chunks of ten seconds."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_sessions.projection.records import LANDMARKS, SAMPLES
from motus_sessions.projection.table import Table, merge
from motus_sessions.store.chunks import decode, encode_packed
from motus_sessions.store.database import Database
from motus_sessions.store.tables import LANDMARK_CHUNKS, SAMPLE_CHUNKS, SESSIONS

CHUNK_US = 10_000_000
PACKED = 0
TABLES = {SAMPLES: SAMPLE_CHUNKS, LANDMARKS: LANDMARK_CHUNKS}


async def chunks(
    connection: AsyncConnection,
    tenant: str,
    session: str,
    participant: str,
    kind: str,
    start_us: int | None,
    end_us: int | None,
    *,
    limit: int | None = None,
) -> "Sequence[sa.Row[Any, Any]]":
    """Rows (start_us, body) of the chunks and pieces that have a share in a span of time, in order of their start."""
    table = TABLES[kind]
    query = sa.select(table.c.start_us, table.c.body).where(
        table.c.tenant == tenant, table.c.session == session, table.c.participant == participant
    )
    if start_us is not None:
        query = query.where(table.c.end_us >= start_us)
    if end_us is not None:
        query = query.where(table.c.start_us < end_us)
    query = query.order_by(table.c.start_us, table.c.piece).limit(limit)
    return (await connection.execute(query)).all()


def decoded(found: "Sequence[sa.Row[Any, Any]]", columns: Sequence[str]) -> list[Table]:
    """The tables of such rows, each with the wanted columns alone."""
    return [decode(row.body).columns(columns) for row in found]


async def pack(
    database: Database, connection: AsyncConnection, tenant: str, session: str, kind: str, before_us: int | None
) -> None:
    """Merge the pieces that begin before a time into the chunk of their ten seconds; None: all pieces."""
    table = TABLES[kind]
    await _lock(connection, tenant, session)
    mine = (table.c.tenant == tenant) & (table.c.session == session)
    pieces = mine & (table.c.piece != PACKED)
    if before_us is not None:
        pieces &= table.c.start_us < before_us
    found = (await connection.execute(sa.select(table).where(pieces).order_by(table.c.start_us))).all()
    slots: defaultdict[tuple[str, int], list[bytes]] = defaultdict(list)
    for row in found:
        slots[row.participant, row.start_us // CHUNK_US * CHUNK_US].append(row.body)
    for (participant, start_us), bodies in slots.items():
        here = mine & (table.c.participant == participant) & (table.c.start_us == start_us) & (table.c.piece == PACKED)
        before = (await connection.scalars(sa.select(table.c.body).where(here))).all()
        body, end_us = await asyncio.to_thread(_packed, [*before, *bodies])
        key = {"tenant": tenant, "session": session, "participant": participant, "start_us": start_us, "piece": PACKED}
        insert = database.insert(table).values(key | {"end_us": end_us, "body": body})
        new = {"end_us": insert.excluded.end_us, "body": insert.excluded.body}
        await connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new))
    if found:
        await connection.execute(sa.delete(table).where(pieces))


def _packed(bodies: Sequence[bytes]) -> tuple[bytes, int]:
    table = merge([decode(body) for body in bodies])
    return encode_packed(table), int(table.t_us[-1])


async def _lock(connection: AsyncConnection, tenant: str, session: str) -> None:
    """Hold a session until the end of the transaction, so that no piece comes and goes meanwhile."""
    mine = (SESSIONS.c.tenant == tenant) & (SESSIONS.c.session == session)
    await connection.execute(sa.select(SESSIONS.c.session).where(mine).with_for_update())
