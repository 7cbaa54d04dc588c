"""What only a server that can go away shows: callers hear UNAVAILABLE, nothing is acknowledged, nothing is lost."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from sqlalchemy.ext.asyncio import create_async_engine

from motus.v1 import session_service_pb2
from motus_runtime.bus import Bus
from motus_runtime.errors import UnavailableError
from motus_runtime.settings import SettingsError
from motus_sessions.projection.records import EVENTS, LANDMARKS
from motus_sessions.recorder import acknowledged
from motus_sessions.store.sql import SqlStore
from servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server of these tests alone, which they may stop."""
    with postgres() as own:
        yield own


@pytest.fixture
def store_url(server: Postgres) -> str:
    """A database on it."""
    return server.create(f"test_{secrets.token_hex(6)}")


async def _refused(service: Any, session: str) -> grpc.aio.AioRpcError:
    """The error of a call."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.get(session)
    return caught.value


async def _until_faulty(service: Any) -> None:
    """Wait until the service says that it cannot store."""
    while not any(name == "store" for name in service.health.faults()):
        await asyncio.sleep(0)


@pytest.mark.timeout(180)
async def test_a_server_that_is_stopped_for_a_while_loses_nothing(
    start: Any, stages: Callable[[str], Any], server: Postgres, bus: Bus
) -> None:
    """Reads answer UNAVAILABLE with RetryInfo, nothing is acknowledged, and the backlog is stored once it is back."""
    say = stages("pg-stopped")
    async with start() as service:
        await service.create("pg-stopped")
        await asyncio.to_thread(server.stop)
        before = [await acknowledged(bus, kind) for kind in (EVENTS, LANDMARKS)]
        await say.see(*(number / 30 for number in range(300)))
        for ordinal in range(1, 40):
            await say.count_rep(ordinal)
        await _until_faulty(service)
        error = await _refused(service, "pg-stopped")
        after = [await acknowledged(bus, kind) for kind in (EVENTS, LANDMARKS)]
        await asyncio.to_thread(server.start)
        await say.finish(80.0)
        await service.until_over("pg-stopped")
        reps = await service.stub.ListReps(session_service_pb2.ListRepsRequest(parent="sessions/pg-stopped"), timeout=9)
        request = session_service_pb2.GetSkeletonRequest(name="sessions/pg-stopped", page_size=3000)
        bones = await service.stub.GetSkeleton(request, timeout=9)

    status = rpc_status.from_call(error)
    assert status is not None
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details)
    assert after == before
    assert (len(reps.reps), len(bones.frames)) == (39, 300)


async def test_a_server_that_hangs_is_not_waited_for(server: Postgres, store_url: str) -> None:
    """A caller hears UNAVAILABLE within the time set, and the next one is served once the server goes on."""
    store = await SqlStore.open(store_url, timeout_s=0.5)

    with server.hanging(), pytest.raises(UnavailableError):
        await store.ping()

    await _until_answered(store)
    await store.close()


async def test_a_statement_that_waits_for_others_is_given_up(store_url: str) -> None:
    """A migration or a colleague that holds a table makes callers hear UNAVAILABLE, and not wait."""
    store, other = await SqlStore.open(store_url, timeout_s=0.5), create_async_engine(store_url)

    async with other.connect() as connection:
        await connection.execute(sa.text("LOCK TABLE directory IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(UnavailableError):
            await store.tenant_of("one")
    assert await store.tenant_of("one") is None
    await other.dispose()
    await store.close()


async def _until_answered(store: SqlStore) -> None:
    while True:
        try:
            await store.ping()
            return
        except UnavailableError:
            await asyncio.sleep(0)


async def test_more_callers_than_connections_wait_for_their_turn(store_url: str) -> None:
    """The pool bounds what the server has to bear; nobody is refused for it while the turns are short."""
    store = await SqlStore.open(store_url, pool_size=2, timeout_s=30)

    await asyncio.gather(*(store.ping() for _ in range(50)))

    await store.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql+psycopg2://x/y", "no url"])
async def test_a_url_of_another_database_is_refused(url: str) -> None:
    """The operator is told which there are."""
    with pytest.raises(SettingsError, match="MOTUS_STORE_URL"):
        await SqlStore.open(url)


async def test_the_driver_need_not_be_named(store_url: str) -> None:
    """A URL as other programs take it will do."""
    store = await SqlStore.open(store_url.replace("+asyncpg", ""))

    await store.ping()
    await store.close()
