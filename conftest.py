"""Fixtures for every part's tests: one real nats-server per test run on a free port, and a provisioned bus."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from motus_runtime.bus import Bus, BusSettings
from motus_runtime.health import Health
from motus_runtime.lease import Leases
from motus_runtime.ownership import Specs
from motus_runtime.provision import provision
from motus_runtime.service import App, Context
from servers.media import LIVEKIT, RTSP, LiveKit, Rtsp, livekit_server, missing, rtsp_server
from servers.nats import nats_server

Serve: TypeAlias = Callable[[str, Callable[[Context], App]], AbstractAsyncContextManager[App]]

# Servers are forked from this process and replace themselves at once: gRPC has nothing to mend in them, and stumbles.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real nats-server with JetStream, started for this test run."""
    with nats_server(tmp_path_factory.mktemp("nats")) as url:
        yield url


@pytest.fixture(scope="session")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKit]:
    """A real LiveKit server, started for this test run."""
    if reason := missing(LIVEKIT):
        pytest.skip(reason)
    with livekit_server(tmp_path_factory.mktemp("livekit")) as server:
        yield server


@pytest.fixture
def start_rtsp(tmp_path: Path) -> Iterator[Callable[..., Rtsp]]:
    """Starts real RTSP servers as `rtsp_server` is told; they end with the test."""
    if reason := missing(RTSP):
        pytest.skip(reason)
    with ExitStack() as stack:

        def start(**how: Any) -> Rtsp:
            return stack.enter_context(rtsp_server(tmp_path, **how))

        yield start


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
