"""No query lacks the tenant: each statement of each call of the store is looked at as it is executed."""

import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.util import find_tables

from motus_sessions.projection.athletes import AthleteRecord
from motus_sessions.projection.audit import AuditEntry
from motus_sessions.projection.fence import Fence
from motus_sessions.projection.life import Life, Outcome, State
from motus_sessions.projection.records import (
    LANDMARKS,
    MEASURES,
    SAMPLES,
    Batch,
    CueRecord,
    EventRecord,
    ParticipantRecord,
    Piece,
    ReportRecord,
    RepRecord,
    SessionRecord,
    Wishes,
)
from motus_sessions.projection.table import Table
from motus_sessions.store import tables
from motus_sessions.store.port import AthleteStore, AuditStore, ErasureStore, RetentionStore, SessionStore
from motus_sessions.store.sql import SqlStore

TENANT = "tenant-a"
# What is asked before anybody knows whose it is, and what belongs to nobody.
WITHOUT_TENANT = {"close", "ping", "token_key", "tenants", "tenant_of", "audit.tenants"}
PORTS = {
    "": SessionStore,
    "athletes.": AthleteStore,
    "audit.": AuditStore,
    "erasure.": ErasureStore,
    "retention.": RetentionStore,
}
OF_NOBODY = {tables.META, tables.DIRECTORY}


def faults(statement: Any, given: Any, tenant: str) -> set[str]:
    """Tables of a statement that are read or written without the tenant."""
    if isinstance(statement, sa.Insert):
        rows = given or [statement.compile().params]
        held = all(row.get("tenant") == tenant for row in rows)
        return set() if held or statement.table in OF_NOBODY else {statement.table.name}
    found = find_tables(statement, check_columns=True, include_aliases=True, include_crud=True)
    # A column of no table, as count(*), has None for its table.
    used = {
        one for one in found if one is not None and "tenant" in one.c and getattr(one, "element", one) not in OF_NOBODY
    }
    nodes = [*visitors.iterate(statement)]
    # Joins are made of what a SELECT was told when its tables are asked for.
    nodes += [one for node in nodes if isinstance(node, sa.Select) for one in node.get_final_froms()]
    equals = [pair for node in nodes for one in visitors.iterate(node) for pair in _tenants_equal(one, given or [])]
    held = {tenant}
    while more := {one for pair in equals for one in pair if held & set(pair)} - held:
        held |= more
    return {str(one) for one in used - held}


def _is_tenants(table: Any) -> bool:
    return "tenant" in table.c and getattr(table, "element", table) not in OF_NOBODY


