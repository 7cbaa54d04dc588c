"""The store on a SQL database: SQLite by default, the same statements for PostgreSQL."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_runtime.errors import AlreadyExistsError
from motus_sessions.projection.life import State
from motus_sessions.projection.records import (
    Batch,
    CueRecord,
    EventRecord,
    Known,
    ParticipantRecord,
    RepRecord,
    SessionRecord,
    Wishes,
)
from motus_sessions.store import athletes, recorded, rows, series, tables
from motus_sessions.store.athletes import SqlAthletes
from motus_sessions.store.audit import SqlAudit
from motus_sessions.store.database import POOL_SIZE, TIMEOUT_S, Database, whole
from motus_sessions.store.erasure import SqlErasure
from motus_sessions.store.one import read_session
from motus_sessions.store.port import AthleteStore, AuditStore, ErasureStore, RetentionStore
from motus_sessions.store.retention import SqlRetention
from motus_sessions.store.sql_series import SqlSeries

_PAGE = 1000
"""Sessions that one statement names at most: databases bound the parameters of one."""


class SqlStore(SqlSeries):
    """See `port.SessionStore`, which it fulfils."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.athletes: AthleteStore = SqlAthletes(database)
        self.audit: AuditStore = SqlAudit(database)
        self.erasure: ErasureStore = SqlErasure(database)
        self.retention: RetentionStore = SqlRetention(database)

    @classmethod
    async def open(cls, url: str, *, pool_size: int = POOL_SIZE, timeout_s: float = TIMEOUT_S) -> "SqlStore":
        """Open the database at a SQLAlchemy URL and bring its schema up to date.

        Args:
            url: `sqlite+aiosqlite:///file` or `postgresql://user@host/database`.
            pool_size: connections to PostgreSQL.
            timeout_s: how long PostgreSQL may take for a transaction.

        Raises:
            UnavailableError: it does not answer.
            SettingsError: nothing here opens such a URL.
        """
        return cls(await Database.open(url, pool_size, timeout_s))

    async def close(self) -> None:
        """Give the connections back."""
        await self._database.close()

    @whole
    async def ping(self) -> None:
        """Ask the database for a sign of life."""
        async with self._database.read() as connection:
            await connection.execute(sa.select(1))

    @whole
    async def token_key(self) -> bytes:
        """The key that tokens are signed with."""
        meta = tables.META
        async with self._database.write() as connection:
            mine = {"name": "token_key", "value": secrets.token_bytes(32)}
            await connection.execute(self._database.insert(meta).on_conflict_do_nothing(), [mine])
            key = await connection.scalar(sa.select(meta.c.value).where(meta.c.name == "token_key"))
        return bytes(key or b"")

    @whole
    async def tenants(self) -> list[str]:
        """Everyone who has a session."""
        async with self._database.read() as connection:
            found = await connection.scalars(sa.select(tables.DIRECTORY.c.tenant).distinct())
        return list(found)

    @whole
    async def tenant_of(self, session: str) -> str | None:
        """Whose a session is."""
        directory = tables.DIRECTORY
        async with self._database.read() as connection:
            return await connection.scalar(sa.select(directory.c.tenant).where(directory.c.session == session))

    @whole
    async def create(self, tenant: str, record: SessionRecord) -> SessionRecord:
        """Keep a new session, or return that of the same request."""
        async with self._database.write() as connection:
            first = await self._of_request(connection, tenant, record)
            if first is not None:
                return first
            if not await self._claim(connection, tables.SESSIONS, rows.session_row(tenant, record)):
                # Another transaction was faster, and is committed: with this request, or with another of this id.
                first = await self._of_request(connection, tenant, record)
                return first or _refuse(record.session)
            if not await self._claim(connection, tables.DIRECTORY, {"session": record.session, "tenant": tenant}):
                _refuse(record.session)
            await connection.execute(sa.insert(tables.PARTICIPANTS), rows.participant_rows(tenant, record))
            named = {one.athlete for one in record.participants if one.athlete}
            await athletes.make_known(self._database, connection, tenant, sorted(named), record.create_time_ns)
        return record

    @whole
    async def of_request(self, tenant: str, record: SessionRecord) -> SessionRecord | None:
        """The session of the same request."""
        async with self._database.read() as connection:
            return await self._of_request(connection, tenant, record)

    @whole
    async def session(self, tenant: str, session: str) -> SessionRecord | None:
        """One session."""
        async with self._database.read() as connection:
            return await read_session(connection, tenant, session)

    @whole
    async def sessions(
        self,
        tenant: str,
        *,
        limit: int,
        states: Sequence[State] = (),
        athlete: str = "",
        created: tuple[int | None, int | None] = (None, None),
        oldest_first: bool = False,
        behind: tuple[int, str] | None = None,
    ) -> list[SessionRecord]:
        """Sessions in order of their creation."""
        table, people = tables.SESSIONS, tables.PARTICIPANTS
        wanted: list[sa.ColumnElement[bool]] = []
        if states:
            wanted.append(table.c.state.in_([int(state) for state in states]))
        if athlete:
            bound = (people.c.tenant == tenant) & (people.c.athlete == athlete)
            wanted.append(table.c.session.in_(sa.select(people.c.session).where(bound)))
        first_ns, end_ns = created
        if first_ns is not None:
            wanted.append(table.c.create_time_ns >= first_ns)
        if end_ns is not None:
            wanted.append(table.c.create_time_ns < end_ns)
        if behind:
            place, last = sa.tuple_(table.c.create_time_ns, table.c.session), sa.tuple_(*map(sa.literal, behind))
            wanted.append(place > last if oldest_first else place < last)
        async with self._database.read() as connection:
            return await self._select(connection, tenant, *wanted, limit=limit, oldest_first=oldest_first)

    @whole
    async def change(self, tenant: str, session: str, wishes: Wishes) -> SessionRecord | None:
        """Change a session that is not terminal."""
        table = tables.SESSIONS
        open_states = [int(state) for state in State if not state.terminal]
        mine = (table.c.tenant == tenant) & (table.c.session == session) & table.c.state.in_(open_states)
        wished = {"wished_exercise": wishes.exercise, "muted": wishes.muted, "in_set": wishes.in_set}
        new = {name: value for name, value in wished.items() if value is not None}
        async with self._database.write() as connection:
            update = sa.update(table).where(mine).values(revision=table.c.revision + 1, **new)
            if not (await connection.execute(update)).rowcount:
                return None
            return (await self._select(connection, tenant, table.c.session == session))[0]

    async def unfinished(
        self, tenant: str, *, states: Sequence[State] = (State.PENDING, State.RUNNING)
    ) -> list[SessionRecord]:
        """Sessions that are not terminal."""
        found: list[SessionRecord] = []
        behind = None
        while True:
            page = await self.sessions(tenant, limit=_PAGE, states=states, behind=behind)
            found += page
            if len(page) < _PAGE:
                return found
            behind = (page[-1].create_time_ns, page[-1].session)

    @whole
    async def known(self, tenant: str, sessions: Sequence[str]) -> Known:
        """What is known of sessions."""
        async with self._database.read() as connection:
            return await recorded.known(connection, tenant, sessions, lock=False)

    @whole
    async def record(self, tenant: str, sessions: Sequence[str], step: Callable[[Known], Batch]) -> Batch:
        """Read what is known, let `step` say what changes, store all of it."""
        async with self._database.write() as connection:
            batch = step(await recorded.known(connection, tenant, sessions, lock=True))
            await recorded.write(self._database, connection, tenant, batch)
        return batch

    @whole
    async def pack(self, tenant: str, session: str, kind: str, before_us: int | None) -> None:
        """Pack the pieces of a session that begin before a time into chunks."""
        async with self._database.write() as connection:
            await series.pack(self._database, connection, tenant, session, kind, before_us)

    @whole
    async def events(
        self,
        tenant: str,
        session: str,
        *,
        after: int,
        limit: int,
        participant: str = "",
        newest_only: bool = False,
    ) -> list[EventRecord]:
        """Events behind a sequence, in its order."""
        table = tables.EVENTS
        query = _of(table, tenant, session).where(table.c.sequence > after).order_by(table.c.sequence).limit(limit)
        if participant:
            query = query.where(table.c.participant == participant)
        if newest_only:
            later = table.alias()
            same = (later.c.tenant == tenant) & (later.c.session == session) & (later.c.event == table.c.event)
            query = query.where(~sa.exists().where(same & (later.c.revision > table.c.revision)))
        async with self._database.read() as connection:
            return [rows.event_of(row) for row in (await connection.execute(query)).mappings()]

    @whole
    async def revisions(self, tenant: str, session: str, up_to: int) -> set[tuple[str, int]]:
        """Event ids and revisions up to and with a sequence."""
        table = tables.EVENTS
        mine = (table.c.tenant == tenant) & (table.c.session == session) & (table.c.sequence <= up_to)
        async with self._database.read() as connection:
            found = await connection.execute(sa.select(table.c.event, table.c.revision).where(mine))
        return {(event, revision) for event, revision in found}

    @whole
    async def reps(
        self,
        tenant: str,
        session: str,
        *,
        limit: int,
        after: tuple[float, str] | None = None,
        participant: str = "",
        include_uncounted: bool = False,
    ) -> list[RepRecord]:
        """Reps in order of start and id."""
        table = tables.REPS
        query = _page(table, tenant, session, (table.c.start_s, table.c.rep), after, participant, limit)
        if not include_uncounted:
            query = query.where(table.c.counted)
        async with self._database.read() as connection:
            return [rows.part_of(RepRecord, row) for row in (await connection.execute(query)).mappings()]

    @whole
    async def rep(self, tenant: str, session: str, rep: str) -> RepRecord | None:
        """One rep."""
        query = _of(tables.REPS, tenant, session).where(tables.REPS.c.rep == rep)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else rows.part_of(RepRecord, row)

    @whole
    async def cues(
        self,
        tenant: str,
        session: str,
        *,
        limit: int,
        after: tuple[float, str] | None = None,
        participant: str = "",
    ) -> list[CueRecord]:
        """Cues in order of time and id."""
        table = tables.CUES
        query = _page(table, tenant, session, (table.c.t_s, table.c.cue), after, participant, limit)
        async with self._database.read() as connection:
            return [rows.part_of(CueRecord, row) for row in (await connection.execute(query)).mappings()]

    @whole
    async def judge_cue(
        self, tenant: str, session: str, cue: str, *, dismissed: bool | None = None, rating: int | None = None
    ) -> CueRecord | None:
        """Keep what the athlete thinks of a cue."""
        table = tables.CUES
        mine = (table.c.tenant == tenant) & (table.c.session == session) & (table.c.cue == cue)
        new = {name: value for name, value in (("dismissed", dismissed), ("rating", rating)) if value is not None}
        async with self._database.write() as connection:
            await connection.execute(sa.update(table).where(mine).values(new))
            row = (await connection.execute(sa.select(table).where(mine))).mappings().first()
        return None if row is None else rows.part_of(CueRecord, dict(row))

    async def _claim(self, connection: AsyncConnection, table: sa.Table, row: dict[str, Any]) -> bool:
        """Insert a row; false when another has one of its unique keys."""
        insert = self._database.insert(table).values(row).on_conflict_do_nothing()
        return bool((await connection.execute(insert)).rowcount)

    async def _of_request(
        self, connection: AsyncConnection, tenant: str, record: SessionRecord
    ) -> SessionRecord | None:
        if not record.request_id:
            return None
        found = await self._select(connection, tenant, tables.SESSIONS.c.request_id == record.request_id)
        if found and found[0].request_digest != record.request_digest:
            raise AlreadyExistsError(
                "request_id was used before, for another request",
                reason="REQUEST_ID_REUSED",
                metadata={"request_id": record.request_id},
            )
        return found[0] if found else None

    async def _select(
        self,
        connection: AsyncConnection,
        tenant: str,
        *wanted: "sa.ColumnElement[bool]",
        limit: int = 1,
        oldest_first: bool = False,
    ) -> list[SessionRecord]:
        table = tables.SESSIONS
        query = sa.select(table).where(table.c.tenant == tenant, *wanted).limit(limit)
        order = (table.c.create_time_ns, table.c.session)
        query = query.order_by(*order if oldest_first else (column.desc() for column in order))
        found = (await connection.execute(query)).mappings().all()
        ids = [row["session"] for row in found]
        people, reports = await _people(connection, tenant, ids), await _reports(connection, tenant, ids)
        counts = await _rep_counts(connection, tenant, ids)
        return [
            rows.session_of(row, people[session], reports[session], counts.get(session, 0))
            for session, row in zip(ids, found, strict=True)
        ]


