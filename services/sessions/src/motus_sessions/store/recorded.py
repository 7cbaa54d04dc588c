"""What a batch of messages changes, as statements within one transaction."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_sessions.projection.fence import Fence
from motus_sessions.projection.records import Batch, CueRecord, Known, Learnt, ReportRecord, RepRecord
from motus_sessions.store import athletes, chunks, rows, series, tables
from motus_sessions.store.database import Database

_PIECES = 2**62


async def known(connection: AsyncConnection, tenant: str, sessions: Sequence[str], *, lock: bool) -> Known:
    """What the store knows of sessions; `lock` holds them until the end of the transaction."""
    table, people, fences = tables.SESSIONS, tables.PARTICIPANTS, tables.FENCES
    mine = (table.c.tenant == tenant) & table.c.session.in_(sessions)
    # Ordered, so that two writers lock in the same order.
    query = sa.select(table).where(mine).order_by(table.c.session)
    if lock:
        query = query.with_for_update()
    lives = {row["session"]: rows.life_of(row) for row in (await connection.execute(query)).mappings()}
    mine = (people.c.tenant == tenant) & people.c.session.in_(sessions)
    participants: dict[str, tuple[str, ...]] = {}
    for session, participant in await connection.execute(
        sa.select(people.c.session, people.c.participant).where(mine).order_by(people.c.place)
    ):
        participants[session] = (*participants.get(session, ()), participant)
    mine = (fences.c.tenant == tenant) & fences.c.session.in_(sessions)
    found = (await connection.execute(sa.select(fences).where(mine))).mappings()
    owners = {(row["session"], row["kind"], row["stage"]): Fence(row["epoch"], row["since"]) for row in found}
    return Known(lives, participants, owners)


async def write(database: Database, connection: AsyncConnection, tenant: str, batch: Batch) -> None:
    """Store everything that a batch changes."""
    await _write_lives(connection, tenant, batch)
    await _write_fences(database, connection, tenant, batch)
    await _write_events(database, connection, tenant, batch)
    for kind in series.TABLES:
        pieces = [
            {
                "tenant": tenant,
                "session": piece.session,
                "participant": piece.participant,
                "start_us": int(piece.table.t_us[0]),
                "end_us": int(piece.table.t_us[-1]),
                "piece": 1 + secrets.randbelow(_PIECES),
                "body": chunks.encode_raw(piece.table),
            }
            for piece in batch.pieces
            if piece.kind == kind and len(piece.table)
        ]
        if pieces:
            await connection.execute(sa.insert(series.TABLES[kind]), pieces)


async def _write_lives(connection: AsyncConnection, tenant: str, batch: Batch) -> None:
    table = tables.SESSIONS
    for session, life in batch.lives.items():
        mine = (table.c.tenant == tenant) & (table.c.session == session)
        await connection.execute(sa.update(table).where(mine).values(rows.life_row(life)))


async def _write_fences(database: Database, connection: AsyncConnection, tenant: str, batch: Batch) -> None:
    found = [
        {"tenant": tenant, "session": session, "kind": kind, "stage": stage, "epoch": fence.epoch, "since": fence.since}
        for (session, kind, stage), fence in batch.fences.items()
    ]
    if found:
        insert = database.insert(tables.FENCES)
        new = {"epoch": insert.excluded.epoch, "since": insert.excluded.since}
        keys = list(tables.FENCES.primary_key)
        await connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=new), found)


async def _write_events(database: Database, connection: AsyncConnection, tenant: str, batch: Batch) -> None:
    if not batch.events:
        return
    insert = database.insert(tables.EVENTS).on_conflict_do_nothing()
    await connection.execute(insert, [rows.event_row(tenant, event) for event in batch.events])
    parts: dict[str, list[Mapping[str, Any]]] = {"rep": [], "cue": [], "report": []}
    for event in batch.events:
        detail = event.detail
        if isinstance(detail, RepRecord):
            parts["rep"].append(rows.part_row(tenant, event.session, detail))
        elif isinstance(detail, CueRecord):
            parts["cue"].append(rows.part_row(tenant, event.session, detail))
        elif isinstance(detail, Learnt):
            await athletes.learn(connection, tenant, event.session, detail)
        elif isinstance(detail, ReportRecord):
            key = {"tenant": tenant, "session": event.session, "stage": event.stage}
            parts["report"].append(key | {"sequence": event.sequence, "body": detail.body})
    await _replace(database, connection, tables.REPS, parts["rep"], "revision")
    await _replace(database, connection, tables.CUES, parts["cue"], "revision")
    await _replace(database, connection, tables.STAGE_REPORTS, parts["report"], "sequence")


async def _replace(
    database: Database, connection: AsyncConnection, table: sa.Table, found: Sequence[Mapping[str, Any]], grows: str
) -> None:
    """Insert rows, or replace those in which the column `grows` is lower."""
    if not found:
        return
    insert = database.insert(table)
    keys = list(table.primary_key)
    new = {name: insert.excluded[name] for name in found[0] if not table.c[name].primary_key}
    newer = table.c[grows] < insert.excluded[grows]
    await connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=new, where=newer), found)
