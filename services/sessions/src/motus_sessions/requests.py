"""What the rules of the protos cannot say of a request: registers, names that belong together, spans of time.

Every request was held against those rules before it comes here, see motus_runtime.rpc.validation.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from motus.v1 import session_service_pb2
from motus_register import CHANNELS, EXERCISES
from motus_runtime.errors import InvalidArgumentError
from motus_runtime.pushed import URIS
from motus_sessions.names import MOVEMENT_ID, PARTICIPANT_ID, last_part
from motus_sessions.projection.records import ParticipantRecord, SessionRecord, Wishes

MOST_FAULT_CHARACTERS = 1500
"""A status travels in headers, three times over, and a client takes no more than 8 KiB of them."""
CHANGEABLE = ("exercise", "coach.muted", "in_set")
SECOND_NS = 1_000_000_000
OLDEST_FIRST = ("create_time", "create_time asc")
TAUGHT = "taught/"
_SET_BY_SERVER = (
    "name",
    "state",
    "reason",
    "create_time",
    "start_time",
    "end_time",
    "reports",
    "rep_count",
    "in_set",
    "queue_position",
)


class Faults(dict[str, str]):
    """What is wrong with a request, by field path."""

    def unless(self, holds: object, field: str, text: str) -> None:
        """Note a fault when something does not hold; a field's first one stays, and as many fields as can be told."""
        if not holds and sum(map(len, (*self, *self.values()))) < MOST_FAULT_CHARACTERS:
            self.setdefault(field, text)

    def refuse(self) -> None:
        """Raise InvalidArgumentError when there is any."""
        if self:
            raise InvalidArgumentError(dict(self))


def new_session(request: session_service_pb2.CreateSessionRequest, now_ns: int) -> SessionRecord:
    """The session that a request asks for.

    Raises:
        InvalidArgumentError: naming the fields at fault.
    """
    faults, wish = Faults(), request.session
    given = {descriptor.name for descriptor, _ in wish.ListFields()}
    for field in _SET_BY_SERVER:
        faults.unless(field not in given, f"session.{field}", "is set by the server; leave it empty")
    if wish.HasField("source"):
        _check_source(wish.source, faults)
    else:
        faults.unless(False, "session.source", "is missing: where do the pictures come from?")
    faults.unless(not wish.exercise or wish.exercise in EXERCISES, "session.exercise", _exercise_text())
    session = request.session_id or secrets.token_hex(6)
    participants = _participants(wish.participants, session, faults)
    faults.refuse()
    return SessionRecord(
        session=session,
        source_uri=wish.source.uri,
        pacing=wish.source.pacing,
        mirrored=wish.source.mirrored,
        participants=participants,
        exercise=wish.exercise or "unknown",
        muted=wish.coach.muted,
        language=wish.coach.language,
        landmarks_retention_s=_seconds(wish.retention, "landmarks"),
        measures_retention_s=_seconds(wish.retention, "measures"),
        group=wish.group,
        create_time_ns=now_ns,
        request_id=request.request_id,
        request_digest=_digest(request),
    )


def wishes(request: session_service_pb2.UpdateSessionRequest) -> Wishes:
    """What a request wishes to change.

    Raises:
        InvalidArgumentError: naming the fields at fault.
    """
    faults, session, paths = Faults(), request.session, request.update_mask.paths
    faults.unless(paths, "update_mask", "must name at least one of " + ", ".join(CHANGEABLE))
    faults.unless(set(paths) <= set(CHANGEABLE), "update_mask", "may name only " + ", ".join(CHANGEABLE))
    taught = MOVEMENT_ID.fullmatch(session.exercise.removeprefix(TAUGHT)) and session.exercise.startswith(TAUGHT)
    known = "exercise" not in paths or not session.exercise or session.exercise in EXERCISES or taught
    faults.unless(known, "session.exercise", f"{_exercise_text()}, or {TAUGHT}{{movement}}")
    marks = "in_set" not in paths or session.HasField("in_set")
    faults.unless(marks, "session.in_set", "must be true to begin a set, or false to end it")
    faults.refuse()
    return Wishes(
        exercise=(session.exercise or "unknown") if "exercise" in paths else None,
        muted=session.coach.muted if "coach.muted" in paths else None,
        in_set=session.in_set if "in_set" in paths else None,
    )


SCHEMES: Final = ("file", "rtsp", "rtsps", "rtmp", "rtmps", "livekit", "http", "https", "udp", "device", "lavfi")
"""Kinds of source that ingest knows; its operator says which of them may be asked for."""


