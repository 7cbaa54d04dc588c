"""Every-frame delivery: in order, none lost, with credit for two frames; the receiver's answer is the credit.

A frame goes out as a request. When its answer is late, says BUSY, or the server says that nobody listens, the same
bytes go out again. The receiver may be another by then, so order needs care: in trouble one frame is under way at a
time, and a frame is repeated only behind the frame before it.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from motus.bus.v1 import frame_pb2
from motus_ingest.answers import COUNTS
from motus_ingest.regions import Regions
from motus_ingest.sending import Sending
from motus_runtime.bus import Bus
from motus_runtime.errors import UnavailableError
from motus_runtime.tally import Tally

CREDIT = 2
END = -1
"""Token of the end; frames have their numbers."""
_DESERTED = "resent_no_receiver"
ANSWER_S = 1.5
REPEATED_S = 0.25
"""A frame without an answer goes out so often: a worker that hangs still receives, and nobody tells who follows it."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.5


@dataclass
class _Flight:
    """A frame that is under way: `settled` gets its outcome, `trouble` the cause why it must go out again."""

    token: int
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


class EverySender(Sending):
    """Sends one session's frames to pose; use it as a context, which ends what is under way.

    Args:
        bus: the bus.
        session: bare session id.
        tally: counts what became of each frame, by cause.
        regions: is told where pose sees people.
        answer_s: how long an answer may take before the frame goes out again, seconds.
    """

    def __init__(self, bus: Bus, session: str, tally: Tally, regions: Regions, *, answer_s: float = ANSWER_S) -> None:
        super().__init__(bus, session, tally, regions)
        self._answer_s = answer_s
        self._flights: deque[_Flight] = deque()
        # Until the first answer nobody knows whether somebody listens.
        self._heard = False

    def _under_way(self) -> Iterable[asyncio.Task[None]]:
        return [flight.delivery for flight in self._flights if flight.delivery is not None]

    async def send(self, frame: frame_pb2.Frame) -> None:
        """Wait for credit and send a frame, or the end, behind all before it. Cancelling it loses no frame sent before.

        Raises:
            PermanentError: the server takes no message of this size; the frame was not sent.
        """
        while len(self._flights) >= self._credit():
            await self._oldest()
        token = END if frame.HasField("end") else frame.ref.frame_seq
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
                await self._answers.invite()
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
            await self._bus.publish(self._subject, flight.frame, reply=self._answers.reply_to(flight.token))
        except UnavailableError:
            flight.fail("resent_not_connected")

    def _deserted(self, token: int) -> None:
        # Nobody listens: whoever had the frames under way is gone, so none of them will be answered.
        for flight in self._flights:
            flight.fail(_DESERTED)

    def _settle(self, token: int, ack: frame_pb2.FrameAck) -> None:
        flight = next((one for one in self._flights if one.token == token and not one.settled.done()), None)
        if flight is None:
            return
        if ack.outcome == frame_pb2.FRAME_OUTCOME_BUSY:
            flight.fail("resent_busy")
        elif ack.outcome in COUNTS:
            flight.settled.set_result(ack.outcome)
            self._count(flight, COUNTS[ack.outcome])

    def _count(self, flight: _Flight, cause: str) -> None:
        if not flight.frame.HasField("end"):
            self._tally.count(cause)
