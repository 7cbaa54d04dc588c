"""Sessions with pictures that are pushed: played as any other, under the lease of the call."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from motus.v1 import session_service_pb2
from motus_ingest.opening import Opened
from motus_ingest.push.hold import Hold
from motus_ingest.regions import Regions
from motus_ingest.sampling import Omission, Sampling
from motus_ingest.session import play
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.file_source import FileSource
from motus_ingest.sources.port import FrameSource, SourceError, Step
from motus_runtime.bus import Bus
from motus_runtime.errors import MotusError
from motus_runtime.tally import Tally

_Open = Callable[[Regions, float | None], Opened]


class Playing:
    """One session's play.

    Args:
        bus: the bus.
        hold: the session.
        settings: the service's.

    Attributes:
        tally: what became of its pictures.
    """

    def __init__(self, bus: Bus, hold: Hold, settings: IngestSettings) -> None:
        self._bus, self._hold, self._settings = bus, hold, settings
        self.tally = Tally("ingest")

    async def frames(self, source: FrameSource) -> None:
        """Play pictures as they come: every one where the session says fast, else the newest wins."""
        every = self._hold.spec.source.pacing == session_service_pb2.PACING_FAST
        await self._play(lambda regions, after_s: Opened(source, live=not every))

    async def file(self, path: Path) -> None:
        """Play a file that is here for this play alone."""
        settings = replace(self._settings, roots=(path.parent,))

        def opened(regions: Regions, after_s: float | None) -> Opened:
            sampling = Sampling.behind(settings.max_fps, after_s)
            return Opened(FileSource(path.as_uri(), settings, sampling, regions), live=False)

        await self._play(opened)

    async def nothing(self, failure: str | None) -> None:
        """Bring a session to its end: with a failure, or as the command says that stopped it."""
        await self._play(lambda regions, after_s: Opened(_Nothing(failure), live=False))

    async def _play(self, opened: _Open) -> None:
        def opening(
            spec: Any, settings: Any, regions: Regions, tally: Tally, *, epoch: int, after_s: float | None
        ) -> Opened:
            self.tally = tally
            return opened(regions, after_s)

        try:
            await play(self._bus, self._settings, self._hold.spec, self._hold.epoch, opening)
        except ExceptionGroup as group:
            raise _expected(group) from None


def _expected(group: ExceptionGroup[Exception]) -> Exception:
    """The one error that a caller understands, of what the tasks of a play raised; the whole where there is a bug."""
    expected, bugs = group.split(MotusError)
    if expected is None or bugs is not None:
        return group
    error: Exception = expected
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


class _Nothing:
    """A source that gives nothing; see the port `FrameSource`."""

    duration_s = None

    def __init__(self, failure: str | None) -> None:
        self._failure = failure

    async def steps(self) -> AsyncGenerator[Step, None]:
        """Fails, or waits for the command that ends it all."""
        if self._failure is not None:
            raise SourceError(self._failure)
        while True:
            await asyncio.Event().wait()
            yield Omission.RESUMED  # never; but this is a generator
