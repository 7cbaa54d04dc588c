"""What differs between databases: how each is opened, what it waits for, and which of its errors mean "not now"."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from motus_runtime.settings import SettingsError

SQLITE, POSTGRESQL = "sqlite", "postgresql"
DRIVERS = {SQLITE: "sqlite+aiosqlite", POSTGRESQL: "postgresql+asyncpg"}
WRITES = "motus_writes"

# Classes of SQLSTATE: connection, resources, operator, system; see PostgreSQL's appendix of error codes.
_AWAY = ("08", "53", "57", "58")
# Serialization failure, deadlock, lock not available, transaction idle for too long: a second try may do.
_AGAIN = {"40001", "40P01", "55P03", "25P03"}


def make_engine(url: str, pool_size: int, timeout_s: float) -> AsyncEngine:
    """An engine that connects on first use.

    Args:
        url: `sqlite+aiosqlite:///file` or `postgresql://user@host/database`.
        pool_size: connections to PostgreSQL that are kept; nobody gets one beyond them.
        timeout_s: after which PostgreSQL gives a statement up; SQLite's own is in its URL (`?timeout=`).

    Raises:
        SettingsError: it is neither.
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        parsed = URL.create("unreadable")
    dialect = parsed.get_backend_name()
    if dialect not in DRIVERS or parsed.drivername not in (dialect, DRIVERS[dialect]):
        raise SettingsError([f"MOTUS_STORE_URL: must begin with {' or '.join(DRIVERS.values())}"])
    parsed = parsed.set(drivername=DRIVERS[dialect])
    return _sqlite(parsed) if dialect == SQLITE else _postgresql(parsed, pool_size, timeout_s)


def away(error: exc.DBAPIError) -> bool:
    """Whether an error means that the database does not answer now, and not that it was asked something wrong."""
    if error.connection_invalidated or isinstance(error, (exc.OperationalError, exc.InterfaceError)):
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    return state[:2] in _AWAY or state in _AGAIN


def _postgresql(url: URL, pool_size: int, timeout_s: float) -> AsyncEngine:
    milliseconds = str(round(timeout_s * 1000))
    settings = {
        "application_name": "motus-sessions",
        "statement_timeout": milliseconds,
        # Whoever died amid a transaction must not keep its sessions locked.
        "idle_in_transaction_session_timeout": milliseconds,
        # Statements are short: compiling one takes longer than running it.
        "jit": "off",
    }
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout_s,
        pool_pre_ping=True,
        # The rest may then be closed by whoever stands between and counts connections.
        pool_use_lifo=True,
        connect_args={"timeout": timeout_s, "server_settings": settings},
    )


def _sqlite(url: URL) -> AsyncEngine:
    if url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    # The driver would begin transactions by itself, and too late for a writer to get its turn.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # Whatever is acknowledged to the bus must outlive a power cut too.
    cursor.execute("PRAGMA synchronous=FULL")
    # What is deleted is overwritten: an athlete who was erased is in no free page either.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would be refused when another wrote in between.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
