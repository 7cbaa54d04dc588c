"""What comes from the bus as records, and what goes to it; the store and the projection see no message."""

from collections.abc import Mapping

from motus.bus.v1 import control_pb2, landmarks_pb2, samples_pb2
from motus.v1 import athlete_service_pb2, event_pb2, movement_pb2, session_service_pb2
from motus_runtime.errors import PermanentError
from motus_sessions.columns import persons_in, table_of_series
from motus_sessions.names import last_part
from motus_sessions.projection.athletes import History
from motus_sessions.projection.life import Change, Outcome, State
from motus_sessions.projection.records import (
    CueRecord,
    EventRecord,
    LandmarkRecord,
    Learnt,
    ParticipantRecord,
    ReportRecord,
    RepRecord,
    SampleRecord,
    SessionRecord,
)

_MOST_EPOCH = 2**63 - 1
_MOST_SECONDS = 1e9
COUNTED = (movement_pb2.REP_STATE_PROVISIONAL, movement_pb2.REP_STATE_CONFIRMED)


def event_record(envelope: samples_pb2.EventEnvelope, sequence: int) -> EventRecord:
    """An event from the bus.

    Raises:
        PermanentError: it lacks what it is known by.
    """
    event = envelope.event
    prefix = f"sessions/{envelope.session}/events/"
    if not event.name.startswith(prefix) or event.name == prefix or event.revision < 1:
        raise PermanentError(f"an event without a proper name or revision: {event.name!r}")
    return EventRecord(
        session=envelope.session,
        event=event.name.removeprefix(prefix),
        revision=event.revision,
        sequence=sequence,
        epoch=_epoch(envelope.epoch),
        participant=last_part(event.participant),
        stage=_stage(event.stage),
        body=event.SerializeToString(deterministic=True),
        detail=_learnt(envelope) if envelope.profiles else _detail(event),
    )


def _learnt(envelope: samples_pb2.EventEnvelope) -> Learnt:
    return Learnt(dict(envelope.profiles), envelope.event.time.ToNanoseconds())


def _stage(number: int) -> str:
    try:
        return event_pb2.Stage.Name(event_pb2.Stage.ValueType(number)).removeprefix("STAGE_").lower()
    except ValueError:
        raise PermanentError(f"an event of a stage that is not known: {number}") from None


def _detail(event: event_pb2.Event) -> RepRecord | CueRecord | ReportRecord | Outcome | Change | None:
    kind = event.WhichOneof("detail")
    if kind == "rep":
        return _rep_record(event.rep)
    if kind == "cue":
        cue, body = event.cue, event.cue.SerializeToString(deterministic=True)
        return CueRecord(last_part(cue.name), last_part(cue.participant), cue.revision, _seconds(cue.t_s), body)
    if kind == "report":
        return ReportRecord(event.report.SerializeToString(deterministic=True))
    if kind == "end" and event.end.stage == event_pb2.STAGE_COACH:
        return Outcome(event.end.failed, event.end.reason, _seconds(event.t_s))
    if kind == "state" and event.state.current:
        before, after = _state(event.state.previous or State.PENDING), _state(event.state.current)
        return Change(before, after, event.state.reason, event.t_s, event.time.ToNanoseconds())
    return None


def _state(number: int) -> State:
    try:
        return State(number)
    except ValueError:
        raise PermanentError(f"a state of a session that is not known: {number}") from None


def _seconds(t_s: float) -> float:
    if not abs(t_s) < _MOST_SECONDS:
        raise PermanentError(f"{t_s} is no time on a source's clock")
    return t_s


def _epoch(epoch: int) -> int:
    if epoch > _MOST_EPOCH:
        raise PermanentError(f"{epoch} is no epoch of a lease")
    return epoch


def _rep_record(rep: movement_pb2.Rep) -> RepRecord:
    return RepRecord(
        rep=last_part(rep.name),
        participant=last_part(rep.participant),
        ordinal=rep.ordinal,
        revision=rep.revision,
        counted=rep.state in COUNTED,
        start_s=_seconds(rep.start_s),
        body=rep.SerializeToString(deterministic=True),
    )


