"""The audit log: one row for each call that read or erased something, and none of them ever changed."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import grpc
import pytest
import sqlalchemy as sa

from motus.v1 import athlete_service_pb2, athlete_service_pb2_grpc, session_service_pb2
from motus_runtime.errors import UnavailableError
from motus_runtime.rpc.call import Caller, serve_caller
from motus_sessions import audit as audit_module
from motus_sessions import audit_log
from motus_sessions.audit import Audit
from motus_sessions.projection.audit import AuditEntry
from motus_sessions.store.audit import DAY_NS
from motus_sessions.store.sql import SqlStore
from motus_sessions.store.tables import AUDIT

both_databases = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


async def written(store_url: str, tenant: str = "default") -> list[tuple[str, str, str]]:
    """Subject, method and resource of a tenant's entries, in their order."""
    store = await SqlStore.open(store_url)
    found = await store.audit.page(tenant, after=(0, 0), limit=1000)
    await store.close()
    assert [one.time_ns for one in found] == sorted(one.time_ns for one in found)
    return [(one.subject, one.method, one.resource) for one in found]


@both_databases
async def test_every_call_that_reads_or_erases_is_one_row(
    start: Any, stages: Callable[[str], Any], store_url: str, database: str
) -> None:
    """However many messages it gives; what was refused, what only writes, and the register leave none."""
    session = f"sessions/read-me-{database}"
    async with start() as running:
        stub, athletes = running.stub, athlete_service_pb2_grpc.AthleteServiceStub(running.channel)
        await running.create(f"read-me-{database}", participants=[{"athlete": "athletes/ada"}])
        for ordinal in range(1, 6):
            await stages(f"read-me-{database}").count_rep(ordinal)
        await stages(f"read-me-{database}").finish(12.0)
        assert len(await running.until_over(f"read-me-{database}")) > 5
        await running.get(f"read-me-{database}")
        series = session_service_pb2.GetSeriesRequest(
            name=session, participant=f"{session}/participants/p1", channels=["trunk_lean_deg"]
        )
        await stub.GetSeries(series, timeout=10)
        await stub.ListSessions(session_service_pb2.ListSessionsRequest(), timeout=10)
        await stub.ListSessions(session_service_pb2.ListSessionsRequest(athlete="athletes/ada"), timeout=10)
        await stub.ListMeasures(session_service_pb2.ListMeasuresRequest(), timeout=10)
        await athletes.ListAthletes(athlete_service_pb2.ListAthletesRequest(), timeout=10)
        with pytest.raises(grpc.aio.AioRpcError):
            await running.get("not-there")
        await stub.DeleteSession(session_service_pb2.DeleteSessionRequest(name=session), timeout=10)
        async with running.channel_of("stranger") as channel:
            theirs = athlete_service_pb2_grpc.AthleteServiceStub(channel)
            await theirs.ListAthletes(athlete_service_pb2.ListAthletesRequest(), timeout=10)

    assert await written(store_url) == [
        ("key owner", "WatchSession", session),
        ("key owner", "GetSession", session),
        ("key owner", "GetSeries", f"{session}/participants/p1"),
        ("key owner", "ListSessions", "sessions"),
        ("key owner", "ListSessions", "athletes/ada"),
        ("key owner", "ListAthletes", "athletes"),
        ("key owner", "DeleteSession", session),
    ]
    assert await written(store_url, "elsewhere") == [("key stranger", "ListAthletes", "athletes")]


@both_databases
async def test_no_entry_is_ever_changed(store_url: str, database: str) -> None:
    """The database itself refuses; an entry that comes twice counts once; only age removes one."""
    store = await SqlStore.open(store_url)
    days = 10 * DAY_NS
    old, new = (AuditEntry(time_ns, 1, "somebody", "GetSession", "sessions/one") for time_ns in (5, days))
    await store.audit.write("a", [old, new])
    await store.audit.write("a", [new])

    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        async with store._database.write() as connection:
            await connection.execute(sa.update(AUDIT).values(subject="nobody"))
    assert await store.audit.page("a", after=(0, 0), limit=9) == [old, new]
    assert await store.audit.page("a", after=(5, 1), limit=9) == [new]
    await store.audit.write("a", [replace(old, time_ns=2 * DAY_NS)])
    await store.audit.trim("b", 2 * days)
    await store.audit.trim("a", days)
    assert await store.audit.page("a", after=(0, 0), limit=9) == [new]
    assert await store.audit.tenants() == ["a"]
    await store.close()


async def test_nothing_is_read_that_cannot_be_written_down(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store is away entries wait; beyond a bound callers are sent away; what waited is written after."""
    monkeypatch.setattr(audit_module, "MOST_WAITING", 2)
    store = await SqlStore.open(store_url)
    audit = Audit(store.audit, 1)
    serve_caller(Caller("a", "somebody", frozenset()))

    for session in ("one", "two"):
        audit.note("GetSession", session)
    with pytest.raises(UnavailableError):
        audit.note("GetSession", "three")
    await audit.write()
    audit.note("GetSession", "four")
    await audit.write()

    assert [one.resource for one in await store.audit.page("a", after=(0, 0), limit=9)] == ["one", "two", "four"]
    await store.close()


async def test_entries_that_have_grown_old_are_removed(
    start: Any, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service does so by itself, for every tenant."""
    store = await SqlStore.open(store_url)
    for tenant in ("a", "b"):
        await store.audit.write(tenant, [AuditEntry(5, 1, "somebody", "GetSession", "sessions/one")])
    async with start():
        while await store.audit.tenants():
            pass
    await store.close()


async def test_an_operator_prints_a_tenants_log(
    store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every entry in its order, however many pages they fill; of one resource when it is named; no other tenant's."""
    monkeypatch.setattr(audit_log, "PAGE", 2)
    monkeypatch.setenv("MOTUS_STORE_URL", store_url)
    store = await SqlStore.open(store_url)
    entries = [AuditEntry(n * 10**9, n, "key a", "GetSession", f"sessions/s-{n % 2}") for n in range(1, 6)]
    await store.audit.write("a", entries)
    await store.audit.write("b", [AuditEntry(5, 1, "key b", "GetSession", "sessions/secret")])
    await store.close()

    async def printed(*arguments: str) -> list[dict[str, str]]:
        monkeypatch.setattr(sys, "argv", ["motus-sessions-audit", *arguments])
        assert await asyncio.to_thread(audit_log.main) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    everything = await printed("a")
    assert [one["time"][17:19] for one in everything] == ["01", "02", "03", "04", "05"]
    assert everything[0] | {"time": ""} == {
        "time": "",
        "subject": "key a",
        "method": "GetSession",
        "resource": "sessions/s-1",
    }
    assert len(await printed("a", "--resource", "sessions/s-0")) == 2
    monkeypatch.setenv("MOTUS_STORE_URL", "mysql://nowhere")
    assert await asyncio.to_thread(audit_log.main) == 1
    assert "MOTUS_STORE_URL" in capsys.readouterr().err
