"""Fixtures for every part's tests: one real nats-server per test run on a free port, and a provisioned bus."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import IO, TypeAlias

import pytest

from motus_runtime.bus import Bus, BusSettings
from motus_runtime.health import Health
from motus_runtime.lease import Leases
from motus_runtime.ownership import Specs
from motus_runtime.provision import provision
from motus_runtime.service import App, Context

Serve: TypeAlias = Callable[[str, Callable[[Context], App]], AbstractAsyncContextManager[App]]

# Servers are forked from this process and replace themselves at once: gRPC has nothing to mend in them, and stumbles.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

_LISTENING = re.compile(r"client connections on (127\.0\.0\.1:\d+)")


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real nats-server with JetStream, started for this test run."""
    home = tmp_path_factory.mktemp("nats")
    command = [str(Path(sys.executable).parent / "nats-server"), "--addr", "127.0.0.1", "--port", "-1", "--jetstream"]
    server = subprocess.Popen([*command, "--store_dir", str(home)], stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        yield f"nats://{_address(server.stderr)}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _address(log: IO[str]) -> str:
    """Read the server's log until it says that it is ready; the rest is read on, so that it never blocks."""
    said, address = [], ""
    for line in log:
        said.append(line)
        if found := _LISTENING.search(line):
            address = found[1]
        if "Server is ready" in line:
            threading.Thread(target=log.read, daemon=True).start()
            return address
    raise RuntimeError("nats-server did not start:\n" + "".join(said))


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    """A connection to the run's nats-server, with every stream and bucket there, and nothing of an earlier test."""
    connection = await Bus.connect(BusSettings(url=nats_url), "test")
    await provision(connection)
    for stream in await connection.jetstream.streams_info():
        await connection.jetstream.purge_stream(stream.config.name or "")
    yield connection
    await connection.close()


@pytest.fixture
def serve(bus: Bus) -> Serve:
    """Runs a stage's app as its service does, until the block is left; then it gives its leases back."""

    @asynccontextmanager
    async def serving(stage: str, make: Callable[[Context], App]) -> AsyncIterator[App]:
        health, leases, specs = Health("127.0.0.1", 0), Leases(bus, stage, 1000), Specs(bus)
        app = make(Context(bus, health, leases, specs))
        await leases.beat()
        tasks = [asyncio.create_task(loop) for loop in (leases.run(), specs.run(), app.run())]
        try:
            yield app
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await app.drain()
            await leases.close()
            health.close()

    return serving
