"""One session's way through pose: frame in, people out, answer to the sender, in this order and never twice.

The bus's callback only puts a frame where it waits. From there it goes through three loops, so that a frame is looked
at while the next one is decoded and the one before is stored: take it, wait for what is seen, publish that. The
sessions of a worker look in turn, as many at once as there are cores: none waits for more than one look of each other.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final

from nats.aio.msg import Msg
from opentelemetry import trace

from motus.bus.v1 import frame_pb2, landmarks_pb2
from motus_pose import convert
from motus_pose.assigning import Assigning
from motus_pose.engines.port import EngineError, EngineFactory, PersonPose, RefusedError
from motus_pose.frames import Frame
from motus_pose.inference import Inference
from motus_pose.lanes import Lane
from motus_pose.ordering import Done, Freshness, Verdict, after, judge
from motus_pose.picture import BadPictureError, Picture
from motus_pose.publisher import Answer, Job, Publisher
from motus_pose.quality import Quality
from motus_pose.tracking import TrackedPerson, Tracks, assign, step
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError, RetryableError
from motus_runtime.lease import Leases
from motus_runtime.slots import FrameWindow, NewestSlot
from motus_runtime.tally import Tally
from motus_runtime.telemetry import remote_context, tracer

log = logging.getLogger("motus.pose")

# A credit of one or two frames, and as many sent again.
WINDOW: Final = 4
# A frame before its time waits so long for the missing ones; then they are taken as lost.
PATIENCE_S: Final = 1.0
REPORT_EVERY_S: Final = 1.0
# A source's clock may be Unix time; what lies beyond, and what is no number, is no time.
MAX_T_S: Final = 1e10
# Share of its time that a session wants to spend looking.
LOAD: Final = 0.9

_Inbox = NewestSlot[Job] | FrameWindow[Job]


class PoseSession:
    """Runs one session that this worker owns.

    Args:
        bus: the bus.
        leases: the worker's leases, to make sure of the ownership after subscribing.
        session: bare session id.
        participants: bare ids of its participants.
        pose_epoch: the lease's epoch, which goes into every output.
        make_engine: makes the session's engine; called in the session's thread.
        turns: of all sessions of the worker: whoever has one may look at a picture. First come, first served.
        lanes: where those participants begin who have a lane.
    """

    def __init__(
        self,
        bus: Bus,
        leases: Leases,
        session: str,
        participants: tuple[str, ...],
        pose_epoch: int,
        make_engine: EngineFactory,
        turns: asyncio.Semaphore,
        lanes: tuple[Lane, ...] = (),
    ) -> None:
        self._bus, self._leases, self._session, self._participants = bus, leases, session, participants
        self._tally = Tally("pose")
        self._publisher = Publisher(bus, session, pose_epoch, self._tally)
        self._inference = Inference(session, make_engine, len(participants))
        self._inbox: asyncio.Future[_Inbox] = asyncio.get_running_loop().create_future()
        self._assigning = Assigning(bus, session, pose_epoch)
        self._turns, self._lanes = turns, lanes
        self._done, self._tracks, self._freshness = Done(), Tracks(), Freshness()
        self._quality = Quality()
        self._persons: tuple[TrackedPerson, ...] = ()
        self._t_s = 0.0
        self._ingest_epoch = 0
        self._refusal = ""
        self._early_since_s: float | None = None
        self._begun: asyncio.Queue[Callable[[], Awaitable[Answer]]] = asyncio.Queue(1)

    @property
    def name(self) -> str:
        """Bare session id."""
        return self._session

    @property
    def looking_s(self) -> float:
        """For how long the engine has been looking at one picture, seconds; 0 when it is not."""
        return self._inference.looking_s

    async def run(self) -> None:
        """Work until cancelled, also behind the end: its answer may get lost and the end be sent again.

        Raises:
            RetryableError: the bus is away, the session is somebody else's, or no engine can be made.
        """
        try:
            # First of all, and all at once: whoever sends frames waits, and loses them until somebody listens.
            stop_listening = await self._bus.listen(topics.frames(self._session), self._receive, at_once=True)
            try:
                mine, *_ = await asyncio.gather(
                    self._leases.still_mine(self._session), self._resume(), self._start_engine()
                )
                if not mine:
                    raise RetryableError("the session was taken over while this worker subscribed")
                if self._refusal:
                    await self._refuse()
                async with asyncio.TaskGroup() as group:
                    for loop in (self._take(), self._finish(), self._publisher.run(), self._report(), self._assign()):
                        group.create_task(loop)
            finally:
                await stop_listening()
        finally:
            self._inference.close()

    async def _resume(self) -> None:
        """Go on where the owner before stopped, if there was one."""
        assigned, last = await asyncio.gather(
            self._assigning.recall(), self._bus.last(topics.LANDMARKS_STREAM, topics.landmarks(self._session))
        )
        self._tracks = replace(self._tracks, participant=assigned)
        if last is None or last.data is None or last.seq is None:
            return
        try:
            message = decode(landmarks_pb2.Landmarks, last.data)
        except PermanentError as error:
            log.error("session %s begins anew: %s", self._session, error.message)
            return
        self._done, tracks = convert.state_from(message, last.seq)
        self._tracks = replace(tracks, participant=assigned)
        self._ingest_epoch = max(self._ingest_epoch, self._done.epoch)

    async def _start_engine(self) -> None:
        try:
            await self._inference.start()
        except RefusedError as error:
            self._refusal = str(error)
        except EngineError as error:
            raise RetryableError(str(error), reason="ENGINE") from error

    async def _refuse(self) -> None:
        """End the session, which this engine can never serve, with the reason; the stages behind pass it on."""
        log.error("session %s is refused: %s", self._session, self._refusal)
        frame = convert.refusal(self._session, self._done, self._refusal)
        await self._publisher.put(Answer(Job(frame, ""), frame_pb2.FRAME_OUTCOME_DONE))
        await self._publisher.run()

    def _receive(self, message: Msg) -> None:
        job = Job(_frame_in(message), message.reply, _sampled_span(message))
        ref = job.frame.ref
        if ref.session != self._session or not ref.ingest_epoch or not abs(ref.t_s) < MAX_T_S:
            self._turn_away(job, frame_pb2.FRAME_OUTCOME_BAD)
        elif ref.ingest_epoch < self._ingest_epoch:
            self._turn_away(job, frame_pb2.FRAME_OUTCOME_STALE)
        else:
            self._ingest_epoch = ref.ingest_epoch
            self._enqueue(job)

    def _enqueue(self, job: Job) -> None:
        if not self._inbox.done():
            self._inbox.set_result(FrameWindow(WINDOW) if job.frame.every else NewestSlot())
        refused = self._inbox.result().put(job)
        if refused is not None:
            busy = refused is job
            self._turn_away(refused, frame_pb2.FRAME_OUTCOME_BUSY if busy else frame_pb2.FRAME_OUTCOME_SUPERSEDED)

    async def _take(self) -> None:
        inbox = await self._inbox
        while True:
            if isinstance(inbox, FrameWindow):
                await self._judge(await inbox.take())
                continue
            # Newest wins: one is chosen when it can be looked at, not before.
            await inbox.filled()
            async with self._turns:
                await self._judge(await inbox.take())

    async def _judge(self, job: Job) -> None:
        verdict = judge(self._done, job.frame)
        if verdict is Verdict.EARLY and self._out_of_patience():
            verdict = Verdict.TAKE
        if verdict is Verdict.TAKE:
            self._early_since_s, self._done = None, after(self._done, job.frame)
            await self._begin(job)
        elif verdict is Verdict.DUPLICATE:
            # Behind the frame itself, which may not be stored yet.
            await self._begun.put(partial(self._again, job))
        else:
            self._turn_away(job, _REFUSALS[verdict])

    async def _begin(self, job: Job) -> None:
        frame = job.frame
        if frame.end is not None:
            await self._begun.put(partial(self._end, job))
        elif frame.every:
            self._tally.count("frames_in")
            # Decoded now, and looked at when the one before it was.
            picture = self._inference.decode(frame)
            await self._begun.put(partial(self._seen, job, lambda: self._in_turn(frame, picture)))
        elif self._is_late(frame):
            self._turn_away(job, frame_pb2.FRAME_OUTCOME_LATE)
        else:
            self._tally.count("frames_in")
            look = self._inference.look(frame, self._inference.decode(frame))
            await self._begun.put(partial(self._seen, job, lambda: look))
            await asyncio.wait([look])

    def _is_late(self, frame: Frame) -> bool:
        late, self._freshness = self._freshness.judge((time.time_ns() - frame.ref.ingest_time_ns) / 1e9)
        return late

    async def _in_turn(self, frame: Frame, picture: "Future[Picture]") -> tuple[PersonPose, ...]:
        async with self._turns:
            return await self._inference.look(frame, picture)

    async def _finish(self) -> None:
        while True:
            answer = await (await self._begun.get())()
            await self._publisher.put(answer)

    async def _seen(self, job: Job, look: Callable[[], Awaitable[tuple[PersonPose, ...]]]) -> Answer:
        ref = job.frame.ref
        try:
            poses = await look()
        except (BadPictureError, EngineError) as error:
            self._tally.count("frames_dropped_bad")
            log.warning("session %s frame %d: %s", self._session, ref.frame_seq, error)
            return Answer(job, frame_pb2.FRAME_OUTCOME_BAD)
        self._tracks, persons = step(self._tracks, poses, ref.t_s, self._participants, self._lanes)
        self._persons, self._t_s = persons, ref.t_s
        self._quality.watch(persons, ref.t_s, job.frame.width / job.frame.height)
        wanted_fps = 0.0 if job.frame.every or not self._inference.seconds else LOAD / self._inference.seconds
        return Answer(job, frame_pb2.FRAME_OUTCOME_DONE, persons, self._inference.info, wanted_fps)

    async def _end(self, job: Job) -> Answer:
        await self._inference.rest()
        return Answer(job, frame_pb2.FRAME_OUTCOME_DONE, engine=self._inference.info)

    async def _again(self, job: Job) -> Answer:
        self._tally.count("frames_duplicate")
        return Answer(job, frame_pb2.FRAME_OUTCOME_DUPLICATE)

    async def _assign(self) -> None:
        """Obey who says who is in view, from the next picture on."""
        async for command in self._assigning.wishes():
            wish = convert.assignment_from(command.assign)
            self._tracks, refusal = assign(self._tracks, wish, self._persons, self._participants)
            await self._assigning.answer(command, refusal, self._t_s)

    def _turn_away(self, job: Job, outcome: frame_pb2.FrameOutcome.ValueType) -> None:
        if job.frame.end is None:
            self._tally.count(_CAUSES[outcome])
            self._tally.count("frames_in", outcome in _NEVER_LOOKED_AT)
        self._publisher.offer(Answer(job, outcome))

    def _out_of_patience(self) -> bool:
        now_s = time.monotonic()
        self._early_since_s = self._early_since_s or now_s
        return now_s - self._early_since_s > PATIENCE_S

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            await self._publisher.report()


_REFUSALS: Final = {
    Verdict.STALE: frame_pb2.FRAME_OUTCOME_STALE,
    Verdict.EARLY: frame_pb2.FRAME_OUTCOME_BUSY,
}
_CAUSES: Final = {
    frame_pb2.FRAME_OUTCOME_SUPERSEDED: "frames_dropped_superseded",
    frame_pb2.FRAME_OUTCOME_STALE: "frames_dropped_stale",
    frame_pb2.FRAME_OUTCOME_BUSY: "frames_busy",
    frame_pb2.FRAME_OUTCOME_BAD: "frames_dropped_bad",
    frame_pb2.FRAME_OUTCOME_LATE: "frames_dropped_late",
}
_NEVER_LOOKED_AT: Final = (frame_pb2.FRAME_OUTCOME_SUPERSEDED, frame_pb2.FRAME_OUTCOME_LATE)


def _frame_in(message: Msg) -> Frame:
    """The frame that a message carries; one without identity when it carries none, so that it is answered as BAD."""
    try:
        return convert.frame_from(decode(frame_pb2.Frame, message.data))
    except PermanentError:
        return convert.frame_from(frame_pb2.Frame())


def _sampled_span(message: Msg) -> trace.Span | None:
    context = remote_context(message.headers)
    return None if context is None else tracer().start_span("pose frame", context=context)