def _refuse(session: str) -> NoReturn:
    raise AlreadyExistsError(
        f"there is or was a session {session}", reason="SESSION_EXISTS", metadata={"session": session}
    )


def _of(table: sa.Table, tenant: str, session: str) -> "sa.Select[Any]":
    return sa.select(table).where(table.c.tenant == tenant, table.c.session == session)


def _page(
    table: sa.Table,
    tenant: str,
    session: str,
    order: "tuple[sa.Column[Any], sa.Column[Any]]",
    after: tuple[float, str] | None,
    participant: str,
    limit: int,
) -> "sa.Select[Any]":
    query = _of(table, tenant, session).order_by(*order).limit(limit)
    if participant:
        query = query.where(table.c.participant == participant)
    if after:
        query = query.where(sa.tuple_(*order) > sa.tuple_(*map(sa.literal, after)))
    return query


async def _people(
    connection: AsyncConnection, tenant: str, sessions: Sequence[str]
) -> defaultdict[str, list[ParticipantRecord]]:
    table = tables.PARTICIPANTS
    mine = (table.c.tenant == tenant) & table.c.session.in_(sessions)
    found: defaultdict[str, list[ParticipantRecord]] = defaultdict(list)
    for row in (await connection.execute(sa.select(table).where(mine).order_by(table.c.place))).mappings():
        found[row["session"]].append(rows.participant_of(row))
    return found


async def _reports(connection: AsyncConnection, tenant: str, sessions: Sequence[str]) -> defaultdict[str, list[bytes]]:
    table = tables.STAGE_REPORTS
    mine = (table.c.tenant == tenant) & table.c.session.in_(sessions)
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for session, body in await connection.execute(sa.select(table.c.session, table.c.body).where(mine)):
        found[session].append(body)
    return found


async def _rep_counts(connection: AsyncConnection, tenant: str, sessions: Sequence[str]) -> dict[str, int]:
    table = tables.REPS
    mine = (table.c.tenant == tenant) & table.c.session.in_(sessions) & table.c.counted
    query = sa.select(table.c.session, sa.func.count()).where(mine).group_by(table.c.session)
    return {row[0]: row[1] for row in await connection.execute(query)}
