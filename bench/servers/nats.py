"""A nats-server with JetStream in a folder of its own, on a free port of loopback."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_LISTENING = re.compile(r"client connections on (127\.0\.0\.1:\d+)")


@contextmanager
def nats_server(folder: Path) -> Iterator[str]:
    """Run a server within the block, and give its URL."""
    command = [str(Path(sys.executable).parent / "nats-server"), "--addr", "127.0.0.1", "--port", "-1", "--jetstream"]
    server = subprocess.Popen([*command, "--store_dir", str(folder)], stderr=subprocess.PIPE, text=True)
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
