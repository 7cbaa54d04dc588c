"""What both ways of delivery have in common: they hear pose's answers, and end what is under way with their block."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

from motus.bus.v1 import frame_pb2
from motus_ingest.answers import Answers
from motus_ingest.regions import Regions
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.tally import Tally


class Sending(ABC):
    """Sends one session's frames to pose; use it as a context, which ends what is under way.

    Args:
        bus: the bus.
        session: bare session id.
        tally: counts what became of each frame, by cause.
        regions: is told where pose sees people.
    """

    def __init__(self, bus: Bus, session: str, tally: Tally, regions: Regions) -> None:
        self._bus, self._tally = bus, tally
        self._subject = topics.frames(session)
        self._answers = Answers(bus, session, regions)
        self._end_listening: Callable[[], Awaitable[None]] | None = None

    @property
    def fenced(self) -> bool:
        """An answer said that another worker has taken the session over."""
        return self._answers.fenced

    async def __aenter__(self) -> Self:
        self._end_listening = await self._answers.listen(self._settle, self._deserted)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._under_way())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._end_listening is not None:
            await self._end_listening()

    @abstractmethod
    async def send(self, frame: frame_pb2.Frame) -> None:
        """Send a frame.

        Raises:
            PermanentError: the server takes no message of this size; the frame was not sent.
        """

    @abstractmethod
    def _under_way(self) -> Iterable[asyncio.Task[None]]:
        """Tasks that end with the block."""

    @abstractmethod
    def _settle(self, token: int, ack: frame_pb2.FrameAck) -> None:
        """A frame is answered."""

    @abstractmethod
    def _deserted(self, token: int) -> None:
        """Nobody received a frame."""
