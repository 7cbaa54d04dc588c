"""What comes from the bus as records, and records as messages; the store and the projection see no message."""

from collections.abc import Mapping, Sequence
from functools import cache

from motus.bus.v1 import control_pb2, landmarks_pb2, samples_pb2
from motus.v1 import athlete_service_pb2, event_pb2, measure_pb2, movement_pb2, session_service_pb2
from motus_register import CHANNELS, EXERCISES, MEASURES, PHASE_MEASURES, SET_MEASURES
from motus_runtime.errors import PermanentError
from motus_sessions.columns import persons_in, table_of_series
from motus_sessions.names import athlete_name, last_part, participant_name, session_name
from motus_sessions.projection.athletes import AthleteRecord, History, PastRep, trend, usual
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
SECOND_NS = 1_000_000_000


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


def cue_message(record: CueRecord) -> movement_pb2.Cue:
    """A cue as clients see it: as it was said, with what the athlete thinks of it."""
    cue = movement_pb2.Cue.FromString(record.body)
    cue.dismissed = record.dismissed
    if record.rating is not None:
        cue.rating = record.rating
    return cue


@cache
def register_message() -> session_service_pb2.ListMeasuresResponse:
    """The register of measures; one message for all, not to be changed."""
    scopes = {
        measure_pb2.MEASURE_SCOPE_CHANNEL: CHANNELS,
        measure_pb2.MEASURE_SCOPE_REP: MEASURES,
        measure_pb2.MEASURE_SCOPE_PHASE: PHASE_MEASURES,
        measure_pb2.MEASURE_SCOPE_SET: SET_MEASURES,
    }
    rows = [
        measure_pb2.MeasureDefinition(scope=scope, **vars(row))
        for scope, table in scopes.items()
        for row in table.values()
    ]
    return session_service_pb2.ListMeasuresResponse(measures=rows, exercises=EXERCISES)


def spec_message(tenant: str, record: SessionRecord, histories: Mapping[str, History]) -> control_pb2.SessionSpec:
    """What every stage must know of a session from its first frame on; later wishes travel as commands.

    Args:
        tenant: whose it is.
        record: the session.
        histories: of the athletes that it is about, by bare id.
    """
    source, alone = _source(record), len(record.participants) == 1
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
    if history is None:
        return control_pb2.ParticipantSpec(id=one.participant, athlete=one.athlete)
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
    )


def _word(constant: str) -> str:
    """The word in an enum's constant; empty for what is not known."""
    word = constant.partition("_")[2].lower()
    return "" if word == "unspecified" else word


def athlete_message(record: AthleteRecord) -> athlete_service_pb2.Athlete:
    """An athlete as clients see them."""
    athlete = athlete_service_pb2.Athlete(
        name=athlete_name(record.athlete),
        display_name=record.display_name,
        stature_m=record.stature_m,
        mass_kg=record.mass_kg,
        sex=athlete_service_pb2.Sex.ValueType(record.sex),
        level=athlete_service_pb2.Level.ValueType(record.level),
        language=record.language,
        camera_mirrored=record.camera_mirrored,
    )
    athlete.create_time.FromNanoseconds(record.create_time_ns)
    athlete.update_time.FromNanoseconds(record.update_time_ns)
    if record.learn_time_ns is not None:
        athlete.learn_time.FromNanoseconds(record.learn_time_ns)
    return athlete


def trend_message(reps: Sequence[PastRep], measure: str) -> athlete_service_pb2.Trend:
    """One measure of an athlete's repetitions from session to session."""
    message = athlete_service_pb2.Trend(measure=measure)
    for point in trend(reps, measure):
        row = message.points.add(
            session=session_name(point.session), median=point.median, spread=point.spread, count=point.count
        )
        row.time.FromNanoseconds(point.time_ns)
    values = [rep.values[measure] for rep in reps if measure in rep.values]
    if values:
        whole = usual(values)
        message.baseline.median, message.baseline.robust_cv = whole.median, whole.robust_cv
        message.baseline.count = whole.count
        if whole.standard_error is not None:
            message.baseline.standard_error = whole.standard_error
    return message


def session_message(record: SessionRecord) -> session_service_pb2.Session:
    """A session as clients see it."""
    life = record.life
    session = session_service_pb2.Session(
        name=session_name(record.session),
        source=_source(record),
        participants=[
            session_service_pb2.Participant(
                name=participant_name(record.session, one.participant),
                athlete=f"athletes/{one.athlete}" if one.athlete else "",
                display_name=one.display_name,
            )
            for one in record.participants
        ],
        exercise=record.wished_exercise or record.exercise,
        coach=session_service_pb2.CoachSettings(muted=record.muted, language=record.language),
        in_set=record.in_set,
        group=record.group,
        state=event_pb2.SessionState.ValueType(life.state),
        reason=life.reason,
        reports=sorted(map(event_pb2.StageReport.FromString, record.reports), key=lambda report: report.stage),
        rep_count=record.rep_count,
    )
    session.create_time.FromNanoseconds(record.create_time_ns)
    if life.start_time_ns is not None:
        session.start_time.FromNanoseconds(life.start_time_ns)
    if life.end_time_ns is not None:
        session.end_time.FromNanoseconds(life.end_time_ns)
    if record.landmarks_retention_s is not None:
        session.retention.landmarks.FromNanoseconds(round(record.landmarks_retention_s * SECOND_NS))
    if record.measures_retention_s is not None:
        session.retention.measures.FromNanoseconds(round(record.measures_retention_s * SECOND_NS))
    return session


def _source(record: SessionRecord) -> session_service_pb2.Source:
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
