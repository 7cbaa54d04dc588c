"""Landmarks that a client pushes: stored as pose stores its own, under the epoch of the call's lease."""

import asyncio
import time
from typing import Self

from motus.bus.v1 import frame_pb2
from motus.v1 import ingest_service_pb2
from motus_ingest import convert
from motus_ingest.push import convert as pushed
from motus_ingest.push.hold import Hold
from motus_ingest.push.requests import Requests, refuse
from motus_ingest.push.times import Times
from motus_ingest.reporting import report_final, report_live
from motus_ingest.session import position
from motus_ingest.settings import IngestSettings
from motus_ingest.stopping import ended, stop_reason
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.errors import FailedPreconditionError
from motus_runtime.tally import Tally


class PushedLandmarks:
    """One call's landmarks on their way to kinematics. Make one with `begin`.

    Attributes:
        tally: what became of them.
    """

    def __init__(
        self, bus: Bus, hold: Hold, start: ingest_service_pb2.LandmarksStart, times: Times, at_s: float
    ) -> None:
        self._bus, self._hold, self._start, self._times = bus, hold, start, times
        self._subject = topics.landmarks(hold.spec.session)
        self._last = convert.frame_ref(hold.spec, hold.epoch, 0, at_s, time.time_ns())
        self._sent = 0
        self.tally = Tally("ingest")

    @classmethod
    async def begin(
        cls, bus: Bus, hold: Hold, start: ingest_service_pb2.LandmarksStart, settings: IngestSettings
    ) -> Self:
        """Go on behind what is stored of a session.

        Raises:
            FailedPreconditionError: its end is.
            RetryableError: the bus does not answer.
        """
        after_s, is_over = await position(bus, hold.spec.session)
        if is_over:
            raise over(hold)
        times = Times(settings.max_fps, settings.max_duration_s, after_s)
        return cls(bus, hold, start, times, after_s or 0.0)

    async def run(self, requests: Requests) -> None:
        """Store what comes until the end was said, the session is stopped, or the caller leaves it open.

        Raises:
            MotusError: something that came cannot be taken, or nothing comes any more.
        """
        feed = asyncio.create_task(self._feed(requests))
        stop = asyncio.create_task(stop_reason(self._bus, self._hold.spec.session))
        try:
            await asyncio.wait({feed, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(feed, stop)
        if not stop.cancelled():
            await self.end(reason=stop.result())
        elif feed.result():
            await self.end()

    async def end(self, *, failure: str | None = None, reason: str = "") -> None:
        """Say that nothing follows, the figures first."""
        await report_final(self._bus, self._last, self.tally.report(final=True))
        end = frame_pb2.End(failed=failure is not None, reason=failure or reason, frames=self._sent)
        await self._bus.store_surely(self._subject, pushed.landmarks_end(self._last, end, self._start))

    async def report(self) -> None:
        """Tell those who watch how it goes, until cancelled."""
        await report_live(self._bus, self._hold.spec.session, self._hold.epoch, self.tally.report)

    async def _feed(self, requests: Requests) -> bool:
        """Returns whether the end was said."""
        async for message in requests.data():
            await self._take(message.frame)
        return requests.ended

    async def _take(self, frame: ingest_service_pb2.LandmarksFrame) -> None:
        refuse(self._times.take(frame.t_s))
        if self._times.is_stored(frame.t_s):
            self.tally.count("frames_skipped")
            return
        if not self._hold.lives():
            return  # erased, or another's: nothing more is stored, and the call is about to end
        person = pushed.person_of(frame, self._hold.spec)
        self.tally.count("frames_in")
        self.tally.count("frames_with_pose", int(person is not None))
        now_ns = time.time_ns()
        origin, captured_ns = pushed.captured(frame, now_ns)
        ref = convert.frame_ref(self._hold.spec, self._hold.epoch, self._sent, frame.t_s, now_ns, origin, captured_ns)
        # No message id: as pose's they are fenced, not deduplicated.
        await self._bus.store_surely(self._subject, pushed.landmarks(ref, person, self._start))
        self.tally.count("frames_sent")
        self.tally.observe(now_ns)
        self._last, self._sent = ref, self._sent + 1


def over(hold: Hold) -> FailedPreconditionError:
    """The refusal of a session whose end is stored."""
    return FailedPreconditionError(f"session {hold.spec.session} is over", reason="SESSION_OVER")
