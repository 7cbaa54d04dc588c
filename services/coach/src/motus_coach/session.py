"""One session's coach: its events in, cues out, each once however often the coach is started anew.

What is in the stream when it begins is replayed silently: the policy rebuilds its state, the coach's own cues tell what
was said. Only what is still owed then goes out.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from motus.bus.v1 import control_pb2, frame_pb2, samples_pb2
from motus.v1 import event_pb2, movement_pb2
from motus_coach import convert
from motus_coach.model import ModelClient
from motus_coach.policy.step import PolicyConfig, PolicyState, step
from motus_coach.policy.values import Cue, ExerciseNamed, Kind, Observation, SessionEnded
from motus_coach.prompts import ask_about
from motus_coach.settings import CoachSettings
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError
from motus_runtime.follow import Stored, follow
from motus_runtime.tally import Tally
from motus_runtime.telemetry import remote_context, tracer

log = logging.getLogger("motus.coach.session")


@dataclass(frozen=True)
class Owed:
    """A cue that the policy wants said, with where it comes from."""

    participant: str
    cue: Cue
    ref: frame_pb2.FrameRef
    headers: dict[str, str]


class SessionCoach:
    """Coaches one session from its first event to its last.

    Args:
        bus: the bus.
        session: the bare id.
        epoch: epoch of the partition's lease.
        spec: gives the session's spec as it is now.
        config: the policy's, but for what the spec says.
        settings: deadlines.
        model: asked for better words; None: the rules alone speak.

    Attributes:
        epoch: the lease's.
        tally: what was done so far.
    """

    def __init__(
        self,
        bus: Bus,
        session: str,
        epoch: int,
        spec: Callable[[], control_pb2.SessionSpec],
        config: PolicyConfig,
        settings: CoachSettings,
        model: ModelClient | None,
    ) -> None:
        self.epoch, self.tally = epoch, Tally("coach")
        self._bus, self._session, self._spec = bus, session, spec
        self._config, self._settings, self._model = config, settings, model
        self._states: dict[str, PolicyState] = {}
        self._seen: dict[str, int] = {}
        self._epochs: dict[int, int] = {}
        self._said: dict[str, movement_pb2.Cue] = {}
        self._owed: list[Owed] = []
        self._obeyed: set[str] = set()
        self._t_s = 0.0
        self._ended: samples_pb2.EventEnvelope | None = None
        self._through = False

    async def run(self) -> None:
        """Follow the session's events until it has ended and the coach has said so."""
        subject = topics.events_of(self._session)
        last = await self._bus.last(topics.EVENTS_STREAM, subject)
        past = last.seq if last and last.seq else 0
        events = follow(self._bus, topics.EVENTS_STREAM, subject)
        async with asyncio.TaskGroup() as tasks, aclosing(events):
            listening = None
            async for stored in events:
                self._take(stored)
                if stored.sequence < past:
                    continue
                if self._through:
                    break
                if listening is None:
                    await self._catch_up()
                    listening = tasks.create_task(self._listen())
                await self._say_owed(tasks)
                if self._ended:
                    break
            if listening is not None:
                listening.cancel()
        if self._ended and not self._through:
            await self._close(self._ended)

    def _take(self, stored: Stored) -> None:
        """Take one event into the state; what is to be said then is owed."""
        try:
            envelope = decode(samples_pb2.EventEnvelope, stored.body)
        except PermanentError as error:
            log.error("event %d of %s: %s", stored.sequence, self._session, error.message)
            return
        event = envelope.event
        self._t_s = max(self._t_s, event.t_s)
        if event.stage == event_pb2.STAGE_COACH:
            self._recall(event)
        elif event.stage == event_pb2.STAGE_KINEMATICS and self._is_news(envelope):
            self._observe(envelope, stored.headers)

    def _recall(self, event: event_pb2.Event) -> None:
        """One of the coach's own events: what was said is not said again."""
        match event.WhichOneof("detail"):
            case "cue" if event.cue.name not in self._said or self._said[event.cue.name].revision < event.cue.revision:
                if event.cue.name not in self._said:
                    self.tally.counts["cues"] += 1
                    self.tally.latency.add(event.cue.latency_ms)
                if event.cue.source == movement_pb2.CUE_SOURCE_MODEL:
                    self.tally.counts["cues_from_model"] += 1
                self._said[event.cue.name] = event.cue
            case "feedback":
                self._obey(event)
            case "end":
                self._through = True

    def _obey(self, event: event_pb2.Event) -> None:
        """The policy hears of feedback where the log has it, so that a replay hears of it at the same place."""
        cue = self._said.get(event.feedback.cue)
        if cue is None or event.name in self._obeyed:
            return
        self._obeyed.add(event.name)
        judged = convert.judged(event, cue.cue_code)
        self._step(convert.participant_of(event), judged, frame_pb2.FrameRef(), {})

    async def _listen(self) -> None:
        """Write feedback of clients to the log, each once, until cancelled."""
        async for stored in follow(self._bus, topics.COMMANDS_STREAM, topics.commands(self._session)):
            try:
                command = decode(control_pb2.Command, stored.body)
            except PermanentError as error:
                log.error("command %d of %s: %s", stored.sequence, self._session, error.message)
                continue
            feedback = command.cue_feedback
            cue = self._said.get(f"sessions/{self._session}/cues/{feedback.cue}")
            if command.HasField("cue_feedback") and cue is not None:
                event = convert.feedback_event(self._session, feedback, command.id, cue, self._t_s, command.time_ns)
                if event.name not in self._obeyed:
                    await self._store(event, frame_pb2.FrameRef())

    def _is_news(self, envelope: samples_pb2.EventEnvelope) -> bool:
        event = envelope.event
        if envelope.epoch < self._epochs.get(event.stage, 0):
            return False
        self._epochs[event.stage] = envelope.epoch
        if event.revision <= self._seen.get(event.name, 0):
            return False
        self._seen[event.name] = event.revision
        return True

    def _observe(self, envelope: samples_pb2.EventEnvelope, headers: dict[str, str]) -> None:
        event = envelope.event
        if event.WhichOneof("detail") == "end":
            self._ended = envelope
            for participant in sorted(self._states):
                self._step(participant, SessionEnded(event.t_s), envelope.ref, headers)
            return
        observation = convert.observation(event)
        if observation is None:
            return
        about = convert.participant_of(event)
        for participant in [about] if about else sorted({p.id for p in self._spec().participants} | set(self._states)):
            self._step(participant, observation, envelope.ref, headers)

    def _step(
        self, participant: str, observation: Observation, ref: frame_pb2.FrameRef, headers: dict[str, str]
    ) -> None:
        coach = self._spec().coach
        config = replace(self._config, muted=coach.muted, language=coach.language or "en")
        state = self._states.get(participant)
        if state is None:
            state, _ = step(PolicyState(), ExerciseNamed(0.0, self._spec().exercise or "unknown"), config)
        self._states[participant], cues = step(state, observation, config)
        self._owed += [Owed(participant, cue, ref, headers) for cue in cues]

    async def _catch_up(self) -> None:
        """Bring the second revisions that an earlier run promised and did not bring: the rule's words are final."""
        for cue in [cue for cue in self._said.values() if not cue.final]:
            await self._publish(convert.final_revision(cue, time.time_ns()), frame_pb2.FrameRef())

    async def _say_owed(self, wordings: asyncio.TaskGroup) -> None:
        owed, self._owed = self._owed, []
        for item in owed:
            await self._say(item, wordings)

    async def _say(self, owed: Owed, wordings: asyncio.TaskGroup) -> None:
        deadline_s = self._settings.timeout_s if owed.cue.kind is Kind.SUMMARY else self._settings.cue_deadline_s
        first = convert.cue_message(
            self._session,
            owed.participant,
            owed.cue,
            ref=owed.ref,
            now_ns=time.time_ns(),
            expires=not convert.never_late(self._spec()),
            speak_in_s=deadline_s if self._model else None,
        )
        if first.name in self._said:
            return
        self._said[first.name] = first
        if convert.expired(first, time.time_ns()):
            self.tally.count("cues_expired")
            return
        with tracer().start_as_current_span("coach.cue", context=remote_context(owed.headers)):
            await self._publish(first, owed.ref)
        self.tally.count("cues")
        if owed.ref.ingest_time_ns:
            self.tally.observe(owed.ref.ingest_time_ns)
        if self._model:
            wordings.create_task(self._reword(self._model, owed, first, deadline_s))

    async def _reword(self, model: ModelClient, owed: Owed, first: movement_pb2.Cue, deadline_s: float) -> None:
        """Bring the second, final revision: the model's words when they pass every check, else the rule's."""
        level = next((p.level for p in self._spec().participants if p.id == owed.participant), "")
        answer = await model.reword(ask_about(owed.cue, self._config.table, level), deadline_s)
        final = convert.final_revision(first, time.time_ns())
        final.model_latency_ms = answer.latency_ms
        if answer.fallback:
            self.tally.count(f"fallbacks_{answer.fallback}")
        else:
            final.text, final.source, final.model = answer.text, movement_pb2.CUE_SOURCE_MODEL, model.name
            self.tally.count("cues_from_model")
        await self._publish(final, owed.ref)

    async def _close(self, ended: samples_pb2.EventEnvelope) -> None:
        report = self.tally.report(final=True)
        await self._store(convert.report_event(self._session, report, ended.event, ended.ref), ended.ref)
        await self._store(convert.end_event(self._session, ended.event, ended.ref), ended.ref)

    async def _publish(self, cue: movement_pb2.Cue, ref: frame_pb2.FrameRef) -> None:
        self._said[cue.name] = cue
        await self._store(convert.cue_event(self._session, cue, ref), ref)

    async def _store(self, event: event_pb2.Event, ref: frame_pb2.FrameRef) -> None:
        await self._bus.store_surely(
            topics.events(self._session, "coach"),
            convert.envelope(self.epoch, self._session, event, ref),
            message_id=f"{event.name}@{event.revision}",
        )
