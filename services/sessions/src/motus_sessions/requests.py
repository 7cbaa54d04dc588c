"""Requests checked against the contract, the fields at fault named at once."""

import hashlib
import math
import re
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.duration_pb2 import Duration

from motus.v1 import session_service_pb2
from motus_register import CHANNELS, EXERCISES
from motus_runtime.errors import InvalidArgumentError
from motus_runtime.topics import SESSION_ID
from motus_sessions.names import ATHLETE_ID, MOVEMENT_ID, PARTICIPANT_ID
from motus_sessions.projection.records import ParticipantRecord, SessionRecord, Wishes

MOST_PARTICIPANTS = 16
MOST_CHANNELS = 64
MOST_STARS = 5
MOST_REASON_CHARACTERS = 200
MOST_FAULT_CHARACTERS = 1500
"""A status travels in headers, three times over, and a client takes no more than 8 KiB of them."""
CHANGEABLE = ("exercise", "coach.muted", "in_set")
TAUGHT = "taught/"
_SET_BY_SERVER = ("name", "state", "reason", "create_time", "start_time", "end_time", "reports", "rep_count", "in_set")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_GROUP = re.compile(r"[A-Za-z0-9._~-]{0,64}")
_REQUEST_ID = re.compile(r"[ -~]{0,64}")


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
    faults.unless(SESSION_ID.fullmatch(request.session_id or "auto"), "session_id", "must be [a-z0-9-]{4,40}")
    faults.unless(_REQUEST_ID.fullmatch(request.request_id), "request_id", "must be at most 64 printable characters")
    given = {descriptor.name for descriptor, _ in wish.ListFields()}
    for field in _SET_BY_SERVER:
        faults.unless(field not in given, f"session.{field}", "is set by the server; leave it empty")
    _check_source(wish.source, faults)
    faults.unless(not wish.exercise or wish.exercise in EXERCISES, "session.exercise", _exercise_text())
    faults.unless(_GROUP.fullmatch(wish.group), "session.group", "must be at most 64 of A-Z, a-z, 0-9 and ._~-")
    language = wish.coach.language
    faults.unless(is_language(language), "session.coach.language", "must be BCP-47, as en")
    session = request.session_id or secrets.token_hex(6)
    participants = _participants(wish.participants, session, faults)
    retention = {name: _retention(wish.retention, name, faults) for name in ("landmarks", "measures")}
    faults.refuse()
    return SessionRecord(
        session=session,
        source_uri=wish.source.uri,
        pacing=wish.source.pacing,
        mirrored=wish.source.mirrored,
        participants=participants,
        exercise=wish.exercise or "unknown",
        muted=wish.coach.muted,
        language=language,
        landmarks_retention_s=retention["landmarks"],
        measures_retention_s=retention["measures"],
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


def check_teaching(request: session_service_pb2.TeachMovementRequest) -> None:
    """Refuse what nobody could learn.

    Raises:
        InvalidArgumentError: naming the fields at fault.
    """
    faults, reps = Faults(), request.reps
    faults.unless(MOVEMENT_ID.fullmatch(request.movement), "movement", "must be [a-z0-9][a-z0-9_-]{0,62}")
    faults.unless(len(reps) in (2, 3) and len(set(reps)) == len(reps), "reps", "must be two or three different ones")
    faults.refuse()


def check_rating(request: session_service_pb2.RateCueRequest) -> None:
    """Refuse a rating off the scale.

    Raises:
        InvalidArgumentError: it is none of 1 to 5.
    """
    faults = Faults()
    faults.unless(1 <= request.rating <= MOST_STARS, "rating", f"must be 1 to {MOST_STARS}")
    faults.refuse()


def _check_source(source: session_service_pb2.Source, faults: Faults) -> None:
    field = "session.source.uri"
    known = source.pacing in session_service_pb2.Pacing.values()
    faults.unless(known, "session.source.pacing", "is not a known pacing")
    faults.unless(source.uri, field, "is missing: where do the pictures come from?")
    faults.unless(len(source.uri) <= 2048, field, "is longer than 2048 characters")
    try:
        parts = urlsplit(source.uri)
    except ValueError:
        faults.unless(False, field, "is not a URI")
        return
    faults.unless(parts.scheme == "file", field, "must begin with file://")
    faults.unless(parts.netloc in ("", "localhost"), field, "must name a file of the server: file:///path")
    faults.unless(parts.path.startswith("/") and len(parts.path) > 1, field, "must name a file: file:///path")
    faults.unless(source.uri.isprintable() and "%00" not in source.uri, field, "must hold printable characters only")


def _exercise_text() -> str:
    return "must be empty or one of " + ", ".join(EXERCISES)


def _participants(
    wished: Sequence[session_service_pb2.Participant], session: str, faults: Faults
) -> tuple[ParticipantRecord, ...]:
    count = len(wished)
    faults.unless(count <= MOST_PARTICIPANTS, "session.participants", f"must be at most {MOST_PARTICIPANTS}")
    found: list[ParticipantRecord] = []
    for place, one in enumerate(wished[:MOST_PARTICIPANTS]):
        field = f"session.participants[{place}]"
        prefix = f"sessions/{session}/participants/"
        name = one.name or f"{prefix}p{place + 1}"
        participant = name.removeprefix(prefix)
        named = participant != name and PARTICIPANT_ID.fullmatch(participant)
        faults.unless(named, f"{field}.name", "must be empty or sessions/{session}/participants/[a-z0-9-]{1,40}")
        taken = any(other.participant == participant for other in found)
        faults.unless(not taken, f"{field}.name", "is the name of another one too")
        athlete = one.athlete.removeprefix("athletes/")
        bound = athlete != one.athlete and ATHLETE_ID.fullmatch(athlete)
        faults.unless(not one.athlete or bound, f"{field}.athlete", "must be empty or athletes/{athlete}")
        check_text(one.display_name, 80, f"{field}.display_name", faults)
        found.append(ParticipantRecord(participant, athlete, one.display_name))
    return tuple(found) or (ParticipantRecord("p1"),)


def is_language(tag: str) -> bool:
    """Whether a text is empty or looks like a BCP-47 tag."""
    return not tag or bool(_LANGUAGE.fullmatch(tag))


def check_text(text: str, most: int, field: str, faults: Faults) -> None:
    """Text that people will see must be short, and must not steer their terminal."""
    faults.unless(len(text) <= most, field, f"is longer than {most} characters")
    faults.unless(text.isprintable(), field, "must hold printable characters only")


def _retention(retention: session_service_pb2.Retention, name: str, faults: Faults) -> float | None:
    if not retention.HasField(name):  # type: ignore[arg-type]
        return None
    duration: Duration = getattr(retention, name)
    seconds = duration.seconds + duration.nanos / 1e9
    faults.unless(0 < seconds <= 10 * 365 * 86400, f"session.retention.{name}", "must be above 0, at most ten years")
    return seconds


def _digest(request: session_service_pb2.CreateSessionRequest) -> bytes:
    """Of all that a repeated request must have in common with its first."""
    content = request.session.SerializeToString(deterministic=True) + b"\0" + request.session_id.encode()
    return hashlib.blake2b(content, digest_size=16).digest()


def page_size(wished: int, usual: int = 50, most: int = 500) -> int:
    """How many a page holds.

    Raises:
        InvalidArgumentError: it is negative.
    """
    if wished < 0:
        raise InvalidArgumentError({"page_size": "must not be negative"})
    return min(wished or usual, most)


def span_us(request: Any) -> tuple[int | None, int | None]:
    """The span of time of a request with `start_s` and `end_s`, in microseconds.

    Raises:
        InvalidArgumentError: it is empty, or its bounds are no times.
    """
    faults, bounds = Faults(), {}
    for field in ("start_s", "end_s"):
        seconds = getattr(request, field) if request.HasField(field) else None
        fine = seconds is None or (math.isfinite(seconds) and abs(seconds) < 1e9)
        faults.unless(fine, field, "must be seconds on the source's clock")
        bounds[field] = round(seconds * 1e6) if seconds is not None and fine else None
    start_us, end_us = bounds["start_s"], bounds["end_s"]
    ordered = start_us is None or end_us is None or start_us < end_us
    faults.unless(ordered, "end_s", "must be greater than start_s")
    faults.refuse()
    return start_us, end_us


def check_channels(channels: Sequence[str], faults: Faults) -> None:
    """Channels must be of the register, each once, and not too many."""
    unknown = [channel for channel in channels if channel not in CHANNELS]
    faults.unless(not unknown, "channels", "not in the register: " + ", ".join(unknown[:5])[:200])
    faults.unless(len(set(channels)) == len(channels), "channels", "names one twice")
    faults.unless(len(channels) <= MOST_CHANNELS, "channels", f"must be at most {MOST_CHANNELS}")
