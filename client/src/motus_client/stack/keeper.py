"""Keeps one program running: starts it, asks whether it is ready, starts it again with growing pauses when it ends."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from motus_client.stack.child import Child, Program

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
WELL_AFTER_S = 30.0
STUCK_AFTER_S = 5.0
_ERROR_LOGGED = " ERROR "


@dataclass(frozen=True)
class Trouble:
    """How often a program has ended of itself lately.

    Attributes:
        ends: times since it last ran well for WELL_AFTER_S.
        ready_once: whether it was ever ready.
    """

    ends: int = 0
    ready_once: bool = False

    @property
    def pause_s(self) -> float:
        """Seconds to wait before the next start."""
        return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (self.ends - 1))

    @property
    def hopeless(self) -> bool:
        """Whether starting it again is not likely to help: at once for one that never came up twice."""
        return self.ends >= (5 if self.ready_once else 2)


class Keeper:
    """One program and its process.

    Args:
        program: what to run.
        before_start: called before each start, to forget what the last process left.
        fault: why it is not ready; empty when it is.
        tell: gets one line for people whenever it was started again.
    """

    def __init__(
        self, program: Program, before_start: Callable[[], None], fault: Callable[[], str], tell: Callable[[str], None]
    ) -> None:
        self.program = program
        self._before_start, self._fault, self._tell = before_start, fault, tell
        self._child: Child | None = None
        self._started_at = self._start_at = self._fault_since = 0.0
        self.trouble = Trouble()
        self.fault = "not started"
        self.last_words = ""

    @property
    def child(self) -> Child | None:
        """The process, if one was started and has not been seen to end."""
        return self._child

    def step(self, now: float) -> None:
        """Do what is due at `now`, seconds on a clock that never jumps."""
        if self._child is None:
            if now >= self._start_at:
                self._start(now)
        elif self._child.exit_code() is not None:
            self._ended(self._child, now)
        elif self.fault:
            before, self.fault = self.fault, self._fault()
            if self.fault != before:
                self._fault_since = now
            if not self.fault:
                self.trouble = replace(self.trouble, ready_once=True)
        elif now - self._started_at >= WELL_AFTER_S:
            self.trouble = replace(self.trouble, ends=0)

    def stuck(self, now: float) -> bool:
        """Whether it runs and is not going to be ready: it has logged an error and says the same fault for a while."""
        if self._child is None or not self.fault or now - self._fault_since < STUCK_AFTER_S:
            return False
        return _ERROR_LOGGED in self._child.last_words()

    def _start(self, now: float) -> None:
        self._before_start()
        self._child = Child(self.program)
        self._started_at = self._fault_since = now
        self.fault = "starting"

    def _ended(self, child: Child, now: float) -> None:
        self.last_words = child.last_words()
        self.trouble = replace(self.trouble, ends=self.trouble.ends + 1)
        self._child, self._start_at = None, now + self.trouble.pause_s
        self.fault = f"ended with {describe_exit(child.exit_code() or 0)}"
        if self.trouble.ready_once:
            self._tell(f"{self.program.name} {self.fault}; it is started again")


def describe_exit(code: int) -> str:
    """An exit code in words: `exit code 1`, or `signal 9`."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
