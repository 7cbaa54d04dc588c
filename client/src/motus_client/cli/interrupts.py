"""Ctrl-C and its like: the first one unwinds the command once, the next ones only make the stopping quicker."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asks the command to end; not an Exception, so that nothing takes it for an error it can handle."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class Interrupts:
    """Turns signals into `Interrupted`, at most once, and never while something is held.

    Attributes:
        hurry: called when somebody is not willing to wait for the stopping.
    """

    def __init__(self) -> None:
        self.hurry: Callable[[], None] = lambda: None
        self._received = 0
        self._holds = 0

    def install(self) -> None:
        """Take the signals, also where a shell has its background jobs ignore Ctrl-C; nohup is respected."""
        for number in _NUMBERS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is raised inside: for cleaning up."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._received += 1
        if self._received > 1:
            self.hurry()
        elif not self._holds:
            raise Interrupted(number)
