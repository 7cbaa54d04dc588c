"""The sessions service as a process of its own, on SQLite and a bus of its own, with one key that may do everything."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.workers import resident_mb

START_S = 30.0
_SCOPES = ["sessions.read", "sessions.write", "athletes.read", "athletes.write"]
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Service:
    """A service that runs.

    Attributes:
        address: `host:port` of its gRPC server.
        pid: of its process.
        token: bearer token that may do everything.
    """

    address: str
    pid: int
    token: str

    @property
    def processor_s(self) -> float:
        """Processor time that it has taken, seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    @property
    def resident_mb(self) -> float:
        """Memory that it holds, megabytes."""
        return resident_mb(self.pid)


@contextmanager
def sessions_service(folder: Path, nats_url: str, port: int = 0, token: str = "") -> Iterator[Service]:
    """Starts the service in a folder, which is empty or an earlier one's; the streams of the bus must be there.

    Args:
        folder: of its database, keys and log.
        nats_url: of the bus.
        port: of its gRPC server; 0: a free one.
        token: that may do everything; empty: a new one.

    Raises:
        RuntimeError: it does not start; with what it said.
    """
    token = token or "bench-" + os.urandom(16).hex()
    keys, port_file, log = folder / "keys", folder / "port", folder / "log"
    port_file.unlink(missing_ok=True)
    digest = hashlib.sha256(token.encode()).hexdigest()
    keys.write_text(f'[keys.bench]\nsha256 = "{digest}"\ntenant = "bench"\nscopes = {_SCOPES}\n')
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MOTUS_")} | {
        "MOTUS_NATS_URL": nats_url,
        "MOTUS_STORE_URL": f"sqlite+aiosqlite:///{folder / 'sessions.db'}",
        "MOTUS_AUTH_KEYS_FILE": str(keys),
        "MOTUS_SESSIONS_GRPC_PORT": str(port),
        "MOTUS_SESSIONS_GRPC_PORT_FILE": str(port_file),
        "MOTUS_LIMIT_REQUESTS_PER_S": "1000000",
        "MOTUS_LIMIT_BURST": "1000000",
    }
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, "-m", "motus_sessions"], env=environ, stderr=output)
    try:
        give_up = time.monotonic() + START_S
        while not port_file.exists():
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"the sessions service does not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield Service(f"127.0.0.1:{port_file.read_text()}", process.pid, token)
    finally:
        process.terminate()
        process.wait(timeout=30)