def _check_source(source: session_service_pb2.Source, faults: Faults) -> None:
    field = "session.source.uri"
    if source.uri in URIS:
        return
    try:
        parts = urlsplit(source.uri)
    except ValueError:
        faults.unless(False, field, "is not a URI")
        return
    begin = "must begin with one of " + ", ".join(f"{one}://" for one in SCHEMES)
    faults.unless(parts.scheme in SCHEMES, field, f"{begin}; or be one of {', '.join(URIS)}")
    if parts.scheme == "file":
        faults.unless(parts.netloc in ("", "localhost"), field, "must name a file of the server: file:///path")
        faults.unless(parts.path.startswith("/") and len(parts.path) > 1, field, "must name a file: file:///path")
    else:
        # It would be stored, and told to whoever reads the session.
        secret = parts.username is not None or parts.password is not None
        faults.unless(not secret, field, "must hold no name and password: the server's operator gives them to ingest")
    faults.unless("%00" not in source.uri, field, "must hold printable characters only")


def _exercise_text() -> str:
    return "must be empty or one of " + ", ".join(EXERCISES)


def _participants(
    wished: Sequence[session_service_pb2.Participant], session: str, faults: Faults
) -> tuple[ParticipantRecord, ...]:
    found: list[ParticipantRecord] = []
    for place, one in enumerate(wished):
        field = f"session.participants[{place}]"
        prefix = f"sessions/{session}/participants/"
        name = one.name or f"{prefix}p{place + 1}"
        participant = name.removeprefix(prefix)
        named = participant != name and PARTICIPANT_ID.fullmatch(participant)
        faults.unless(named, f"{field}.name", "must be empty or sessions/{session}/participants/[a-z0-9-]{1,40}")
        taken = any(other.participant == participant for other in found)
        faults.unless(not taken, f"{field}.name", "is the name of another one too")
        lane = (one.lane.left, one.lane.right) if one.HasField("lane") else None
        apart = all(other.lane is None or lane is None or _apart(lane, other.lane) for other in found)
        faults.unless(apart, f"{field}.lane", "overlaps another one's lane: nobody could say whose who is in both is")
        found.append(ParticipantRecord(participant, last_part(one.athlete), one.display_name, lane))
    return tuple(found) or (ParticipantRecord("p1"),)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two lanes have no more than an edge in common."""
    return one[1] <= other[0] or other[1] <= one[0]


def _seconds(retention: session_service_pb2.Retention, name: Literal["landmarks", "measures"]) -> float | None:
    """A duration of a retention; None when it is absent."""
    if not retention.HasField(name):
        return None
    duration = getattr(retention, name)
    return float(duration.seconds + duration.nanos / 1e9)


def _digest(request: session_service_pb2.CreateSessionRequest) -> bytes:
    """Of all that a repeated request must have in common with its first."""
    content = request.session.SerializeToString(deterministic=True) + b"\0" + request.session_id.encode()
    return hashlib.blake2b(content, digest_size=16).digest()


def page_size(wished: int, usual: int = 50, most: int = 500) -> int:
    """How many a page holds."""
    return min(wished or usual, most)


def span_us(request: Any) -> tuple[int | None, int | None]:
    """The span of time of a request with `start_s` and `end_s`, in microseconds.

    Raises:
        InvalidArgumentError: it is empty.
    """
    start_us, end_us = (
        round(getattr(request, field) * 1e6) if request.HasField(field) else None for field in ("start_s", "end_s")
    )
    if start_us is not None and end_us is not None and start_us >= end_us:
        raise InvalidArgumentError({"end_s": "must be greater than start_s"})
    return start_us, end_us


def creation_ns(request: session_service_pb2.ListSessionsRequest) -> tuple[int | None, int | None]:
    """The span of creation of a request, Unix nanoseconds.

    Raises:
        InvalidArgumentError: it is empty.
    """
    # Read by hand: a Timestamp of a stranger may have nanoseconds that its own methods do not take.
    first_ns, end_ns = (
        getattr(request, field).seconds * SECOND_NS + getattr(request, field).nanos if request.HasField(field) else None
        for field in ("create_time_from", "create_time_before")
    )
    if first_ns is not None and end_ns is not None and first_ns >= end_ns:
        raise InvalidArgumentError({"create_time_before": "must be later than create_time_from"})
    return first_ns, end_ns


def check_channels(channels: Sequence[str]) -> None:
    """Channels must be of the register.

    Raises:
        InvalidArgumentError: naming those that are not.
    """
    unknown = [channel for channel in channels if channel not in CHANNELS]
    if unknown:
        raise InvalidArgumentError({"channels": "not in the register: " + ", ".join(unknown[:5])[:200]})