def landmark_record(message: landmarks_pb2.Landmarks, sequence: int) -> LandmarkRecord:
    """What pose saw in a frame.

    Raises:
        PermanentError: points are not packed as the contract says.
    """
    return LandmarkRecord(
        session=message.ref.session,
        sequence=sequence,
        pose_epoch=_epoch(message.pose_epoch),
        ingest_epoch=_epoch(message.ref.ingest_epoch),
        t_us=round(_seconds(message.ref.t_s) * 1e6),
        capture_time_ns=message.ref.capture_time_ns,
        ended=message.HasField("end"),
        persons=persons_in(message),
    )


def sample_record(chunk: samples_pb2.SampleChunk, sequence: int) -> SampleRecord:
    """Some seconds of samples.

    Raises:
        PermanentError: its columns do not fit together, or hold what is no number.
    """
    return SampleRecord(
        session=chunk.session,
        sequence=sequence,
        epoch=_epoch(chunk.kinematics_epoch),
        participant=last_part(chunk.series.participant),
        capture_time_ns=chunk.first.capture_time_ns,
        table=table_of_series(chunk.series),
    )


def spec_message(tenant: str, record: SessionRecord, histories: Mapping[str, History]) -> control_pb2.SessionSpec:
    """What every stage must know of a session from its first frame on; later wishes travel as commands.

    Args:
        tenant: whose it is.
        record: the session.
        histories: of the athletes that it is about, by bare id.
    """
    source, alone = source_message(record), len(record.participants) == 1
    source.mirrored |= alone and any(history.athlete.camera_mirrored for history in histories.values())
    return control_pb2.SessionSpec(
        session=record.session,
        tenant=tenant,
        source=source,
        participants=[_participant_spec(one, histories.get(one.athlete)) for one in record.participants],
        exercise=record.exercise,
        coach=session_service_pb2.CoachSettings(muted=record.muted, language=record.language),
        create_time_ns=record.create_time_ns,
        revision=record.revision,
    )


def _participant_spec(one: ParticipantRecord, history: History | None) -> control_pb2.ParticipantSpec:
    lane = lane_message(one)
    if history is None:
        return control_pb2.ParticipantSpec(id=one.participant, athlete=one.athlete, lane=lane)
    athlete = history.athlete
    return control_pb2.ParticipantSpec(
        id=one.participant,
        athlete=one.athlete,
        stature_m=athlete.stature_m,
        mass_kg=athlete.mass_kg,
        profile=athlete.profile,
        baselines=[
            control_pb2.Baseline(
                exercise=exercise, measure=measure, median=each.median, robust_cv=each.robust_cv, count=each.count
            )
            for (exercise, measure), each in history.baselines.items()
        ],
        level=_word(athlete_service_pb2.Level.Name(athlete_service_pb2.Level.ValueType(athlete.level))),
        language=athlete.language,
        sex=_word(athlete_service_pb2.Sex.Name(athlete_service_pb2.Sex.ValueType(athlete.sex))),
        lane=lane,
    )


def _word(constant: str) -> str:
    """The word in an enum's constant; empty for what is not known."""
    word = constant.partition("_")[2].lower()
    return "" if word == "unspecified" else word


def lane_message(record: ParticipantRecord) -> session_service_pb2.Lane | None:
    """Where a participant begins; None when that is wherever they appear."""
    return record.lane and session_service_pb2.Lane(left=record.lane[0], right=record.lane[1])


def source_message(record: SessionRecord) -> session_service_pb2.Source:
    """What a session watches."""
    return session_service_pb2.Source(
        uri=record.source_uri, pacing=session_service_pb2.Pacing.ValueType(record.pacing), mirrored=record.mirrored
    )


def change_message(session: str, change: Change) -> samples_pb2.EventEnvelope:
    """The event of a step in a session's life; the same for the same step."""
    event = event_pb2.Event(
        name=f"sessions/{session}/events/sessions-state-session-{int(change.after)}",
        stage=event_pb2.STAGE_SESSIONS,
        t_s=change.t_s,
        revision=1,
        state=event_pb2.StateChange(
            previous=event_pb2.SessionState.ValueType(change.before),
            current=event_pb2.SessionState.ValueType(change.after),
            reason=change.reason,
        ),
    )
    event.time.FromNanoseconds(change.time_ns)
    return samples_pb2.EventEnvelope(session=session, event=event)
