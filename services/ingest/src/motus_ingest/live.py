"""A live source as the rest of ingest sees it: reconnected for as long as the session lives, paced, cut and encoded."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from fractions import Fraction
from typing import Final, TypeVar

from motus_ingest.cutting import Cutting
from motus_ingest.link_watch import LinkWatch
from motus_ingest.live_clock import LiveClock
from motus_ingest.outage import Backoff, Watch
from motus_ingest.pace import Pace
from motus_ingest.regions import Regions
from motus_ingest.sampling import Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.picture import PictureForm, encoded, form_of
from motus_ingest.sources.port import CaptureOrigin, LiveSource, LostError, Picture, Shot, Step, Trouble
from motus_runtime.tally import Tally

log = logging.getLogger("motus.ingest")
T = TypeVar("T")

STALLED: Final = Trouble("source_stalled", "No picture comes from the source; Motus goes on trying to reach it.")
BACK: Final = Trouble("source_back", "Pictures come from the source again.")
_RATE_OVER: Final = 31


class LiveFeed:
    """A `FrameSource` over connections of a live source; see the port.

    Args:
        connect: makes the next connection.
        settings: bounds and form of the pictures.
        regions: where pose sees people.
        tally: counts reconnections and drops by cause.
        start_ns: the session's start, Unix nanoseconds.
        after_s: time of the last frame that an owner before sent, seconds since the start.
    """

    def __init__(
        self,
        connect: Callable[[], LiveSource],
        settings: IngestSettings,
        regions: Regions,
        tally: Tally,
        start_ns: int,
        after_s: float = 0.0,
    ) -> None:
        self._connect, self._settings, self._regions, self._tally = connect, settings, regions, tally
        self._start_ns = start_ns
        self._form = PictureForm(settings.max_side_px, settings.jpeg_quality, settings.patch_px)
        self._clock, self._sampling = LiveClock(after_s), Sampling(settings.max_fps)
        self._pace, self._cutting = Pace.start(settings.max_fps), Cutting()
        self._link = LinkWatch()
        self._arrivals: deque[float] = deque(maxlen=_RATE_OVER)

    @property
    def duration_s(self) -> float | None:
        """A live source has no known end."""
        return None

    def told(self, *, lag_ms: float, dropped: bool, wanted_fps: float) -> None:
        """Hear pose's answer to a frame; see `Pace`."""
        self._pace = self._pace.told(
            time.monotonic(), lag_ms=lag_ms, dropped=dropped, wanted_fps=wanted_fps, arriving_fps=self._arriving_fps()
        )
        self._sampling = replace(self._sampling, max_fps=self._pace.fps)

    async def steps(self) -> AsyncGenerator[Step, None]:
        """See the port. It has no end of its own."""
        watch = Watch(self._settings.silence_s, time.monotonic())
        async with aclosing(self._shots()) as shots:
            waiting = asyncio.create_task(_next(shots))
            try:
                while True:
                    await asyncio.wait({waiting}, timeout=watch.left_s(time.monotonic()))
                    if not waiting.done():
                        watch = watch.stall()
                        yield STALLED
                        continue
                    if (shot := waiting.result()) is None:
                        return
                    waiting = asyncio.create_task(_next(shots))
                    was_stalled, watch = watch.seen(time.monotonic())
                    if was_stalled:
                        yield BACK
                    self._link.see(shot[0])
                    yield await self._step(*shot)
                    if news := self._link.news():
                        yield news
            finally:
                waiting.cancel()
                await asyncio.wait({waiting})

    async def _shots(self) -> AsyncGenerator[tuple[Shot, float], None]:
        """The frames of one connection after the other, each with its time, seconds since the session's start."""
        backoff = Backoff()
        while True:
            source = self._connect()
            self._clock = self._clock.reconnected()
            wait_s, overtaken = self._settings.connect_s, 0
            try:
                async with aclosing(source.shots()) as shots:
                    while (shot := await _next(shots, wait_s)) is not None:
                        backoff, wait_s = Backoff(), self._settings.silence_s
                        missed, overtaken = source.overtaken - overtaken, source.overtaken
                        self._tally.count("frames_dropped_overtaken", missed)
                        self._tally.count("frames_in", missed)
                        yield shot, self._placed(shot)
            except (LostError, TimeoutError) as error:
                log.info("a live source is opened anew: %s", error or "it is silent")
            self._tally.count("reconnects")
            pause_s, backoff = backoff.next(random.random())
            await asyncio.sleep(pause_s)

    def _placed(self, shot: Shot) -> float:
        arrived_s = (shot.arrived_ns - self._start_ns) / 1e9
        self._arrivals.append(arrived_s)
        self._clock = self._clock.place(shot.stamp_s, arrived_s)
        return self._clock.last_s

    async def _step(self, shot: Shot, t_s: float) -> Step:
        omission, self._sampling = self._sampling.judge(t_s)
        if omission is not None:
            return omission
        return await asyncio.to_thread(self._picture, shot, t_s)

    def _picture(self, shot: Shot, t_s: float) -> Picture:
        aspect = None if shot.pixel_aspect is None else Fraction(shot.pixel_aspect)
        form = form_of(shot.frame, aspect, self._form)
        cuts, self._cutting = self._cutting.judge(t_s, self._regions.newest(), form)
        patches = encoded(shot.frame, form, cuts, self._form.jpeg_quality)
        origin = CaptureOrigin.ARRIVAL if shot.captured_ns is None else CaptureOrigin.SENDER
        captured_ns = shot.arrived_ns if shot.captured_ns is None else shot.captured_ns
        return Picture(t_s, form.width, form.height, patches, shot.arrived_ns, origin, captured_ns)

    def _arriving_fps(self) -> float:
        if len(self._arrivals) < 2:
            return 0.0
        return (len(self._arrivals) - 1) / max(self._arrivals[-1] - self._arrivals[0], 1e-3)


async def _next(items: AsyncIterator[T], within_s: float | None = None) -> T | None:
    """The next item, None behind the last.

    Raises:
        TimeoutError: it did not come in time.
    """
    async with asyncio.timeout(within_s):
        return await anext(items, None)
