"""Resource names: `sessions/{session}` and what lies below; the rules of the protos have checked their form."""

import re

from motus_runtime.errors import InvalidArgumentError

PARTICIPANT_ID = re.compile(r"[a-z0-9-]{1,40}")
MOVEMENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def session_name(session: str) -> str:
    """The name of a session."""
    return f"sessions/{session}"


def participant_name(session: str, participant: str) -> str:
    """The name of a participant; empty for nobody."""
    return f"sessions/{session}/participants/{participant}" if participant else ""


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


def child_in(name: str) -> tuple[str, str]:
    """The bare session and child ids in the name of what a session has."""
    _, session, _, child = name.split("/")
    return session, child


def last_part(name: str) -> str:
    """The bare id at the end of a name."""
    return name.rsplit("/", 1)[-1]
