"""Workers as processes of their own, several to a stage, on a bus that is there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

EXIT_S = 30.0
"""The longest that a worker may take to leave: the grace period of Kubernetes."""


class Workers:
    """Starts workers and ends them.

    Args:
        url: the bus.
        folder: where what they print goes, a file each.
        settings: variables that all of them get.

    Attributes:
        processes: by process id, those that have ended too.
        stages: likewise.
    """

    def __init__(self, url: str, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = {**os.environ, "MOTUS_NATS_URL": url, "OMP_NUM_THREADS": "1", **settings}
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.stages: dict[int, str] = {}

    def start(self, stage: str, *arguments: str, prefix: Sequence[str] = (), **settings: str) -> int:
        """Start a worker of a stage with further variables; returns its process id.

        `prefix` is a command that becomes another, as one that enters a network namespace.
        """
        command = [*prefix, sys.executable, "-P", "-m", f"motus_{stage}", *arguments]
        with (self._folder / f"{stage}-{len(self.processes)}.log").open("ab") as log:
            process = subprocess.Popen(command, env=self._environ | settings, stdout=log, stderr=log)
        self.processes[process.pid], self.stages[process.pid] = process, stage
        return process.pid

    def running(self) -> list[int]:
        """Process ids of those that have not ended."""
        return [pid for pid, process in self.processes.items() if process.poll() is None]

    def close(self) -> None:
        """End all that run, those that are stopped too."""
        for pid in self.running():
            os.kill(pid, signal.SIGCONT)
            self.processes[pid].terminate()
        for process in self.processes.values():
            process.wait(EXIT_S)


@contextmanager
def workers(url: str, folder: Path, **settings: str) -> Iterator[Workers]:
    """Workers that are ended with the block."""
    found = Workers(url, folder, settings)
    try:
        yield found
    finally:
        found.close()


def resident_mb(pid: int) -> float:
    """Memory that a process holds now, in megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def process_of(worker: str) -> int:
    """The process id that a worker's id names."""
    return int(worker.rsplit("-", 2)[1])
