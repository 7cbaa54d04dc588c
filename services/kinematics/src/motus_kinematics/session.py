"""One session: reads its landmarks from the first on, steps the core and says what it finds.

Everything said is a function of the stored landmarks, ids included, so a worker that takes over says the same again
and the bus drops it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus_kinematics.convert import frames_of
from motus_kinematics.core.body import Frame
from motus_kinematics.core.pipeline import Config, Outputs, State, flush, step
from motus_kinematics.core.sample import Sample
from motus_kinematics.fence import Fence, Verdict
from motus_kinematics.settings import KinematicsSettings
from motus_kinematics.speaker import Speaker
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError, RetryableError
from motus_runtime.follow import Stored, bury, follow
from motus_runtime.tally import Tally


@dataclass
class _Participant:
    """A participant's state, the frames that are not settled yet and the samples that are not stored yet."""

    id: str
    state: State = field(default_factory=State)
    open_refs: deque[frame_pb2.FrameRef] = field(default_factory=deque)
    settled: list[tuple[Sample, frame_pb2.FrameRef]] = field(default_factory=list)


class MeasuredSession:
    """Measures the participants of one session until its stream ends.

    Args:
        bus: the bus.
        epoch: the lease's.
        spec: the session.
        exercise: gives the exercise id that the session has now.
        settings: the service's own.

    Attributes:
        epoch: the lease's.
        tally: what was done so far.
    """

    def __init__(
        self,
        bus: Bus,
        epoch: int,
        spec: control_pb2.SessionSpec,
        exercise: Callable[[], str],
        settings: KinematicsSettings,
    ) -> None:
        self.epoch, self.tally = epoch, Tally("kinematics")
        self._bus, self._session, self._exercise, self._settings = bus, spec.session, exercise, settings
        self._speaker, self._fence = Speaker(spec.session, epoch), Fence()
        self._participants = {each.id: _Participant(each.id) for each in spec.participants}
        self._begun_ns = time.time_ns()

    async def run(self) -> None:
        """Read, measure and say until the stream's end was said."""
        async for stored in follow(self._bus, topics.LANDMARKS_STREAM, topics.landmarks(self._session)):
            try:
                message = decode(landmarks_pb2.Landmarks, stored.body)
                frames = frames_of(message, self._participants)
            except PermanentError as error:
                self.tally.count("messages_bad")
                await bury(self._bus, stored.subject, stored.body, error.message, stored.sequence)
                continue
            if await self._take(message, frames, stored):
                return
            # A long replay comes without a pause: the worker's heartbeat must get its turn.
            await asyncio.sleep(0)

    async def _take(self, message: landmarks_pb2.Landmarks, frames: dict[str, Frame], stored: Stored) -> bool:
        """Take one message in; returns whether it was the end."""
        verdict = self._fence.judge(message)
        if verdict is not Verdict.NEW:
            self.tally.count(f"frames_{verdict.value}")
            return False
        if message.HasField("end"):
            await self._finish(message)
            return True
        self.tally.count("frames_in")
        self.tally.count("frames_with_pose", int(any(frame.image is not None for frame in frames.values())))
        # What was stored before this worker began is a replay: nobody waits for it live.
        live = stored.time_ns >= self._begun_ns
        for name, frame in frames.items():
            await self._step(self._participants[name], frame, message.ref, live=live)
        return False

    async def _step(self, participant: _Participant, frame: Frame, ref: frame_pb2.FrameRef, *, live: bool) -> None:
        participant.state, outputs = step(participant.state, frame, Config(self._exercise() or "unknown"))
        participant.open_refs.append(ref)
        if live and outputs.now is not None:
            review = participant.state.review
            message = self._speaker.live(
                participant.id, outputs.now, review.phase, review.ledger.counted, review.exercise, ref
            )
            with suppress(RetryableError):  # live samples may be lost
                await self._bus.publish(topics.live(self._session), message)
            self.tally.observe(ref.ingest_time_ns)
        await self._say(participant, outputs, ref)

    async def _say(self, participant: _Participant, outputs: Outputs, ref: frame_pb2.FrameRef) -> None:
        """Store what happened, and what is settled a chunk at a time."""
        for said in outputs.events:
            for envelope in self._speaker.events(participant.id, said, ref):
                await self._store_event(envelope)
        for sample in outputs.settled:
            if participant.settled and sample.t_s - participant.settled[0][0].t_s >= self._settings.chunk_s:
                await self._store_chunk(participant)
            participant.settled.append((sample, participant.open_refs.popleft()))
        self.tally.count("samples", len(outputs.settled))
        self.tally.counts["reps"] = sum(each.state.review.ledger.counted for each in self._participants.values())

    async def _finish(self, message: landmarks_pb2.Landmarks) -> None:
        """Flush every participant, store what is left and say that this stage is through."""
        for participant in self._participants.values():
            participant.state, outputs = flush(participant.state)
            await self._say(participant, outputs, message.ref)
            if participant.settled:
                await self._store_chunk(participant)
        report, end = self.tally.report(final=True), message.end
        for envelope in self._speaker.ending(report, failed=end.failed, reason=end.reason, ref=message.ref):
            await self._store_event(envelope)

    async def _store_event(self, envelope: samples_pb2.EventEnvelope) -> None:
        event = envelope.event
        subject = topics.events(self._session, "kinematics")
        await self._bus.store_surely(subject, envelope, message_id=f"{event.name}@{event.revision}")

    async def _store_chunk(self, participant: _Participant) -> None:
        samples, refs = zip(*participant.settled, strict=True)
        participant.settled.clear()
        chunk = self._speaker.chunk(participant.id, samples, refs[0], refs[-1])
        await self._bus.store_surely(topics.samples(self._session), chunk, message_id=chunk.id)
