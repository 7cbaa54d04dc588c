"""What a request names, found in the store or refused."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from motus_runtime.errors import InvalidArgumentError, NotFoundError
from motus_sessions.lifecycle import Lifecycle
from motus_sessions.names import last_part, participant_in
from motus_sessions.projection.records import SessionRecord
from motus_sessions.store.port import SessionStore

T = TypeVar("T")


async def find_session(store: SessionStore, tenant: str, name: str) -> SessionRecord:
    """The session of a name.

    Raises:
        NotFoundError: the tenant has no such session.
    """
    session = last_part(name)
    record = await store.session(tenant, session)
    if record is None:
        raise no_session(name)
    return record


async def find_child(
    store: SessionStore, lifecycle: Lifecycle, tenant: str, session: str, look: Callable[[], Awaitable[T | None]]
) -> T | None:
    """What a session has, also when it is on its way to the store still and the caller has only heard of it.

    Args:
        store: the store.
        lifecycle: knows what is on its way.
        tenant: whose.
        session: bare id.
        look: asks the store.
    """
    found = await look()
    if found is None and await store.session(tenant, session) is not None:
        await lifecycle.caught_up(session)
        found = await look()
    return found


def no_session(name: str) -> NotFoundError:
    """A session is not there, was erased, or is another tenant's: nobody can tell which."""
    return NotFoundError(f"no session {name}", reason="SESSION_NOT_FOUND", metadata={"session": last_part(name)})


def participant_of(record: SessionRecord, name: str) -> str:
    """The bare id of the participant that a request names; the only one when it names none.

    Raises:
        InvalidArgumentError: it is no such name, or it is missing and there are several.
        NotFoundError: the session has no such participant.
    """
    ids = [one.participant for one in record.participants]
    if not name and len(ids) == 1:
        return ids[0]
    if not name:
        raise InvalidArgumentError({"participant": "is missing: the session has " + ", ".join(ids)})
    participant = participant_in(name, record.session, "participant")
    if participant not in ids:
        raise NotFoundError(f"no participant {name}", reason="PARTICIPANT_NOT_FOUND")
    return participant
