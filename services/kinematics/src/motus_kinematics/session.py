"""One session: reads its landmarks, steps the core and says what it finds.

Everything said is a function of the stored landmarks and commands, ids included, so a worker that takes over says the
same again and the bus drops it. It goes on from the checkpoints, or from the first landmark where there are none.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import aclosing, suppress
from dataclasses import fields

from motus.bus.v1 import checkpoint_pb2, control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus_kinematics.checkpoints import Checkpoints
from motus_kinematics.commands import Commands
from motus_kinematics.convert import frames_of
from motus_kinematics.core.body import Frame
from motus_kinematics.core.pipeline import Config, Outputs, flush, step
from motus_kinematics.core.profile import Profile, ProfileError
from motus_kinematics.core.profile import decode as decode_profile
from motus_kinematics.core.repair import Repairs
from motus_kinematics.fence import Fence, Verdict
from motus_kinematics.participant import Participant
from motus_kinematics.settings import KinematicsSettings
from motus_kinematics.speaker import Speaker
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError, RetryableError
from motus_runtime.follow import Stored, bury, follow
from motus_runtime.tally import Tally

log = logging.getLogger("motus.kinematics.session")

_EVERY_WISH_NS = 2**63
_REPAIRS = tuple(field.name for field in fields(Repairs))


class MeasuredSession:
    """Measures the participants of one session until its stream ends.

    Args:
        bus: the bus.
        epoch: the lease's.
        spec: the session.
        settings: the service's own.

    Attributes:
        epoch: the lease's.
        tally: what was done so far.
    """

    def __init__(self, bus: Bus, epoch: int, spec: control_pb2.SessionSpec, settings: KinematicsSettings) -> None:
        self.epoch, self.tally = epoch, Tally("kinematics")
        self._bus, self._session, self._settings = bus, spec.session, settings
        self._speaker, self._fence = Speaker(spec.session, epoch), Fence()
        self._commands, self._checkpoints = Commands(bus, spec.session), Checkpoints(bus, spec.session, epoch)
        self._mirrored, exercise = spec.source.mirrored, spec.exercise or "unknown"
        self._participants = {each.id: Participant(each.id, exercise, _learnt(each)) for each in spec.participants}
        self._begun_ns, self._saved_s = time.time_ns(), time.monotonic()

    async def run(self) -> None:
        """Go on from the checkpoints: read, measure and say until the stream's end was said.

        Raises:
            RetryableError: a newer owner is at work, or the bus does not answer.
        """
        await self._resume()
        obeyed = min((each.command_sequence for each in self._everybody), default=0)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._commands.run(obeyed))
            await self._commands.caught_up()
            await self._follow()
            listening.cancel()

    async def _follow(self) -> None:
        start = 1 + min((each.sequence for each in self._everybody), default=0)
        messages = follow(self._bus, topics.LANDMARKS_STREAM, topics.landmarks(self._session), start=start)
        async with aclosing(messages):
            async for stored in messages:
                if await self._read(stored):
                    return
                for participant in self._everybody:
                    participant.sequence = max(participant.sequence, stored.sequence)
                if time.monotonic() - self._saved_s >= self._settings.checkpoint_s:
                    await self._save()
                # A long replay comes without a pause: the worker's heartbeat must get its turn.
                await asyncio.sleep(0)

    @property
    def _everybody(self) -> Iterable[Participant]:
        return self._participants.values()

    async def _read(self, stored: Stored) -> bool:
        """Take one stored message in; returns whether it was the end."""
        try:
            message = decode(landmarks_pb2.Landmarks, stored.body)
            frames = frames_of(message, self._participants)
        except PermanentError as error:
            self.tally.count("messages_bad")
            await bury(self._bus, stored.subject, stored.body, error.message, stored.sequence)
            return False
        await self._obey(stored, message)
        verdict = self._fence.judge(message)
        if verdict is not Verdict.NEW:
            self.tally.count(f"frames_{verdict.value}")
            return False
        if message.HasField("end"):
            await self._finish(message)
            return True
        await self._measure(stored, message.ref, frames)
        return False

    async def _measure(self, stored: Stored, ref: frame_pb2.FrameRef, frames: dict[str, Frame]) -> None:
        """Step every participant who has not seen this frame yet."""
        self.tally.count("frames_in")
        self.tally.count("frames_with_pose", int(any(frame.image is not None for frame in frames.values())))
        # What was stored before this worker began is a replay: nobody waits for it live.
        live = stored.time_ns >= self._begun_ns
        for name, frame in frames.items():
            if stored.sequence > self._participants[name].sequence:
                await self._step(self._participants[name], frame, ref, live=live)

    async def _step(self, participant: Participant, frame: Frame, ref: frame_pb2.FrameRef, *, live: bool) -> None:
        learnt = participant.learnt
        config = Config(participant.exercise, self._mirrored, learnt.taught, learnt.limbs)
        participant.state, outputs = step(participant.state, frame, config)
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

    async def _say(self, participant: Participant, outputs: Outputs, ref: frame_pb2.FrameRef) -> None:
        """Store what happened, and what is settled a chunk at a time."""
        for said in outputs.events:
            for envelope in self._speaker.events(participant.id, said, ref):
                await self._store_event(envelope)
        for sample in outputs.settled:
            if participant.waiting and sample.t_s - participant.waiting[0].t_s >= self._settings.chunk_s:
                await self._store_chunk(participant)
            participant.settle(sample)
        self.tally.count("samples", len(outputs.settled))
        self.tally.counts["samples"] = sum(each.samples for each in self._everybody)
        self.tally.counts["reps"] = sum(each.reps for each in self._everybody)
        for cause in _REPAIRS:
            self.tally.counts[cause] = sum(getattr(each.state.tracks.repairs, cause) for each in self._everybody)

    async def _obey(self, stored: Stored, message: landmarks_pb2.Landmarks) -> None:
        """Obey the commands that are due before a message; that they are is kept for a new owner first."""
        until_ns = _EVERY_WISH_NS if message.HasField("end") else message.ref.ingest_time_ns
        wishes = self._commands.due(stored.sequence, until_ns)
        if wishes:
            await self._save()
        for wish in wishes:
            for participant in self._everybody:
                if wish.sequence > participant.command_sequence:
                    participant.command_sequence = wish.sequence
                    await self._say(participant, participant.obey(wish, message.ref), message.ref)

    async def _finish(self, message: landmarks_pb2.Landmarks) -> None:
        """Flush every participant, store what is left and say that this stage is through."""
        for participant in self._everybody:
            participant.state, outputs = flush(participant.state)
            await self._say(participant, outputs, message.ref)
            if participant.waiting:
                await self._store_chunk(participant)
        report, end = self.tally.report(final=True), message.end
        profiles = {each.id: learnt for each in self._everybody if (learnt := each.profile())}
        for envelope in self._speaker.ending(report, profiles, failed=end.failed, reason=end.reason, ref=message.ref):
            await self._store_event(envelope)
        for participant in self._everybody:
            await self._checkpoints.forget(participant.id)

    async def _store_event(self, envelope: samples_pb2.EventEnvelope) -> None:
        event = envelope.event
        subject = topics.events(self._session, "kinematics")
        await self._bus.store_surely(subject, envelope, message_id=f"{event.name}@{event.revision}")

    async def _store_chunk(self, participant: Participant) -> None:
        chunk = self._speaker.chunk(participant.id, participant.waiting, participant.first, participant.last)
        participant.waiting.clear()
        await self._bus.store_surely(topics.samples(self._session), chunk, message_id=chunk.id)

    async def _resume(self) -> None:
        """Take over what the owner before left; what all share is as the hindmost of them has it."""
        found = [kept for each in self._everybody if (kept := await self._load(each))]
        for kept in found:
            self._commands.appointments.update(kept.session.appointments)
        if found and len(found) == len(self._participants):
            session = min(found, key=lambda kept: kept.sequence).session
            self._fence = Fence(session.pose_epoch, session.ingest_epoch, session.t_s)
            self.tally.restore(session.tally)

    async def _load(self, participant: Participant) -> checkpoint_pb2.Checkpoint | None:
        kept = await self._checkpoints.load(participant.id)
        return kept if kept is not None and participant.restore(kept) else None

    async def _save(self) -> None:
        """Checkpoint everybody, if all stand behind the same message: what they share belongs to one moment."""
        self._saved_s = time.monotonic()
        if len({each.sequence for each in self._everybody}) > 1:
            return
        session = checkpoint_pb2.SessionCheckpoint(
            pose_epoch=self._fence.pose_epoch,
            ingest_epoch=self._fence.ingest_epoch,
            t_s=self._fence.t_s,
            appointments=self._commands.appointments,
            tally=self.tally.checkpoint(),
        )
        for participant in self._everybody:
            checkpoint = participant.checkpoint()
            checkpoint.session.CopyFrom(session)
            await self._checkpoints.save(participant.id, checkpoint)


def _learnt(participant: control_pb2.ParticipantSpec) -> Profile:
    """What a profile holds; nothing, and a word in the log, when it cannot be read."""
    try:
        return decode_profile(participant.profile)
    except ProfileError as error:
        log.warning("profile of %s: %s", participant.id, error)
        return Profile()
