"""A server as a process that can be killed and started again in its place."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


class ServerProcess:
    """A server's process.

    Args:
        command: what runs it.
        log: a file for what it says.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command, self._log = command, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._started().pid

    def start(self) -> None:
        """Start it, again on what it had stored."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it with -9."""
        self._started().kill()
        self._started().wait(10)

    def stop(self, within_s: float = 30.0) -> None:
        """End it, if it runs."""
        if self.runs:
            self._started().terminate()
            self._started().wait(within_s)

    def _started(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "it is not started"
        return self._process
