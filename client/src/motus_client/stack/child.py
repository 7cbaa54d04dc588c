"""One process of the stack in a process group of its own, so that a terminal's Ctrl-C reaches the supervisor alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
_TAIL_BYTES = 8192


@dataclass(frozen=True)
class Program:
    """What to run.

    Attributes:
        name: how people call it.
        command: program and arguments, the program as an absolute path.
        environ: its whole environment.
        log: file that gets all it prints.
        niceness: added to this process's; whoever has more gives way on a busy machine.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    log: Path
    niceness: int = 0


class Child:
    """A running program. It must be started by a thread that lives as long as it shall: it dies with that thread."""

    def __init__(self, program: Program) -> None:
        command = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(program.niceness)]
        command += program.command
        with program.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=program.environ, start_new_session=True
            )
        self.program = program

    @property
    def pid(self) -> int:
        """Its process id, which is its group's too."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs. Once it is gone, whatever it started is killed with it."""
        if self._process.returncode is None and _has_exited(self.pid):
            # The group is killed before the process is reaped: afterwards its id could be another's.
            self._signal(signal.SIGKILL)
            self._process.wait()
        return self._process.returncode

    def terminate(self) -> None:
        """Ask it to finish."""
        if self.exit_code() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it started, now."""
        if self.exit_code() is None:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def last_words(self, lines: int = 8) -> str:
        """The last lines that it printed since it started."""
        with self.program.log.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, log.tell() - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _has_exited(pid: int) -> bool:
    """Whether a child has exited, without reaping it."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
