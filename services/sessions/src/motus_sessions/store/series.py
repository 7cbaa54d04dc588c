"""Chunks of columns within one transaction: reading them, and packing pieces into chunks of ten seconds.

Beside the packed samples their roll-up is kept, in chunks of ten minutes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_sessions.projection.records import LANDMARKS, SAMPLES
from motus_sessions.projection.rollup import STEP_US, gathered, kept, summary_of
from motus_sessions.projection.table import Table, merge
from motus_sessions.store.chunks import decode, encode_packed
from motus_sessions.store.database import Database
from motus_sessions.store.tables import LANDMARK_CHUNKS, SAMPLE_CHUNKS, SAMPLE_ROLLUPS, SESSIONS

CHUNK_US = 10_000_000
ROLLUP_US = 600_000_000
PACKED = 0
ROLLUPS = "rollups"
TABLES = {SAMPLES: SAMPLE_CHUNKS, LANDMARKS: LANDMARK_CHUNKS, ROLLUPS: SAMPLE_ROLLUPS}

Slot = tuple[str, int]
"""A participant, and where a chunk of theirs begins."""


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
    loose: bool = False,
) -> "Sequence[sa.Row[Any, Any]]":
    """Rows (start_us, body) of the chunks and pieces that have a share in a span of time, in order of their start.

    `loose` leaves out what is packed.
    """
    table = TABLES[kind]
    query = sa.select(table.c.start_us, table.c.body).where(
        table.c.tenant == tenant, table.c.session == session, table.c.participant == participant
    )
    if start_us is not None:
        query = query.where(table.c.end_us >= start_us)
    if end_us is not None:
        query = query.where(table.c.start_us < end_us)
    if loose:
        query = query.where(table.c.piece != PACKED)
    query = query.order_by(table.c.start_us, table.c.piece).limit(limit)
    return (await connection.execute(query)).all()


def decoded(found: "Sequence[sa.Row[Any, Any]]", columns: Sequence[str]) -> list[Table]:
    """The tables of such rows, each with the wanted columns alone."""
    wanted = frozenset(columns)
    return [decode(row.body, wanted).columns(columns) for row in found]


async def pack(
    database: Database, connection: AsyncConnection, tenant: str, session: str, kind: str, before_us: int | None
) -> None:
    """Merge the pieces that begin before a time into the chunks of their rows' ten seconds; None: all pieces."""
    table = TABLES[kind]
    await _lock(connection, tenant, session)
    pieces = (table.c.tenant == tenant) & (table.c.session == session) & (table.c.piece != PACKED)
    if before_us is not None:
        pieces &= table.c.start_us < before_us
    found = (await connection.execute(sa.select(table).where(pieces).order_by(table.c.start_us))).all()
    if not found:
        return
    whole = await _put(database, connection, table, tenant, session, await asyncio.to_thread(_unpacked, found))
    if kind == SAMPLES:
        await _put(database, connection, SAMPLE_ROLLUPS, tenant, session, await asyncio.to_thread(_rolled_up, whole))
    await connection.execute(sa.delete(table).where(pieces))


def _unpacked(found: "Sequence[sa.Row[Any, Any]]") -> dict[Slot, Table]:
    return _by_slot([(row.participant, decode(row.body)) for row in found], CHUNK_US)


def _rolled_up(whole: dict[Slot, Table]) -> dict[Slot, Table]:
    rolled = [(participant, kept(gathered(summary_of(one), STEP_US))) for (participant, _), one in whole.items()]
    return _by_slot(rolled, ROLLUP_US)


def _by_slot(pieces: Sequence[tuple[str, Table]], width_us: int) -> dict[Slot, Table]:
    """The rows of pieces by the chunk that they belong to."""
    of_slots: defaultdict[Slot, list[Table]] = defaultdict(list)
    for participant, piece in pieces:
        starts = piece.t_us // width_us * width_us
        for start_us in sorted(set(starts.tolist())):
            of_slots[participant, start_us].append(piece.rows(starts == start_us))
    return {slot: merge(parts) for slot, parts in of_slots.items()}


async def _put(
    database: Database,
    connection: AsyncConnection,
    table: sa.Table,
    tenant: str,
    session: str,
    new: dict[Slot, Table],
) -> dict[Slot, Table]:
    """Merge rows into the packed chunks that they belong to, and return those as they are then."""
    whole: dict[Slot, Table] = {}
    for (participant, start_us), part in new.items():
        key = {"tenant": tenant, "session": session, "participant": participant, "start_us": start_us, "piece": PACKED}
        here = sa.and_(*(table.c[name] == value for name, value in key.items()))
        before = (await connection.scalars(sa.select(table.c.body).where(here))).all()
        merged, body = await asyncio.to_thread(_merged, before, part)
        insert = database.insert(table).values(key | {"end_us": int(merged.t_us[-1]), "body": body})
        changed = {"end_us": insert.excluded.end_us, "body": insert.excluded.body}
        await connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed))
        whole[participant, start_us] = merged
    return whole


def _merged(before: Sequence[bytes], part: Table) -> tuple[Table, bytes]:
    table = merge([*(decode(body) for body in before), part])
    return table, encode_packed(table)


async def _lock(connection: AsyncConnection, tenant: str, session: str) -> None:
    """Hold a session until the end of the transaction, so that no piece comes and goes meanwhile."""
    mine = (SESSIONS.c.tenant == tenant) & (SESSIONS.c.session == session)
    await connection.execute(sa.select(SESSIONS.c.session).where(mine).with_for_update())
