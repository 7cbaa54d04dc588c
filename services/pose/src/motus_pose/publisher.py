"""What leaves a session: landmarks stored in order, and after that the answer to the frame's sender."""

import asyncio
import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry import trace

from motus.bus.v1 import frame_pb2
from motus_pose import convert
from motus_pose.engines.port import EngineInfo
from motus_pose.frames import Frame
from motus_pose.tracking import DOUBTED, TrackedPerson
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.errors import UnavailableError
from motus_runtime.tally import Tally

log = logging.getLogger("motus.pose")

# Fifteen seconds of one stream, half a megabyte: a cluster takes up to eight to elect who stores, and what is seen
# meanwhile is kept. A sender without answers stops by itself.
OUTBOX: Final = 450


@dataclass(frozen=True, slots=True)
class Job:
    """A frame that arrived, where its answer goes (empty: nowhere), and its span when the sender sampled it."""

    frame: Frame
    reply: str
    span: trace.Span | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What leaves for a job.

    Attributes:
        job: the job.
        outcome: what became of it. With DONE its landmarks, or its end, are stored first.
        persons: who was seen.
        engine: what saw them.
        wanted_fps: frames per second that the session would like to get, 0 for as they come.
    """

    job: Job
    outcome: frame_pb2.FrameOutcome.ValueType
    persons: tuple[TrackedPerson, ...] = ()
    engine: EngineInfo | None = None
    wanted_fps: float = 0.0


class Publisher:
    """Sends a session's answers one after the other.

    Args:
        bus: the bus.
        session: bare session id.
        pose_epoch: the lease's epoch, which goes into every output.
        tally: the session's figures.
    """

    def __init__(self, bus: Bus, session: str, pose_epoch: int, tally: Tally) -> None:
        self._bus, self._session, self._epoch, self._tally = bus, session, pose_epoch, tally
        self._outbox: asyncio.Queue[Answer] = asyncio.Queue(OUTBOX)

    async def put(self, answer: Answer) -> None:
        """Send an answer; waits while the outbox is full."""
        await self._outbox.put(answer)

    def offer(self, answer: Answer) -> None:
        """Send an answer that has nothing to store; it is dropped and counted when the outbox is full."""
        try:
            self._outbox.put_nowait(answer)
        except asyncio.QueueFull:
            self._tally.count("acks_lost")

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            answer = await self._outbox.get()
            with _within(answer.job.span):
                if answer.outcome == frame_pb2.FRAME_OUTCOME_DONE:
                    await self._store(answer)
                await self._reply(answer)

    async def report(self) -> None:
        """Tell those who watch what was done so far."""
        live = convert.live_report(self._session, self._tally.report(), self._epoch)
        try:
            await self._bus.publish(topics.live(self._session), live)
        except UnavailableError as error:
            log.info("no report: %s", error.message)

    async def _store(self, answer: Answer) -> None:
        frame = answer.job.frame
        if frame.end is not None:
            await self._store_report(frame)
        message = convert.landmarks_message(frame, answer.persons, answer.engine, self._epoch)
        # No message id: a second owner's landmarks of the same frame must not be dropped as a duplicate.
        await self._bus.store_surely(topics.landmarks(self._session), message)
        if frame.end is None:
            self._tally.observe(frame.ref.ingest_time_ns)
            self._tally.count("frames_out")
            self._tally.count("frames_with_pose", any(person.pose.confidence > DOUBTED for person in answer.persons))

    async def _store_report(self, frame: Frame) -> None:
        """Final figures go ahead of the end, so that they are there when the session is said to have ended."""
        event = convert.report_event(frame.ref, self._tally.report(final=True), self._epoch)
        message_id = f"{event.event.name}@{event.event.revision}"
        await self._bus.store_surely(topics.events(self._session, "pose"), event, message_id=message_id)

    async def _reply(self, answer: Answer) -> None:
        if not answer.job.reply:
            return
        ack = convert.ack_message(
            answer.job.frame.ref, answer.outcome, self._epoch, persons=answer.persons, wanted_fps=answer.wanted_fps
        )
        try:
            await self._bus.publish(answer.job.reply, ack)
        except UnavailableError as error:
            self._tally.count("acks_lost")
            log.info("no answer: %s", error.message)


def _within(span: trace.Span | None) -> AbstractContextManager[Any]:
    return nullcontext() if span is None else trace.use_span(span, end_on_exit=True)
