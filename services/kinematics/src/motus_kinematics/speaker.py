"""Says what the core found as messages of the bus, under names that a replay makes again."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from motus.bus.v1 import frame_pb2, samples_pb2
from motus.v1 import event_pb2
from motus_kinematics import convert
from motus_kinematics.core.events import (
    Event,
    ExerciseEvent,
    PersonEvent,
    Phase,
    PhaseEvent,
    RepEvent,
    SetEvent,
    TaughtEvent,
    ViewEvent,
)
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.sample import Sample

PERSON_NOTICES: Final = {
    True: ("person_lost", "The athlete is out of view: step back into the picture."),
    False: ("person_found", "The athlete is in view again."),
}
VIEW_NOTICES: Final = {False: "view_known", True: "view_changed"}


class Speaker:
    """Makes the messages of one session.

    Args:
        session: the bare session id.
        epoch: the lease's.
    """

    def __init__(self, session: str, epoch: int) -> None:
        self._session, self._epoch = session, epoch

    def live(
        self, participant: str, sample: Sample, phase: Phase, reps: int, exercise: str, ref: frame_pb2.FrameRef
    ) -> samples_pb2.Live:
        """One participant's channels now."""
        message = convert.live_sample(self._owner(participant), sample, phase, reps, exercise, ref)
        return samples_pb2.Live(session=self._session, epoch=self._epoch, ref=ref, sample=message)

    def chunk(
        self, participant: str, samples: Sequence[Sample], first: frame_pb2.FrameRef, last: frame_pb2.FrameRef
    ) -> samples_pb2.SampleChunk:
        """Successive settled samples of one participant."""
        return samples_pb2.SampleChunk(
            id=f"{self._session}/{participant}/{_ms(samples[0].t_s)}",
            session=self._session,
            kinematics_epoch=self._epoch,
            first=first,
            last=last,
            series=convert.series(self._owner(participant), samples),
        )

    def events(self, participant: str, said: Event, ref: frame_pb2.FrameRef) -> Iterator[samples_pb2.EventEnvelope]:
        """What happened to one participant; a confirmed repetition says its phases too."""
        match said:
            case RepEvent():
                yield self._rep(participant, said, ref)
                if said.record.state is RepState.CONFIRMED:
                    yield from self._phases(participant, said, ref)
            case PhaseEvent():
                span, side = said.span, said.side or "both"
                event = event_pb2.Event(t_s=span.start_s, revision=1, phase=convert.phase(span, said.side))
                yield self._envelope(f"phase-{participant}-{side}-{_ms(span.start_s)}", participant, event, ref)
            case SetEvent():
                t_s = said.start_s if said.end_s is None else said.end_s
                event = event_pb2.Event(t_s=t_s, revision=said.revision, set=convert.exercise_set(said))
                yield self._envelope(f"set-{participant}-{said.ordinal}", participant, event, ref)
            case ExerciseEvent():
                change = event_pb2.ExerciseChange(
                    exercise=said.exercise,
                    confidence=said.confidence,
                    second=said.second,
                    second_confidence=said.second_confidence,
                )
                event = event_pb2.Event(t_s=said.t_s, revision=1, exercise=change)
                yield self._envelope(f"exercise-{participant}-{_ms(said.t_s)}", participant, event, ref)
            case PersonEvent():
                code, text = PERSON_NOTICES[said.lost]
                event = event_pb2.Event(t_s=said.t_s, revision=1, notice=event_pb2.Notice(code=code, text=text))
                yield self._envelope(f"notice-{participant}-{_ms(said.t_s)}", participant, event, ref)
            case ViewEvent():
                report = convert.view(said)
                notice = event_pb2.Notice(code=VIEW_NOTICES[said.changed], text=said.text, view=report)
                event = event_pb2.Event(t_s=said.t_s, revision=1, notice=notice)
                yield self._envelope(f"view-{participant}-{_ms(said.t_s)}", participant, event, ref)
            case TaughtEvent():
                code = "movement_not_taught" if said.refusal else "movement_taught"
                text = said.refusal or f"The movement {said.movement} is learnt and will be recognised from here on."
                event = event_pb2.Event(t_s=said.t_s, revision=1, notice=event_pb2.Notice(code=code, text=text))
                yield self._envelope(f"taught-{participant}-{_ms(said.t_s)}", participant, event, ref)

    def ending(
        self,
        report: event_pb2.StageReport,
        profiles: Mapping[str, bytes],
        *,
        failed: bool,
        reason: str,
        ref: frame_pb2.FrameRef,
    ) -> Iterator[samples_pb2.EventEnvelope]:
        """The stage's final figures and, last of all, that it is through, with what it has learnt of each one."""
        event = event_pb2.Event(t_s=ref.t_s, revision=1, report=report)
        yield self._envelope("report-session-0", "", event, ref)
        end = event_pb2.StageEnd(stage=event_pb2.STAGE_KINEMATICS, failed=failed, reason=reason)
        envelope = self._envelope("end-session-0", "", event_pb2.Event(t_s=ref.t_s, revision=1, end=end), ref)
        envelope.profiles.update(profiles)
        yield envelope

    def _rep(self, participant: str, said: RepEvent, ref: frame_pb2.FrameRef) -> samples_pb2.EventEnvelope:
        record = said.record
        attempt = f"attempt-{record.attempt}"
        own = f"{participant}-{record.ordinal:04d}" if record.ordinal else f"{participant}-{attempt}"
        name = f"sessions/{self._session}/reps/{own}"
        message = convert.rep(name, self._owner(participant), said, ref)
        event = event_pb2.Event(t_s=record.cycle.end_s, revision=record.revision, rep=message)
        number = str(record.ordinal) if record.ordinal else attempt
        return self._envelope(f"rep-{participant}-{number}", participant, event, ref)

    def _phases(self, participant: str, said: RepEvent, ref: frame_pb2.FrameRef) -> Iterator[samples_pb2.EventEnvelope]:
        record = said.record
        told: Counter[str] = Counter()
        for span in said.phases:
            event = event_pb2.Event(t_s=span.start_s, revision=record.revision, phase=convert.phase(span))
            kind = span.phase.value.replace("_", "-")
            told[kind] += 1
            kind = kind if told[kind] == 1 else f"{kind}-{told[kind]}"
            yield self._envelope(f"phase-{participant}-{record.ordinal}-{kind}", participant, event, ref)

    def _envelope(
        self, name: str, participant: str, event: event_pb2.Event, ref: frame_pb2.FrameRef
    ) -> samples_pb2.EventEnvelope:
        """An event with its name, owner, stage and time."""
        event.name = f"sessions/{self._session}/events/kinematics-{name}"
        event.participant = self._owner(participant) if participant else ""
        event.stage = event_pb2.STAGE_KINEMATICS
        event.time.CopyFrom(convert.capture_time(ref, event.t_s))
        return samples_pb2.EventEnvelope(session=self._session, epoch=self._epoch, ref=ref, event=event)

    def _owner(self, participant: str) -> str:
        return f"sessions/{self._session}/participants/{participant}"


def _ms(t_s: float) -> int:
    return round(t_s * 1000.0)
