"""Bus messages to observations, cues to bus messages. No message passes beyond this module into the policy."""

import math
from collections.abc import Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from motus.bus.v1 import control_pb2, frame_pb2, samples_pb2
from motus.v1 import event_pb2, measure_pb2, movement_pb2, session_service_pb2
from motus_coach.policy.values import (
    Cue,
    CueJudged,
    Evidence,
    ExerciseNamed,
    Grade,
    Kind,
    Measured,
    Observation,
    RepSeen,
    SetEnded,
)

_GRADES = {
    measure_pb2.GRADE_HIGH: Grade.HIGH,
    measure_pb2.GRADE_MEDIUM: Grade.MEDIUM,
    measure_pb2.GRADE_LOW: Grade.LOW,
}
_SIDES = {movement_pb2.SIDE_LEFT: "left", movement_pb2.SIDE_RIGHT: "right"}
_COUNTED = (movement_pb2.REP_STATE_PROVISIONAL, movement_pb2.REP_STATE_CONFIRMED)
_KINDS = {
    Kind.CORRECTION: movement_pb2.CUE_KIND_CORRECTION,
    Kind.PRAISE: movement_pb2.CUE_KIND_PRAISE,
    Kind.SUMMARY: movement_pb2.CUE_KIND_SUMMARY,
}


def participant_of(event: event_pb2.Event) -> str:
    """The bare id of the participant that an event is about; empty when it is about the session."""
    name = event.rep.participant if event.WhichOneof("detail") == "rep" and not event.participant else event.participant
    return name.rsplit("/", 1)[-1]


def observation(event: event_pb2.Event) -> Observation | None:
    """What an event tells the policy; None when it tells it nothing."""
    match event.WhichOneof("detail"):
        case "rep":
            return _rep(event.rep, event.t_s)
        case "set" if event.set.HasField("end_s"):
            return SetEnded(event.t_s, event.set.ordinal)
        case "exercise":
            return ExerciseNamed(event.t_s, event.exercise.exercise)
    return None


def _rep(rep: movement_pb2.Rep, t_s: float) -> RepSeen:
    return RepSeen(
        t_s=t_s,
        ordinal=rep.ordinal,
        set_ordinal=rep.set_ordinal,
        exercise=rep.exercise,
        duration_s=max(0.0, rep.end_s - rep.start_s),
        side=_SIDES.get(rep.side, ""),
        counted=rep.state in _COUNTED,
        measures=_measures(rep),
    )


def _measures(rep: movement_pb2.Rep) -> Mapping[str, Measured]:
    return {
        measure.name: Measured(
            measure.value,
            _GRADES.get(measure.grade, Grade.NONE),
            measure.standard_error if measure.HasField("standard_error") else None,
        )
        for measure in rep.measures
        if measure.WhichOneof("result") == "value" and math.isfinite(measure.value)
    }


def never_late(spec: control_pb2.SessionSpec) -> bool:
    """Whether nobody listens while the session runs, so that a cue for the record cannot come too late."""
    return bool(spec.source.pacing == session_service_pb2.PACING_FAST)


def cue_message(
    session: str,
    participant: str,
    cue: Cue,
    *,
    ref: frame_pb2.FrameRef,
    now_ns: int,
    expires: bool,
    speak_in_s: float | None = None,
) -> movement_pb2.Cue:
    """The first revision of a cue.

    Args:
        session: bare id.
        participant: bare id.
        cue: what is said.
        ref: the frame that showed the cause; its ingest time is 0 when there is none.
        now_ns: Unix nanoseconds.
        expires: whether the cue can come too late.
        speak_in_s: a second revision follows within so many seconds; None: this one is final.
    """
    seen_ns = ref.ingest_time_ns or now_ns
    message = movement_pb2.Cue(
        name=f"sessions/{session}/cues/{participant}-{cue.cause}",
        participant=f"sessions/{session}/participants/{participant}",
        cue_code=cue.code,
        text=cue.text,
        language=cue.language,
        revision=1,
        final=speak_in_s is None,
        kind=_KINDS[cue.kind],
        severity=movement_pb2.Severity.Value(f"SEVERITY_{cue.severity.name}"),
        evidence=[_evidence(session, participant, evidence) for evidence in cue.evidence],
        source=movement_pb2.CUE_SOURCE_RULE,
        t_s=cue.t_s,
        create_time=timestamp(now_ns),
        latency_ms=max(0.0, (now_ns - seen_ns) / 1e6),
    )
    if speak_in_s is not None:
        message.speak_at.CopyFrom(timestamp(now_ns + int(speak_in_s * 1e9)))
    if expires:
        message.expire_time.CopyFrom(timestamp(seen_ns + int(cue.valid_s * 1e9)))
    return message


