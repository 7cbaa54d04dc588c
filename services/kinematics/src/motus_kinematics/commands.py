"""What users wish while a session runs, each obeyed before the same frame however often the session is read."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

from motus.bus.v1 import control_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError
from motus_runtime.follow import Stored, follow

log = logging.getLogger("motus.kinematics.commands")


@dataclass(frozen=True)
class Wish:
    """A command, its place in the stream of commands and the moment of the wish in Unix nanoseconds."""

    sequence: int
    time_ns: int
    command: control_pb2.Command


class Commands:
    """The commands of one session in the order of their stream.

    A command is due before the first frame that was ingested after the wish. If that frame is past already it is due
    before the next one, and has an appointment there: whoever reads the session again keeps it.

    Args:
        bus: the bus.
        session: the bare session id.

    Attributes:
        appointments: places in the stream of landmarks by places in the stream of commands; those of the owner before
            are put in before `run`.
    """

    def __init__(self, bus: Bus, session: str) -> None:
        self._bus, self._subject = bus, topics.commands(session)
        self._waiting: deque[Wish] = deque()
        self._caught_up = asyncio.Event()
        self.appointments: dict[int, int] = {}

    async def run(self, after: int) -> None:
        """Take in the commands behind a place in their stream, until cancelled."""
        last = await self._bus.last(topics.COMMANDS_STREAM, self._subject)
        past = (last.seq or 0) if last else 0
        if past <= after:
            self._caught_up.set()
        async for stored in follow(self._bus, topics.COMMANDS_STREAM, self._subject, start=after + 1):
            self._take(stored)
            if stored.sequence >= past:
                self._caught_up.set()

    async def caught_up(self) -> None:
        """Wait until the commands that were there at the start are taken in."""
        await self._caught_up.wait()

    def due(self, sequence: int, ingest_time_ns: int) -> list[Wish]:
        """The commands to obey before the message at that place in the stream of landmarks."""
        found = []
        while self._waiting and self._is_due(self._waiting[0], sequence, ingest_time_ns):
            found.append(self._waiting.popleft())
            self.appointments[found[-1].sequence] = sequence
        return found

    def _is_due(self, wish: Wish, sequence: int, ingest_time_ns: int) -> bool:
        place = self.appointments.get(wish.sequence)
        return wish.time_ns < ingest_time_ns if place is None else place <= sequence

    def _take(self, stored: Stored) -> None:
        try:
            command = decode(control_pb2.Command, stored.body)
        except PermanentError as error:
            log.error("command %d: %s", stored.sequence, error.message)
            return
        # A clock that is ahead must not make the user wait: when it was stored the wish had been made.
        self._waiting.append(Wish(stored.sequence, min(command.time_ns, stored.time_ns), command))
