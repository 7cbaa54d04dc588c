"""One session in one statement: the most frequent question, whose time goes into statements rather than rows.

The statement is made once; its values alone differ.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from motus_sessions.projection.records import SessionRecord
from motus_sessions.store import rows, tables

_TENANT, _SESSION = (sa.bindparam(name, type_=sa.String) for name in ("of_tenant", "of_session"))


def _statement() -> "sa.Select[Any]":
    def mine(table: sa.Table) -> "sa.ColumnElement[bool]":
        return (table.c.tenant == _TENANT) & (table.c.session == _SESSION)

    table, people, reports, reps = tables.SESSIONS, tables.PARTICIPANTS, tables.STAGE_REPORTS, tables.REPS
    count = sa.select(sa.func.count()).where(mine(reps), reps.c.counted).scalar_subquery()
    return (
        sa.select(
            table,
            count.label("rep_count"),
            *(people.c[name] for name in ("participant", "athlete", "display_name", "lane_left", "lane_right")),
            reports.c.stage.label("report_stage"),
            reports.c.body.label("report_body"),
        )
        .select_from(table.outerjoin(people, mine(people)).outerjoin(reports, mine(reports)))
        .where(mine(table))
        .order_by(people.c.place, reports.c.stage)
    )


_STATEMENT: Final = _statement()


async def read_session(connection: AsyncConnection, tenant: str, session: str) -> SessionRecord | None:
    """A session with its participants, reports and counted repetitions; None when the tenant has no such one."""
    values = {"of_tenant": tenant, "of_session": session}
    found = (await connection.execute(_STATEMENT, values)).mappings().all()
    if not found:
        return None
    # Each participant comes with each report.
    people = {row["participant"]: rows.participant_of(row) for row in found if row["participant"] is not None}
    reports = {row["report_stage"]: row["report_body"] for row in found if row["report_stage"] is not None}
    return rows.session_of(found[0], list(people.values()), list(reports.values()), found[0]["rep_count"])
