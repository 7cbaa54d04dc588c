"""The database under the store: opens it, brings its schema up to date, says UNAVAILABLE when it does not answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from motus_runtime.errors import UnavailableError

_WRITES = "motus_writes"
FINISH_S = 5.0
"""How long a cancelled caller waits for its transaction."""

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

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})
        # SQLite has one writer; waiting for it here is fair and wakes at once, its own busy wait is neither.
        self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock() if self._is_sqlite else nullcontext()

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Connect and bring the schema up to date.

        Raises:
            UnavailableError: the database does not answer.
        """
        engine = create_async_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        if engine.dialect.name == "sqlite":
            _make_folder(url)
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
        database = cls(engine)
        async with database.write() as connection:
            await connection.run_sync(_upgrade)
        return database

    @property
    def _is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database."""
        with _answering():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end of the block."""
        async with self._turn:
            with _answering():
                async with self._writer.begin() as connection:
                    yield connection

    def insert(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        """An INSERT that knows ON CONFLICT, in this database's dialect."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


@contextmanager
def _answering() -> Iterator[None]:
    """Turns "the database does not answer" into UnavailableError; whatever else goes wrong is a bug."""
    try:
        yield
    except exc.DBAPIError as error:
        if not (error.connection_invalidated or isinstance(error, (exc.OperationalError, exc.InterfaceError))):
            raise
        raise UnavailableError(f"the store does not answer: {type(error.orig).__name__}") from error
    except (exc.TimeoutError, OSError) as error:
        raise UnavailableError(f"the store does not answer: {type(error).__name__}") from error


def _make_folder(url: str) -> None:
    file = make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _prepare_sqlite(connection: Any, _: object) -> None:
    # The driver would begin transactions by itself, and too late for a writer to get its turn.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # Whatever is acknowledged to the bus must outlive a power cut too.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would be refused when another wrote in between.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "motus_sessions.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
