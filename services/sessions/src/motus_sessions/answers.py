"""Records as the messages that clients get."""

from collections.abc import Sequence
from functools import cache

from motus.v1 import athlete_service_pb2, event_pb2, measure_pb2, movement_pb2, session_service_pb2
from motus_register import CHANNELS, EXERCISES, MEASURES, PHASE_MEASURES, SET_MEASURES
from motus_sessions.convert import lane_message, source_message
from motus_sessions.names import athlete_name, participant_name, session_name
from motus_sessions.projection.athletes import AthleteRecord, PastRep, trend, usual
from motus_sessions.projection.life import State
from motus_sessions.projection.records import CueRecord, SessionRecord

SECOND_NS = 1_000_000_000


def session_message(record: SessionRecord, place: int = 0) -> session_service_pb2.Session:
    """A session as clients see it; `place` is its place in the line of those that wait for workers."""
    life = record.life
    session = session_service_pb2.Session(
        name=session_name(record.session),
        source=source_message(record),
        participants=[
            session_service_pb2.Participant(
                name=participant_name(record.session, one.participant),
                athlete=athlete_name(one.athlete) if one.athlete else "",
                display_name=one.display_name,
                lane=lane_message(one),
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
        queue_position=place if life.state is State.PENDING else 0,
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
