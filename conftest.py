"""Fixtures for every part's tests: one real nats-server per test run on a free port, and a provisioned bus."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from motus_runtime.bus import Bus, BusSettings
from motus_runtime.provision import provision


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real nats-server with JetStream, started for this test run."""
    home = tmp_path_factory.mktemp("nats")
    command = [str(Path(sys.executable).parent / "nats-server"), "--addr", "127.0.0.1", "--port", "-1", "--jetstream"]
    command += ["--store_dir", str(home), "--ports_file_dir", str(home)]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield _address(home, server)
        finally:
            server.terminate()
            server.wait(timeout=10)


def _address(home: Path, server: "subprocess.Popen[bytes]") -> str:
    """Wait for the file in which the server says where it listens."""
    import json
    import time

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for file in home.glob("*.ports"):
            try:
                return str(json.loads(file.read_text())["nats"][0])
            except ValueError:
                continue
        assert server.poll() is None, (home / "log").read_text()
        time.sleep(0.02)
    raise TimeoutError("nats-server did not start")


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    """A connection to the run's nats-server, with every stream and bucket there."""
    connection = await Bus.connect(BusSettings(url=nats_url), "test")
    await provision(connection)
    yield connection
    await connection.close()
