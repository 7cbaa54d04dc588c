"""One session from its source to its end: plays the source, paces it, sends every frame, says how it went."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing, nullcontext, suppress
from dataclasses import dataclass

from motus.bus.v1 import control_pb2
from motus.v1 import session_service_pb2
from motus_ingest import convert
from motus_ingest.newest_sender import NewestSender
from motus_ingest.opening import Opened, open_source
from motus_ingest.regions import Regions
from motus_ingest.reporting import report_final, report_live
from motus_ingest.room_cues import speak_cues
from motus_ingest.sampling import Omission, Schedule, Tracing
from motus_ingest.sender import EverySender
from motus_ingest.sending import Sending
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.port import Picture, SourceError, Step, Trouble
from motus_ingest.stopping import ended, stop_reason
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.errors import PermanentError, RetryableError, UnavailableError
from motus_runtime.tally import Tally
from motus_runtime.telemetry import tracer

log = logging.getLogger("motus.ingest")

LAST_WORDS_S = 5.0
"""So long a room is kept for what the coach says at the end."""
# A frame so much behind its time shows that the pipeline does not keep up with real time.
LATE_S = 0.1


async def play(
    bus: Bus,
    settings: IngestSettings,
    spec: control_pb2.SessionSpec,
    epoch: int,
    opening: Callable[..., Opened] = open_source,
) -> None:
    """Play a session to its end, behind what was done of it before; returns once its end is known to pose.

    Args:
        bus: the bus.
        settings: the service's.
        spec: of the session.
        epoch: of this owner.
        opening: gives its source, called as `open_source` is.

    Raises:
        RetryableError: the bus does not answer, or another worker has taken the session over.
    """
    after_s, is_over = await position(bus, spec.session)
    if is_over:
        return
    regions, tally = Regions(), Tally("ingest")
    opened = opening(spec, settings, regions, tally, epoch=epoch, after_s=after_s)
    async with AsyncExitStack() as stack:
        surely = await stack.enter_async_context(EverySender(bus, spec.session, tally, regions))
        sender: Sending = surely
        if opened.live:
            newest = NewestSender(bus, spec.session, tally, regions, heard=opened.heard)
            sender = await stack.enter_async_context(newest)
        try:
            await _Playback(bus, spec, epoch, opened, sender, surely, tally, after_s or 0.0).run()
        finally:
            regions.close()
    if sender.fenced or surely.fenced:
        raise RetryableError("another worker has taken the session over")


async def position(bus: Bus, session: str) -> tuple[float | None, bool]:
    """The time of the last frame done, None when there is none, and whether the session's end is stored."""
    last = await bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session))
    if last is None:
        return None, False
    try:
        return convert.position(last.data or b"")
    except PermanentError as error:
        log.error("last landmarks of %s: %s; playing from the start", session, error.message)
        return None, False


@dataclass
class _Outcome:
    """How the source came to its end: why it failed, or why it was stopped."""

    failure: str | None = None
    reason: str = ""


