"""Every-frame delivery: in order, none lost, with credit for two frames; the receiver's answer is the credit.

A frame goes out as a request. When its answer is late, says BUSY, or the server says that nobody listens, the same
bytes go out again. The receiver may be another by then, so order needs care: in trouble one frame is under way at a
time, and a frame is repeated only behind the frame before it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from nats.aio.msg import Msg

from motus.bus.v1 import control_pb2, frame_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError, UnavailableError
from motus_runtime.tally import Tally

CREDIT = 2
_DESERTED = "resent_no_receiver"
ANSWER_S = 1.5
REPEATED_S = 0.25
"""A frame without an answer goes out so often: a worker that hangs still receives, and nobody tells who follows it."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.5

_COUNTS = {
    frame_pb2.FRAME_OUTCOME_DONE: "frames_done",
    frame_pb2.FRAME_OUTCOME_DUPLICATE: "frames_duplicate",
    frame_pb2.FRAME_OUTCOME_SUPERSEDED: "frames_dropped_superseded",
    frame_pb2.FRAME_OUTCOME_BAD: "frames_dropped_bad",
    frame_pb2.FRAME_OUTCOME_STALE: "frames_dropped_stale",
}


@dataclass
class _Flight:
    """A frame that is under way: `settled` gets its outcome, `trouble` the cause why it must go out again."""

    token: str
    frame: frame_pb2.Frame
    settled: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    trouble: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    delivery: asyncio.Task[None] | None = None
    repeated: bool = False

    def fail(self, cause: str) -> None:
        if not self.trouble.done():
            self.trouble.set_result(cause)

    async def is_settled(self, within_s: float, *, or_troubled: bool) -> bool:
        awaited: set[asyncio.Future[int] | asyncio.Future[str]] = {self.settled}
        if or_troubled:
            awaited.add(self.trouble)
        await asyncio.wait(awaited, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        return self.settled.done()


class EverySender:
    """Sends one session's frames to pose; use it as a context, which ends what is under way.

    Args:
        bus: the bus.
        session: bare session id.
        tally: counts what became of each frame, by cause.
        answer_s: how long an answer may take before the frame goes out again, seconds.

    Attributes:
        fenced: an answer said that another worker has taken the session over.
    """

    def __init__(self, bus: Bus, session: str, tally: Tally, *, answer_s: float = ANSWER_S) -> None:
        self._bus, self._session, self._tally, self._answer_s = bus, session, tally, answer_s
        self._subject = topics.frames(session)
        self._inbox = bus.client.new_inbox()
        self._flights: deque[_Flight] = deque()
        # Until the first answer nobody knows whether somebody listens.
        self._heard = False
        self._pose_epoch = 0
        self._end_listening: Callable[[], Awaitable[None]] | None = None
        self.fenced = False

    async def __aenter__(self) -> Self:
        self._end_listening = await self._bus.listen(f"{self._inbox}.*", self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deliveries = [flight.delivery for flight in self._flights if flight.delivery is not None]
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)
        if self._end_listening is not None:
            await self._end_listening()

    async def send(self, frame: frame_pb2.Frame) -> None:
        """Wait for credit and send a frame, or the end, behind all before it. Cancelling it loses no frame sent before.

        Raises:
            PermanentError: the server takes no message of this size; the frame was not sent.
        """
        while len(self._flights) >= self._credit():
            await self._oldest()
        token = "end" if frame.HasField("end") else str(frame.ref.frame_seq)
        flight = _Flight(token, frame)
        before = self._flights[-1].delivery if self._flights else None
        self._flights.append(flight)
        try:
            await self._publish(flight)
        except BaseException:
            self._flights.pop()
            raise
        self._count(flight, "frames_sent")
        flight.delivery = asyncio.create_task(self._deliver(flight, before))

    async def settle(self) -> None:
        """Wait until every frame that was sent is settled."""
        while self._flights:
            await self._oldest()

    def _credit(self) -> int:
        calm = self._heard and not any(flight.repeated for flight in self._flights)
        return CREDIT if calm else 1

    async def _oldest(self) -> None:
        delivery = self._flights[0].delivery
        assert delivery is not None
        # Not awaited itself, so that cancelling the caller leaves the frame under way.
        await asyncio.wait({delivery})
        self._flights.popleft()
        delivery.result()

    async def _deliver(self, flight: _Flight, before: asyncio.Task[None] | None) -> None:
        pause_s, answer_s = FIRST_PAUSE_S, self._answer_s
        while not await flight.is_settled(answer_s, or_troubled=True):
            flight.repeated, answer_s = True, min(REPEATED_S, self._answer_s)
            cause = flight.trouble.result() if flight.trouble.done() else "resent_no_answer"
            self._count(flight, cause)
            if cause == _DESERTED:
                await self._invite()
            if before is not None and not before.done():
                await asyncio.wait({before})
            elif not await flight.is_settled(pause_s, or_troubled=False):
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            if flight.settled.done():
                break
            self._count(flight, "frames_resent")
            await self._publish(flight)
        self._heard = True

    async def _publish(self, flight: _Flight) -> None:
        flight.trouble = asyncio.get_running_loop().create_future()
        try:
            await self._bus.publish(self._subject, flight.frame, reply=f"{self._inbox}.{flight.token}")
        except UnavailableError:
            flight.fail("resent_not_connected")

    async def _invite(self) -> None:
        """Ask for another receiver; before the first answer nobody is known to be gone, and leases see to it."""
        if self._pose_epoch:
            invitation = control_pb2.Invitation(session=self._session, pose_epoch=self._pose_epoch)
            with suppress(UnavailableError):  # the frame goes out again, and so does this
                await self._bus.publish(topics.invitations(self._session), invitation)

    def _hear(self, message: Msg) -> None:
        if (message.headers or {}).get("Status") == "503":
            # Nobody listens: whoever had the frames under way is gone, so none of them will be answered.
            for flight in self._flights:
                flight.fail(_DESERTED)
            return
        token = message.subject.rsplit(".", 1)[1]
        flights = [flight for flight in self._flights if flight.token == token and not flight.settled.done()]
        if flights:
            self._settle_by(message, flights[0])

    def _settle_by(self, message: Msg, flight: _Flight) -> None:
        try:
            ack = decode(frame_pb2.FrameAck, message.data)
        except PermanentError:
            return  # no answer: the frame goes out again
        if ack.pose_epoch < self._pose_epoch:
            return  # a former owner that does not know it yet: what it stores is dropped
        outcome, self._pose_epoch = ack.outcome, ack.pose_epoch
        if outcome == frame_pb2.FRAME_OUTCOME_BUSY:
            flight.fail("resent_busy")
        elif outcome in _COUNTS:
            flight.settled.set_result(outcome)
            self._count(flight, _COUNTS[outcome])
            self.fenced |= outcome == frame_pb2.FRAME_OUTCOME_STALE

    def _count(self, flight: _Flight, cause: str) -> None:
        if not flight.frame.HasField("end"):
            self._tally.count(cause)
