"""Resource names: `sessions/{session}` and what lies below."""

import re

from motus_runtime.errors import InvalidArgumentError
from motus_runtime.topics import SESSION_ID

PARTICIPANT_ID = re.compile(r"[a-z0-9-]{1,40}")
ATHLETE_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")
MOVEMENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_CHILD = re.compile(rf"sessions/(?P<session>{SESSION_ID.pattern})/(?P<kind>[a-z]+)/(?P<child>[A-Za-z0-9._~-]{{1,80}})")


def session_name(session: str) -> str:
    """The name of a session."""
    return f"sessions/{session}"


def participant_name(session: str, participant: str) -> str:
    """The name of a participant; empty for nobody."""
    return f"sessions/{session}/participants/{participant}" if participant else ""


def session_in(name: str, field: str) -> str:
    """The bare id in a session's name.

    Raises:
        InvalidArgumentError: it is not such a name.
    """
    prefix, _, session = name.partition("/")
    if prefix != "sessions" or not SESSION_ID.fullmatch(session):
        raise InvalidArgumentError({field: "must be sessions/{session}, with an id of [a-z0-9-]{4,40}"})
    return session


def participant_in(name: str, session: str, field: str) -> str:
    """The bare id in the name of a session's participant; empty for an empty name.

    Raises:
        InvalidArgumentError: it is not the name of a participant of that session.
    """
    if not name:
        return ""
    participant = name.removeprefix(f"sessions/{session}/participants/")
    if participant == name or not PARTICIPANT_ID.fullmatch(participant):
        raise InvalidArgumentError({field: f"must be sessions/{session}/participants/{{participant}}"})
    return participant


def athlete_name(athlete: str) -> str:
    """The name of an athlete."""
    return f"athletes/{athlete}"


def athlete_in(name: str, field: str) -> str:
    """The bare id in an athlete's name.

    Raises:
        InvalidArgumentError: it is not such a name.
    """
    prefix, _, athlete = name.partition("/")
    if prefix != "athletes" or not ATHLETE_ID.fullmatch(athlete):
        raise InvalidArgumentError({field: "must be athletes/{athlete}, with an id of 1 to 64 of A-Z, a-z, 0-9, ._~-"})
    return athlete


def rep_in(name: str, field: str) -> tuple[str, str]:
    """The bare session and rep ids in a rep's name.

    Raises:
        InvalidArgumentError: it is not such a name.
    """
    return _child_in(name, "reps", field)


def cue_in(name: str, field: str) -> tuple[str, str]:
    """The bare session and cue ids in a cue's name.

    Raises:
        InvalidArgumentError: it is not such a name.
    """
    return _child_in(name, "cues", field)


def _child_in(name: str, kind: str, field: str) -> tuple[str, str]:
    match = _CHILD.fullmatch(name)
    if not match or match["kind"] != kind:
        raise InvalidArgumentError({field: f"must be sessions/{{session}}/{kind}/{{id}}"})
    return match["session"], match["child"]


def last_part(name: str) -> str:
    """The bare id at the end of a name."""
    return name.rsplit("/", 1)[-1]
