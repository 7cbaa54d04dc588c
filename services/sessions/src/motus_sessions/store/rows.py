"""Records as rows of the tables, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping

from motus_sessions.projection.life import Life, Outcome, State
from motus_sessions.projection.records import (
    CueRecord,
    EventRecord,
    ParticipantRecord,
    RepRecord,
    SessionRecord,
)

_AS_THEY_ARE = (
    "session",
    "source_uri",
    "pacing",
    "mirrored",
    "exercise",
    "muted",
    "language",
    "landmarks_retention_s",
    "measures_retention_s",
    "create_time_ns",
    "request_digest",
    "revision",
    "wished_exercise",
    "in_set",
)
_FEEDBACK = ("dismissed", "rating")


def session_row(tenant: str, record: SessionRecord) -> dict[str, Any]:
    """A session's row; its participants have rows of their own."""
    plain = {name: getattr(record, name) for name in _AS_THEY_ARE}
    request_id = record.request_id or None
    return {"tenant": tenant, "group_name": record.group, "request_id": request_id} | plain | life_row(record.life)


def life_row(life: Life) -> dict[str, Any]:
    """The columns of a session's row that change while it lives."""
    outcome = life.outcome
    return {
        "state": int(life.state),
        "reason": life.reason,
        "start_time_ns": life.start_time_ns,
        "end_time_ns": life.end_time_ns,
        "outcome_failed": outcome.failed if outcome else None,
        "outcome_reason": outcome.reason if outcome else None,
        "outcome_t_s": outcome.t_s if outcome else None,
    }


def life_of(row: RowMapping) -> Life:
    """The life in a session's row."""
    outcome = None
    if row["outcome_failed"] is not None:
        outcome = Outcome(row["outcome_failed"], row["outcome_reason"], row["outcome_t_s"])
    return Life(State(row["state"]), row["reason"], row["start_time_ns"], row["end_time_ns"], outcome)


def session_of(
    row: RowMapping, participants: Sequence[ParticipantRecord], reports: Sequence[bytes], rep_count: int
) -> SessionRecord:
    """The session of a row and of what other tables have of it."""
    return SessionRecord(
        **{name: row[name] for name in _AS_THEY_ARE},
        participants=tuple(participants),
        group=row["group_name"],
        request_id=row["request_id"] or "",
        life=life_of(row),
        reports=tuple(reports),
        rep_count=rep_count,
    )


def participant_rows(tenant: str, record: SessionRecord) -> list[dict[str, Any]]:
    """Rows of a session's participants in their order."""
    key = {"tenant": tenant, "session": record.session}
    return [
        key
        | {"place": place, "participant": one.participant, "athlete": one.athlete, "display_name": one.display_name}
        | dict(zip(("lane_left", "lane_right"), one.lane or (None, None), strict=True))
        for place, one in enumerate(record.participants)
    ]


def participant_of(row: RowMapping) -> ParticipantRecord:
    """The participant of a row."""
    lane = None if row["lane_left"] is None else (row["lane_left"], row["lane_right"])
    return ParticipantRecord(row["participant"], row["athlete"], row["display_name"], lane)


def event_row(tenant: str, event: EventRecord) -> dict[str, Any]:
    """An event's row."""
    names = ("session", "event", "revision", "sequence", "epoch", "participant", "stage", "body")
    return {"tenant": tenant} | {name: getattr(event, name) for name in names}


def event_of(row: RowMapping) -> EventRecord:
    """The event of a row; its detail is in its body."""
    return EventRecord(**{name: value for name, value in row.items() if name != "tenant"})


def part_row(tenant: str, session: str, part: RepRecord | CueRecord) -> dict[str, Any]:
    """The row of a rep or cue as a stage says it, without what the athlete thinks of it."""
    said = {name: value for name, value in vars(part).items() if name not in _FEEDBACK}
    return {"tenant": tenant, "session": session} | said


def part_of(kind: type[Any], row: Mapping[str, Any]) -> Any:
    """The rep or cue of a row."""
    return kind(**{name: value for name, value in row.items() if name not in ("tenant", "session")})