class _Playback:
    """The state of a session that is played."""

    def __init__(
        self,
        bus: Bus,
        spec: control_pb2.SessionSpec,
        epoch: int,
        opened: Opened,
        sender: Sending,
        surely: EverySender,
        tally: Tally,
        after_s: float,
    ) -> None:
        self._bus, self._spec, self._epoch = bus, spec, epoch
        self._source, self._live, self._room = opened.source, opened.live, opened.room
        self._sender, self._surely, self._tally = sender, surely, tally
        self._troubles, self._over = 0, False
        self._last = convert.frame_ref(spec, epoch, 0, after_s, time.time_ns())
        self._sent = 0
        self._schedule: Schedule | None = None
        self._tracing = Tracing()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            reporting, feed = group.create_task(self._report_progress()), group.create_task(self._feed())
            speaking = group.create_task(self._speak())
            try:
                outcome = await self._outcome(group, feed)
                await self._surely.settle()
                if not self._sender.fenced:
                    await self._end(outcome)
                    # Who is filmed hears the summary too, so the room is left behind it.
                    await asyncio.wait({speaking}, timeout=LAST_WORDS_S)
            finally:
                await ended(feed, reporting, speaking)

    async def _outcome(self, group: asyncio.TaskGroup, feed: "asyncio.Task[_Outcome]") -> _Outcome:
        """Wait for the source's end, or a command that stops it; what comes behind it is passed over."""
        stop = group.create_task(stop_reason(self._bus, self._spec.session))
        try:
            await asyncio.wait({feed, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(stop)
        self._over = True
        if self._room is None:
            await ended(feed)
        return feed.result() if feed.done() and not feed.cancelled() else _Outcome(reason=stop.result())

    async def _speak(self) -> None:
        if self._room is not None:
            await speak_cues(self._bus, self._spec.session, self._room, self._tally)

    async def _feed(self) -> _Outcome:
        try:
            async with aclosing(self._source.steps()) as steps:
                async for step in steps:
                    if self._over:
                        continue
                    await self._take(step)
                    if self._sender.fenced:
                        break
        except (SourceError, PermanentError) as error:
            log.info("session %s failed: %s", self._spec.session, error)
            return _Outcome(failure=str(error))
        return _Outcome()

    async def _take(self, step: Step) -> None:
        if isinstance(step, Trouble):
            await self._tell(step)
            return
        if isinstance(step, Omission):
            self._tally.count(step.value)
        if step is not Omission.RESUMED:
            self._tally.count("frames_in")
        if isinstance(step, Picture):
            await self._send(step, await self._wait_until_due(step))

    async def _tell(self, trouble: Trouble) -> None:
        self._troubles += 1
        self._tally.count(trouble.code)
        envelope = convert.trouble_event(self._last, trouble, self._troubles)
        with suppress(UnavailableError):  # the bus is away too, and what is told late tells nothing
            await self._bus.store(
                topics.events(self._spec.session, "ingest"), envelope, message_id=f"{envelope.event.name}@1"
            )

    async def _wait_until_due(self, picture: Picture) -> int:
        """Wait for the frame's time; returns its ingest time, Unix nanoseconds.

        A frame that was decoded ahead of its time is taken in when it is due: it stands for a camera's.
        """
        if self._live or self._spec.source.pacing == session_service_pb2.PACING_FAST or not self._sent:
            return picture.decoded_ns
        if self._schedule is None:
            # The play begins when somebody has seen the first frame, or all that follow would be late from the start.
            await self._surely.settle()
            self._schedule = Schedule(time.monotonic(), self._last.t_s)
        due_s = self._schedule.due_s(picture.t_s)
        await asyncio.sleep(due_s - time.monotonic())
        late_s = time.monotonic() - due_s
        if late_s > LATE_S:
            self._tally.count("frames_late")
        return max(picture.decoded_ns, time.time_ns() - round(late_s * 1e9))

    async def _send(self, picture: Picture, ingest_time_ns: int) -> None:
        origin, captured_ns = picture.origin, picture.captured_ns
        ref = convert.frame_ref(self._spec, self._epoch, self._sent, picture.t_s, ingest_time_ns, origin, captured_ns)
        traced, self._tracing = self._tracing.judge(picture.t_s)
        with tracer().start_as_current_span("ingest frame") if traced else nullcontext():
            await self._sender.send(convert.picture_frame(ref, picture, live=self._live))
        self._last, self._sent = ref, self._sent + 1

    async def _end(self, outcome: _Outcome) -> None:
        report = self._tally.report(final=True)
        if outcome.failure is None and not outcome.reason and not self._live:
            report.progress = 1.0
        await report_final(self._bus, self._last, report)
        end = convert.end_frame(self._last, self._sent, outcome.failure, outcome.reason, live=self._live)
        await self._surely.send(end)
        await self._surely.settle()

    async def _report_progress(self) -> None:
        await report_live(
            self._bus, self._spec.session, self._epoch, lambda: self._tally.report(progress=self._progress())
        )

    def _progress(self) -> float | None:
        duration_s = self._source.duration_s
        return None if not duration_s else min(1.0, max(0.0, self._last.t_s / duration_s))