def final_revision(first: movement_pb2.Cue, now_ns: int) -> movement_pb2.Cue:
    """The next revision of a cue with the same words, after which none follows."""
    message = movement_pb2.Cue()
    message.CopyFrom(first)
    message.revision, message.final = first.revision + 1, True
    message.create_time.CopyFrom(timestamp(now_ns))
    return message


def expired(cue: movement_pb2.Cue, now_ns: int) -> bool:
    """Whether a cue helps no more."""
    return cue.HasField("expire_time") and bool(cue.expire_time.ToNanoseconds() < now_ns)


def cue_event(session: str, cue: movement_pb2.Cue, ref: frame_pb2.FrameRef) -> event_pb2.Event:
    """The event that says that a revision of a cue was made."""
    event = _event(session, f"coach-cue-{cue.name.rsplit('/', 1)[1]}", cue.t_s, ref, cue.create_time.ToNanoseconds())
    event.participant, event.revision = cue.participant, cue.revision
    event.cue.CopyFrom(cue)
    return event


def report_event(
    session: str, report: event_pb2.StageReport, end: event_pb2.Event, ref: frame_pb2.FrameRef
) -> event_pb2.Event:
    """The event with the stage's last figures."""
    event = _event(session, "coach-report-session-1", end.t_s, ref, end.time.ToNanoseconds())
    event.report.CopyFrom(report)
    return event


def feedback_event(
    session: str, feedback: control_pb2.CueFeedback, command: str, cue: movement_pb2.Cue, t_s: float, now_ns: int
) -> event_pb2.Event:
    """The event with what an athlete thinks of a cue, named after the command that said so."""
    event = _event(session, f"coach-{command}", t_s, frame_pb2.FrameRef(), now_ns)
    event.participant = cue.participant
    event.feedback.cue, event.feedback.dismissed = cue.name, feedback.dismissed
    if feedback.HasField("rating"):
        event.feedback.rating = feedback.rating
    return event


def judged(event: event_pb2.Event, code: str) -> CueJudged:
    """What such an event tells the policy."""
    feedback = event.feedback
    return CueJudged(event.t_s, code, feedback.dismissed, feedback.rating if feedback.HasField("rating") else None)


def end_event(session: str, end: event_pb2.Event, ref: frame_pb2.FrameRef) -> event_pb2.Event:
    """The event that says that the coach is through; failure and reason pass on as they came."""
    event = _event(session, "coach-end-session-1", end.t_s, ref, end.time.ToNanoseconds())
    event.end.CopyFrom(end.end)
    event.end.stage = event_pb2.STAGE_COACH
    return event


def envelope(epoch: int, session: str, event: event_pb2.Event, ref: frame_pb2.FrameRef) -> samples_pb2.EventEnvelope:
    """An event as it travels."""
    message = samples_pb2.EventEnvelope(session=session, epoch=epoch, event=event)
    if ref.ByteSize():
        message.ref.CopyFrom(ref)
    return message


def timestamp(time_ns: int) -> Timestamp:
    """Unix nanoseconds as a message."""
    message = Timestamp()
    message.FromNanoseconds(time_ns)
    return message


def _event(session: str, event_id: str, t_s: float, ref: frame_pb2.FrameRef, time_ns: int) -> event_pb2.Event:
    return event_pb2.Event(
        name=f"sessions/{session}/events/{event_id}",
        stage=event_pb2.STAGE_COACH,
        t_s=t_s,
        time=timestamp(ref.capture_time_ns or time_ns),
        revision=1,
    )


def _evidence(session: str, participant: str, evidence: Evidence) -> movement_pb2.Evidence:
    message = movement_pb2.Evidence(measure=evidence.measure, value=evidence.value)
    if evidence.rep:
        message.rep = f"sessions/{session}/reps/{participant}-{evidence.rep:04d}"
    if evidence.threshold is not None:
        message.threshold = evidence.threshold
    return message
