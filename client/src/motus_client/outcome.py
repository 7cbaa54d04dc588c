"""What came of a session: reps, cues, phases, frames and latencies, read by the API and put as plain values."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import MessageToDict

from motus.v1 import event_pb2, measure_pb2, movement_pb2, session_service_pb2
from motus_client.client import Client
from motus_client.names import last_part, value_name

FINAL_STATES = (event_pb2.SESSION_STATE_ENDED, event_pb2.SESSION_STATE_FAILED)


@dataclass(frozen=True)
class ParticipantPhase:
    """A phase and whose it is.

    Attributes:
        participant: the bare participant id.
        phase: kind, start and end.
    """

    participant: str
    phase: movement_pb2.Phase


@dataclass(frozen=True)
class Frames:
    """What became of a session's frames.

    Attributes:
        read: read from the source.
        with_pose: in which a person was seen.
        dropped: that gave no landmarks: left out, replaced by newer ones, or unreadable.
    """

    read: int
    with_pose: int
    dropped: int


@dataclass(frozen=True)
class Outcome:
    """Everything that the API has about a session but its time series.

    Attributes:
        session: the session itself.
        exercise: as given, else as recognised last, standing idle aside; `unknown` when neither.
        reps: counted repetitions in order of time.
        cues: newest revision of each, in order of time.
        phases: in order of time.
    """

    session: session_service_pb2.Session
    exercise: str
    reps: tuple[movement_pb2.Rep, ...]
    cues: tuple[movement_pb2.Cue, ...]
    phases: tuple[ParticipantPhase, ...]

    @property
    def ended(self) -> bool:
        """Whether the session came to its end and everything is stored."""
        return self.session.state == event_pb2.SESSION_STATE_ENDED

    @property
    def frames(self) -> Frames:
        """What became of the frames."""
        return frames_of(self.session.reports)

    @property
    def latency_ms(self) -> dict[str, dict[str, float]]:
        """Per stage p50, p95, p99 and max of the time since a frame's ingest, milliseconds."""
        return latency_of(self.session.reports)


def read_outcome(client: Client, session: str) -> Outcome:
    """Ask the API for everything about a session.

    Raises:
        ApiError: a call failed.
    """
    found = client.get_session(session)
    events = newest_events(client.list_events(session))
    named = [event.exercise.exercise for event in events if event.WhichOneof("detail") == "exercise"]
    done = [name for name in named if name != "idle"]
    given = found.exercise if found.exercise not in ("", "unknown") else ""
    reps = tuple(client.list_reps(session))
    return Outcome(
        session=found,
        exercise=given or next(reversed(done or named), "unknown"),
        reps=reps,
        cues=tuple(client.list_cues(session)),
        phases=tuple(phases_of(reps, events)),
    )


def phases_of(reps: Iterable[movement_pb2.Rep], events: Iterable[event_pb2.Event]) -> list[ParticipantPhase]:
    """Phases in order of time: those within repetitions as the finished ones have them, the others as they were told.

    A phase that is told while it happens begins late, since it must be told from noise first; once its repetition is
    complete it is known better.
    """
    within = [ParticipantPhase(last_part(rep.participant), phase) for rep in reps for phase in rep.phases]
    told = [
        ParticipantPhase(last_part(event.participant), event.phase)
        for event in events
        if event.WhichOneof("detail") == "phase"
    ]
    others = [item for item in told if not any(_overlap(item, better) for better in within)]
    return sorted(within + others, key=lambda item: item.phase.start_s)


def _overlap(one: ParticipantPhase, other: ParticipantPhase) -> bool:
    def end_s(phase: movement_pb2.Phase) -> float:
        return phase.end_s if phase.HasField("end_s") else math.inf

    return (
        one.participant == other.participant
        and one.phase.start_s < end_s(other.phase)
        and other.phase.start_s < end_s(one.phase)
    )


def newest_events(events: Iterable[event_pb2.Event]) -> list[event_pb2.Event]:
    """Each event in its newest revision, in the order in which they were first recorded."""
    newest: dict[str, event_pb2.Event] = {}
    for event in events:
        if event.name not in newest or event.revision >= newest[event.name].revision:
            newest[event.name] = event
    return list(newest.values())


def frames_of(reports: Iterable[event_pb2.StageReport]) -> Frames:
    """Frame counts from the stages' reports.

    A stage that was restarted counts anew, but kinematics reads its whole log again: what it measured is exact.
    """
    counts = {report.stage: dict(report.counts) for report in reports}
    stages = (event_pb2.STAGE_INGEST, event_pb2.STAGE_POSE, event_pb2.STAGE_KINEMATICS)
    ingest, pose, kinematics = (counts.get(stage, {}) for stage in stages)
    # Ingest learns of every loss: what pose could not take it says in its answer to the frame.
    dropped = sum(count for cause, count in ingest.items() if cause.startswith("frames_dropped"))
    return Frames(
        read=max(ingest.get("frames_in", 0), kinematics.get("frames_in", 0) + dropped),
        with_pose=max(pose.get("frames_with_pose", 0), kinematics.get("frames_with_pose", 0)),
        dropped=dropped,
    )


