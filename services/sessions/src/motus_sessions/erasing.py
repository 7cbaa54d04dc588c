"""Erasing sessions: from the store, from the bus, and once more what a stage that was at work says late."""

from motus.bus.v1 import samples_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_sessions.audit import entry_of
from motus_sessions.store.port import SessionStore

# The mark of a deleted spec must outlive the absence of those who follow the bucket, and need not stay for ever.
_MARKER_S = 3600


async def take_spec_away(bus: Bus, session: str) -> None:
    """Have all stages drop a session.

    Raises:
        RetryableError: the bus does not answer.
    """
    await bus.store_raw(topics.spec_key(session), b"", {"KV-Operation": "DEL"}, ttl_s=_MARKER_S)


async def sweep(bus: Bus, session: str) -> None:
    """Leave nothing of an erased session on the bus, and send those away who watch it; again is harmless.

    Raises:
        RetryableError: the bus does not answer.
    """
    await take_spec_away(bus, session)
    await bus.publish(topics.live(session), samples_pb2.Live(session=session, erased=True))
    for stream, subject in topics.kept_of(session):
        await bus.purge(stream, subject)


class Erasing:
    """Erases what a caller names.

    Args:
        bus: the bus.
        store: the store.
    """

    def __init__(self, bus: Bus, store: SessionStore) -> None:
        self._bus, self._store = bus, store

    async def session(self, tenant: str, session: str, method: str, resource: str) -> None:
        """Erase a session.

        The bus is swept first, so that whoever was cut off and finds the session still there begins anew, and again
        when the rows are gone, for what the stages said meanwhile. What they say later the recorder sweeps.

        Raises:
            RetryableError: bus or store do not answer; the session may be half erased, and the same call goes on.
        """
        await sweep(self._bus, session)
        await self._store.erasure.session(tenant, session, entry_of(method, resource))
        await sweep(self._bus, session)