def _tenants_equal(node: Any, given: list[dict[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """What the conditions of a node demand of tenants, whatever else they say: of a table this one, or another's."""
    clauses = [part for name in ("whereclause", "onclause") if (part := getattr(node, name, None)) is not None]
    while clauses:
        clause = clauses.pop()
        if isinstance(clause, sa.sql.elements.BooleanClauseList) and clause.operator is operators.and_:
            clauses += list(clause)
        elif isinstance(clause, sa.sql.elements.Grouping):
            clauses.append(clause.element)
        elif isinstance(clause, sa.BinaryExpression) and clause.operator is operators.eq:
            sides = [_side(side, given) for side in (clause.left, clause.right)]
            if None not in sides:
                yield sides[0], sides[1]


def _side(side: Any, given: list[dict[str, Any]]) -> Any:
    """The table of a tenant's column, or the value that it is held to; None for anything else."""
    if isinstance(side, sa.BindParameter) and side.required:
        # It comes with the rows of values, of which all must say the same.
        values = {row.get(side.key) for row in given}
        return values.pop() if len(values) == 1 else None
    if isinstance(side, sa.BindParameter):
        return side.value
    return side.table if getattr(side, "name", "") == "tenant" else None


@contextmanager
def executed() -> Iterator[list[tuple[Any, Any]]]:
    """Statements that are executed in the block, each with its rows of values."""
    seen: list[tuple[Any, Any]] = []

    def note(_: object, statement: Any, many: Any, one: Any, __: object) -> None:
        if isinstance(statement, sa.sql.expression.Executable) and not isinstance(statement, sa.TextClause):
            seen.append((statement, many or ([one] if one else None)))

    sa.event.listen(sa.Engine, "before_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_execute", note)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """A store with one session in it, in which everything has happened once."""
    opened = await SqlStore.open(f"sqlite+aiosqlite:///{tmp_path / 'store.db'}")
    people = (ParticipantRecord("p1", "ada", "Ada"),)
    await opened.create(
        TENANT, SessionRecord("one", "file:///v.mp4", 2, True, people, "squat", True, "en", None, None, "", 1, "", b"d")
    )
    await opened.audit.write(TENANT, [AuditEntry(3, 1, "somebody", "GetSession", "sessions/one")])
    yield opened
    await opened.close()


def _batch() -> Batch:
    """A batch that changes everything that a batch can."""
    details = (
        RepRecord("p1-1", "p1", 1, 1, True, 1.0, b"r"),
        CueRecord("c1", "p1", 1, 1.0, b"c"),
        ReportRecord(b"report"),
    )
    events = [
        EventRecord("one", f"e{place}", 1, place, 1, "p1", "coach", b"e", detail)
        for place, detail in enumerate(details, 1)
    ]
    t_us = np.arange(3, dtype=np.int64) * 100_000
    table = Table(t_us, ("a",), np.ones((3, 1), np.float32), np.zeros((3, 1), np.uint8), (1,))
    pieces = [Piece("one", "p1", kind, table) for kind in (SAMPLES, LANDMARKS)]
    life = Life(State.RUNNING, "", 5, None, Outcome(True, "why", 2.5))
    return Batch(lives={"one": life}, fences={("one", "events", "pose"): Fence(7, 3)}, events=events, pieces=pieces)


def _other() -> SessionRecord:
    people = (ParticipantRecord("p1"),)
    return SessionRecord("two", "file:///v.mp4", 2, True, people, "squat", True, "en", None, None, "", 1, "again", b"d")


ENTRY = AuditEntry(1, 2, "somebody", "DeleteSession", "sessions/one")
CALLS: dict[str, list[dict[str, Any]]] = {
    "create": [{"record": _other()}, {"record": _other()}],
    "of_request": [{"record": _other()}],
    "session": [{"session": "one"}],
    "sessions": [{"limit": 9, "states": [State.PENDING], "athlete": "ada", "created": (0, 9), "behind": (9, "x")}],
    "unfinished": [{"states": [State.PENDING]}],
    "known": [{"sessions": ["one"]}],
    "record": [{"sessions": ["one"], "step": lambda _: _batch()}],
    "pack": [{"session": "one", "kind": kind, "before_us": at} for kind in (SAMPLES, LANDMARKS) for at in (5, None)],
    "events": [{"session": "one", "after": 0, "limit": 9, "participant": "p1", "newest_only": True}],
    "revisions": [{"session": "one", "up_to": 9}],
    "reps": [{"session": "one", "limit": 9, "after": (0.5, "x"), "participant": "p1"}],
    "cues": [{"session": "one", "limit": 9, "after": (0.5, "x"), "participant": "p1"}],
    "extent": [{"session": "one", "participant": "p1", "kind": kind} for kind in (SAMPLES, LANDMARKS)],
    "series": [{"session": "one", "participant": "p1", "columns": ["a"], "start_us": 0, "end_us": 9}],
    "summary": [
        {"session": "one", "participant": "p1", "columns": ["a"], "start_us": 0, "end_us": end, "max_points": 2}
        for end in (9, 90_000_000)
    ],
    "change": [{"session": "one", "wishes": Wishes("squat", True, True)}],
    "rep": [{"session": "one", "rep": "p1-1"}],
    "judge_cue": [{"session": "one", "cue": "c1", "dismissed": True, "rating": 3}],
    "athletes.create": [{"record": AthleteRecord("bob", create_time_ns=1, update_time_ns=1)}],
    "athletes.some": [{"athletes": ["ada"]}],
    "athletes.page": [{"after": "a", "limit": 9}],
    "athletes.change": [{"athlete": "ada", "new": {"display_name": "Ada"}}],
    "athletes.reps": [{"athlete": "ada", "limit": 9}],
    "audit.write": [{"entries": [ENTRY]}],
    "audit.page": [{"after": (0, 0), "limit": 9}],
    "audit.trim": [{"before_ns": 9}],
    "erasure.session": [{"session": "one", "entry": ENTRY}],
    "erasure.participants": [{"session": "one", "participants": ["p1"], "entries": [ENTRY]}],
    "erasure.athlete": [{"athlete": "ada", "entry": ENTRY}, {"athlete": "nobody", "entry": ENTRY}],
    "retention.expire": [
        {"kind": kind, "default_s": kept_s, "now_ns": 9} for kind in (LANDMARKS, MEASURES) for kept_s in (None, 0.0)
    ],
    "skeleton": [{"session": "one", "participant": "p1", "start_us": 0, "end_us": 9, "limit": 5}],
}


def test_every_call_takes_the_tenant_first() -> None:
    """But those that are asked before anybody knows whose a thing is; and every one of them is tried below."""
    methods = {
        f"{prefix}{name}": list(inspect.signature(method).parameters)
        for prefix, port in PORTS.items()
        for name, method in inspect.getmembers(port, inspect.isfunction)
        if not name.startswith("_")
    }

    assert {name for name, parameters in methods.items() if parameters[1:2] != ["tenant"]} == WITHOUT_TENANT
    assert set(methods) == WITHOUT_TENANT | set(CALLS)


@pytest.mark.parametrize("name", CALLS)
async def test_no_statement_of_a_call_lacks_the_tenant(store: SqlStore, name: str) -> None:
    """In every table that a call reads, changes or adds to, it touches rows of its tenant alone."""
    await store.record(TENANT, ["one"], lambda _: _batch())
    if name.startswith("retention."):
        over = Life(State.ENDED, "", 5, 7)
        await store.record(TENANT, ["one"], lambda _: Batch(lives={"one": over}))
    with executed() as statements:
        for arguments in CALLS[name]:
            await attrgetter(name)(store)(TENANT, **arguments)

    assert statements
    for statement, given in statements:
        assert not faults(statement, given, TENANT), str(statement)


def test_a_statement_that_lacks_it_is_found() -> None:
    """The test's own eye: no condition, one of many, another table's, another tenant's, a row without."""
    events, reps = tables.EVENTS, tables.REPS
    mine = events.c.tenant == TENANT

    for lacking in (
        sa.select(events),
        sa.select(events).where(events.c.session == "one"),
        sa.select(events).where(sa.or_(mine, events.c.sequence > 1)),
        sa.select(events).where(events.c.tenant == "tenant-b"),
        sa.select(events, reps).where(mine),
        sa.select(events).where(mine, events.c.session.in_(sa.select(reps.c.session))),
        sa.select(events).where(mine, ~sa.exists().where(events.alias().c.event == events.c.event)),
        sa.update(reps).values(counted=False),
        sa.delete(reps).where(reps.c.session == "one"),
    ):
        assert faults(lacking, None, TENANT), str(lacking)
    assert faults(sa.insert(reps), [{"tenant": TENANT}, {"session": "one"}], TENANT)
    assert not faults(sa.select(events).where(mine & (events.c.sequence > 1)), None, TENANT)


def test_the_tenant_heads_every_key_and_index() -> None:
    """But of the directory, which tells whose a session is, and of what belongs to nobody."""
    for table in set(tables.METADATA.tables.values()) - OF_NOBODY:
        assert next(iter(table.primary_key)).name == "tenant", table.name
        assert {next(iter(index.columns)).name for index in table.indexes} <= {"tenant"}, table.name