def latency_of(reports: Iterable[event_pb2.StageReport]) -> dict[str, dict[str, float]]:
    """Latency figures from the stages' reports, by stage in the order of the pipeline."""
    return {
        value_name(event_pb2.Stage, report.stage).lower(): {
            "p50": round(report.latency.p50_ms, 2),
            "p95": round(report.latency.p95_ms, 2),
            "p99": round(report.latency.p99_ms, 2),
            "max": round(report.latency.max_ms, 2),
        }
        for report in sorted(reports, key=lambda report: report.stage)
        if report.HasField("latency")
    }


def outcome_json(outcome: Outcome, report: str | None) -> dict[str, Any]:
    """The object that `motus analyze --json` prints; `report` is the page's path, None when there is none."""
    return {
        **session_json(outcome.session),
        "exercise": outcome.exercise,
        "reps": [rep_json(rep) for rep in outcome.reps],
        "phases": [{"participant": item.participant, **phase_json(item.phase)} for item in outcome.phases],
        "cues": [cue_json(cue) for cue in outcome.cues],
        "report": report,
    }


def session_json(session: session_service_pb2.Session) -> dict[str, Any]:
    """A session as plain values."""
    frames = frames_of(session.reports)
    return {
        "session": last_part(session.name),
        "state": value_name(event_pb2.SessionState, session.state),
        "reason": session.reason,
        "queue_position": session.queue_position,
        "exercise": session.exercise or "unknown",
        "source": session.source.uri,
        "participants": [
            {"participant": last_part(person.name), "athlete": last_part(person.athlete), "name": person.display_name}
            for person in session.participants
        ],
        "create_time": session.create_time.ToJsonString() if session.HasField("create_time") else None,
        "end_time": session.end_time.ToJsonString() if session.HasField("end_time") else None,
        "rep_count": session.rep_count,
        "frames": {"in": frames.read, "with_pose": frames.with_pose, "dropped": frames.dropped},
        "latency_ms": latency_of(session.reports),
    }


def rep_json(rep: movement_pb2.Rep) -> dict[str, Any]:
    """A repetition as plain values: a measure that is absent is null, and `absent` says why."""
    valued = [measure for measure in rep.measures if measure.WhichOneof("result") == "value"]
    absent = [measure for measure in rep.measures if measure.WhichOneof("result") != "value"]
    return {
        "participant": last_part(rep.participant),
        "ordinal": rep.ordinal,
        "set": rep.set_ordinal,
        "exercise": rep.exercise,
        "side": value_name(movement_pb2.Side, rep.side).lower().replace("unspecified", "both"),
        "state": value_name(movement_pb2.RepState, rep.state),
        "start_s": rep.start_s,
        "turn_s": rep.turn_s,
        "end_s": rep.end_s,
        "measures": {measure.name: measure.value for measure in valued} | {measure.name: None for measure in absent},
        "absent": {measure.name: value_name(measure_pb2.AbsenceReason, measure.absence) for measure in absent},
        "grades": {measure.name: value_name(measure_pb2.Grade, measure.grade) for measure in valued},
        "phases": [phase_json(phase) for phase in rep.phases],
        "reason": rep.reason,
    }


def phase_json(phase: movement_pb2.Phase) -> dict[str, Any]:
    """A phase as plain values; `end_s` is null while it goes on."""
    return {
        "kind": value_name(movement_pb2.PhaseKind, phase.kind).lower(),
        "side": value_name(movement_pb2.Side, phase.side).lower().replace("unspecified", "both"),
        "start_s": phase.start_s,
        "end_s": phase.end_s if phase.HasField("end_s") else None,
    }


def cue_json(cue: movement_pb2.Cue) -> dict[str, Any]:
    """A cue as plain values."""
    return {
        "participant": last_part(cue.participant),
        "t_s": cue.t_s,
        "code": cue.cue_code,
        "text": cue.text,
        "language": cue.language,
        "kind": value_name(movement_pb2.CueKind, cue.kind).lower(),
        "severity": value_name(movement_pb2.Severity, cue.severity).lower(),
        "source": value_name(movement_pb2.CueSource, cue.source).lower(),
        "revision": cue.revision,
        "latency_ms": cue.latency_ms,
        "evidence": [
            {
                "rep": last_part(item.rep),
                "measure": item.measure,
                "value": item.value,
                "threshold": item.threshold if item.HasField("threshold") else None,
            }
            for item in cue.evidence
        ],
    }


def event_json(event: event_pb2.Event) -> dict[str, Any]:
    """An event as plain values, by the names of the proto."""
    return MessageToDict(event, preserving_proto_field_name=True)
