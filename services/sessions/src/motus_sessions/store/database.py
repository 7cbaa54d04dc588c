"""The database under the store: opens it, brings its schema up to date, says UNAVAILABLE when it does not answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from motus_runtime.errors import UnavailableError
from motus_sessions.store.engines import SQLITE, WRITES, away, make_engine

FINISH_S = 5.0
"""How long a cancelled caller waits for its transaction."""
POOL_SIZE = 10
TIMEOUT_S = 3.0
"""How long PostgreSQL may take for a transaction: shorter than the bus waits before it delivers again."""
_MIGRATION_LOCK = 0x6D6F747573
"""Any number that nobody else takes for an advisory lock: `motus` in ASCII."""

_READERS_S = 0.05

P = ParamSpec("P")
R = TypeVar("R")


def whole(work: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Lets transactions come to their end although their caller is cancelled, which then is, a moment later.

    A connection that is closed amid a statement lives on in SQLite until the statement is forgotten, and with it the
    lock that nobody else can write under.
    """

    @wraps(work)
    async def finish(*args: P.args, **kwargs: P.kwargs) -> R:
        task = asyncio.create_task(work(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=FINISH_S)
            if not task.done():
                task.cancel()
            elif not task.cancelled():
                task.exception()  # looked at, or the loop complains: whom it concerned is gone
            raise

    return finish


class Database:
    """Connections to one database; make one with `Database.open`."""

    def __init__(self, engine: AsyncEngine, timeout_s: float = TIMEOUT_S) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{WRITES: True})
        if self._is_sqlite:
            self._reader, self._timeout_s = engine, None
        else:
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._timeout_s = timeout_s
        # SQLite has one writer; waiting for it here is fair and wakes at once, its own busy wait is neither.
        self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock() if self._is_sqlite else nullcontext()

    @classmethod
    async def open(cls, url: str, pool_size: int = POOL_SIZE, timeout_s: float = TIMEOUT_S) -> "Database":
        """Connect and bring the schema up to date, one service after the other.

        Raises:
            UnavailableError: the database does not answer.
            SettingsError: nothing here opens such a URL.
        """
        database = cls(make_engine(url, pool_size, timeout_s), timeout_s)
        with _answering():
            async with database._writer.begin() as connection:
                await connection.run_sync(_upgrade)
        if database._is_sqlite:
            await database._empty_log()  # of whoever was killed amid an erasure
        return database

    @property
    def _is_sqlite(self) -> bool:
        return self._engine.dialect.name == SQLITE

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database."""
        with _answering():
            async with asyncio.timeout(self._timeout_s), self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end of the block."""
        async with self._turn:
            with _answering():
                async with asyncio.timeout(self._timeout_s), self._writer.begin() as connection:
                    yield connection

    def insert(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        """An INSERT that knows ON CONFLICT, in this database's dialect."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    async def scrub(self) -> None:
        """Leave nothing of what was deleted in SQLite's log of changes; PostgreSQL vacuums its files by itself.

        Whoever reads an older state of the database holds the log: they are done in a moment, and nobody else waits.
        """
        while self._is_sqlite and not await self._empty_log():
            await asyncio.sleep(_READERS_S)

    async def _empty_log(self) -> bool:
        async with self._turn:
            with _answering():
                async with self._engine.connect() as connection:
                    driver: Any = (await connection.get_raw_connection()).driver_connection
                    busy, *_ = await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        return not busy

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


@contextmanager
def _answering() -> Iterator[None]:
    """Turns "the database does not answer" into UnavailableError; whatever else goes wrong is a bug."""
    try:
        yield
    except exc.DBAPIError as error:
        if not away(error):
            raise
        raise UnavailableError(f"the store does not answer: {type(error.orig).__name__}") from error
    except (exc.TimeoutError, OSError) as error:
        raise UnavailableError(f"the store does not answer: {type(error).__name__}") from error


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name != SQLITE:
        # A migration takes as long as it takes, and so does waiting for another service's.
        for timeout in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(sa.text(f"SET LOCAL {timeout} = 0"))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
    config = Config()
    config.set_main_option("script_location", "motus_sessions.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
