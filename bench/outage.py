"""The store away for a minute amid recording: what is acknowledged meanwhile, and how long the backlog takes.

Synthetic athletes are played onto a real bus at the pace at which they move, landmarks and samples, before, during and
after. SQLite's file is locked by another connection, PostgreSQL is stopped. `acknowledged_while_away_<database>`:
messages, must be 0. `backlog_<database>`: messages that wait when the store is back; `drain_s_<database>`: how long it
takes from then until all of them are stored and acknowledged, while more come. Progress goes to stderr.
"""

import argparse
import asyncio
import contextlib
import heapq
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from motus_runtime.bus import Bus, BusSettings
from motus_runtime.provision import provision
from motus_sessions.projection.records import LANDMARKS, SAMPLES
from motus_sessions.recorder import Recorder
from motus_sessions.store.sql import SqlStore
from servers.nats import nats_server
from servers.postgres import Postgres, postgres
from store import MOVEMENTS, TENANT, Said, messages, nobody, note, places, running, says, show

KINDS = (SAMPLES, LANDMARKS)
LONGEST_S = 600.0
BEFORE_S = 5.0
SETTLED_S = 2.0
"""What the recorder had in hand as the store went away is settled by then."""


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Within the block another connection holds SQLite's write lock."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@asynccontextmanager
async def stopped(server: Postgres) -> AsyncIterator[None]:
    """Within the block the server does not run."""
    await asyncio.to_thread(server.stop)
    yield
    await asyncio.to_thread(server.start)


async def play(bus: Bus, said: list[Said], names: list[str]) -> None:
    """All athletes at the pace at which they move, until cancelled."""
    each = (messages(said[i % len(said)], name, LONGEST_S) for i, name in enumerate(names))
    began = time.monotonic()
    for t_s, subject, message in heapq.merge(*each, key=lambda one: one[0]):
        if (early_s := began + t_s - time.monotonic()) > 0.01:
            await asyncio.sleep(early_s)
        await bus.client.publish(subject, message.SerializeToString())


async def outage(
    bus: Bus,
    store: SqlStore,
    said: list[Said],
    names: list[str],
    away: AbstractAsyncContextManager[None],
    away_s: float,
) -> dict[str, float]:
    """Figures of one database."""
    for name in names:
        await store.create(TENANT, running(name))
    tasks = [asyncio.create_task(Recorder(bus, store, nobody).run()), asyncio.create_task(play(bus, said, names))]
    await asyncio.sleep(BEFORE_S)
    async with away:
        await asyncio.sleep(SETTLED_S)
        before = await places(bus)
        await asyncio.sleep(away_s - SETTLED_S)
        after = await places(bus)
    back, there = time.monotonic(), await places(bus)
    while any(done < there[kind][0] for kind, (_, done) in (await places(bus)).items()):
        await asyncio.sleep(0.1)
    drained_s = time.monotonic() - back
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "acknowledged_while_away": sum(after[kind][1] - before[kind][1] for kind in KINDS),
        "backlog": sum(last - done for last, done in there.values()),
        "drain_s": drained_s,
    }


async def measure(athletes: int, away_s: float) -> dict[str, float]:
    """All figures."""
    said, figures = [says(movement) for movement in MOVEMENTS], dict[str, float]()
    with tempfile.TemporaryDirectory(prefix="motus-bench-") as folder, postgres() as server:
        file = Path(folder) / "outage.db"
        ways: dict[str, tuple[str, Callable[[], AbstractAsyncContextManager[None]]]] = {
            "sqlite": (f"sqlite+aiosqlite:///{file}", lambda: locked(file)),
            "postgresql": (server.create("outage"), lambda: stopped(server)),
        }
        for name, (url, away) in ways.items():
            note(f"{name}: {athletes} athletes, away for {away_s:g} s")
            (Path(folder) / name).mkdir()
            with nats_server(Path(folder) / name) as nats:
                bus = await Bus.connect(BusSettings(url=nats), "sessions")
                await provision(bus)
                store = await SqlStore.open(url)
                names = [f"{name}-{number}" for number in range(athletes)]
                found = await outage(bus, store, said, names, away(), away_s)
                figures |= {f"{figure}_{name}": value for figure, value in found.items()}
                await store.close()
                await bus.close()
    return figures


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object on stdout and nothing else")
    parser.add_argument("--athletes", type=int, default=40, help="who are recorded at the same time")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the store is away")
    arguments = parser.parse_args()
    figures = asyncio.run(measure(arguments.athletes, arguments.seconds))
    show(figures, as_json=arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
