"""Athletes on a SQL database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_runtime.errors import AlreadyExistsError
from motus_sessions.projection.athletes import AthleteRecord
from motus_sessions.projection.records import Learnt
from motus_sessions.store.database import Database, whole
from motus_sessions.store.tables import ATHLETES, PARTICIPANTS, REPS, SESSIONS


class SqlAthletes:
    """See `port.AthleteStore`, which it fulfils."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def create(self, tenant: str, record: AthleteRecord) -> AthleteRecord:
        """Keep a new athlete."""
        async with self._database.write() as connection:
            if not await _add(self._database, connection, tenant, [record]):
                raise AlreadyExistsError(f"athlete {record.athlete} exists", reason="ATHLETE_EXISTS")
        return record

    @whole
    async def some(self, tenant: str, athletes: Collection[str]) -> list[AthleteRecord]:
        """Those of the athletes that there are."""
        query = sa.select(ATHLETES).where(ATHLETES.c.tenant == tenant, ATHLETES.c.athlete.in_(athletes))
        return await self._read(query)

    @whole
    async def page(self, tenant: str, *, after: str, limit: int) -> list[AthleteRecord]:
        """Athletes behind an id, in its order."""
        mine = (ATHLETES.c.tenant == tenant) & (ATHLETES.c.athlete > after)
        return await self._read(sa.select(ATHLETES).where(mine).order_by(ATHLETES.c.athlete).limit(limit))

    @whole
    async def change(self, tenant: str, athlete: str, new: Mapping[str, Any]) -> AthleteRecord | None:
        """Change fields of an athlete; None when there is none such."""
        mine = (ATHLETES.c.tenant == tenant) & (ATHLETES.c.athlete == athlete)
        async with self._database.write() as connection:
            await connection.execute(sa.update(ATHLETES).where(mine).values(**new))
            row = (await connection.execute(sa.select(ATHLETES).where(mine))).mappings().first()
        return None if row is None else _record(row)

    @whole
    async def reps(self, tenant: str, athlete: str, limit: int) -> Sequence[tuple[str, int, bytes]]:
        """Session, its creation time and message of an athlete's latest counted repetitions, newest session first."""
        session_of, person_of = REPS.c.session, PARTICIPANTS.c
        query = (
            sa.select(session_of, SESSIONS.c.create_time_ns, REPS.c.body)
            .join(PARTICIPANTS, (person_of.tenant == REPS.c.tenant) & (person_of.session == session_of))
            .join(SESSIONS, (SESSIONS.c.tenant == REPS.c.tenant) & (SESSIONS.c.session == session_of))
            .where(REPS.c.tenant == tenant, person_of.athlete == athlete, person_of.participant == REPS.c.participant)
            .where(REPS.c.counted)
            .order_by(SESSIONS.c.create_time_ns.desc(), REPS.c.start_s.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.execute(query)]

    async def _read(self, query: "sa.Select[Any]") -> list[AthleteRecord]:
        async with self._database.read() as connection:
            return [_record(row) for row in (await connection.execute(query)).mappings()]


async def make_known(
    database: Database, connection: AsyncConnection, tenant: str, athletes: Collection[str], now_ns: int
) -> None:
    """Keep the athletes that a session names, where there are none of these ids yet."""
    # Held until the session is there, too: who erases one of them then finds it.
    mine = (ATHLETES.c.tenant == tenant) & ATHLETES.c.athlete.in_(athletes)
    await connection.execute(sa.select(ATHLETES.c.athlete).where(mine).order_by(ATHLETES.c.athlete).with_for_update())
    new = [AthleteRecord(athlete, create_time_ns=now_ns, update_time_ns=now_ns) for athlete in athletes]
    if new:
        await _add(database, connection, tenant, new)


async def learn(connection: AsyncConnection, tenant: str, session: str, learnt: Learnt) -> None:
    """Keep what was learnt of participants with the athletes that they are bound to."""
    for participant, profile in learnt.profiles.items():
        person = PARTICIPANTS.c
        bound = sa.select(person.athlete).where(
            person.tenant == tenant, person.session == session, person.participant == participant
        )
        mine = (ATHLETES.c.tenant == tenant) & ATHLETES.c.athlete.in_(bound)
        new = {"profile": profile, "learn_time_ns": learnt.time_ns}
        await connection.execute(sa.update(ATHLETES).where(mine).values(**new))


async def _add(database: Database, connection: AsyncConnection, tenant: str, records: Sequence[AthleteRecord]) -> bool:
    """Insert athletes that are not there; returns whether the last of them was not."""
    added = 0
    for record in records:
        insert = database.insert(ATHLETES).values({"tenant": tenant} | vars(record)).on_conflict_do_nothing()
        added = (await connection.execute(insert)).rowcount
    return bool(added)


def _record(row: sa.RowMapping) -> AthleteRecord:
    return AthleteRecord(**{name: value for name, value in row.items() if name != "tenant"})
