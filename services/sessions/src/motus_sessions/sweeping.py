"""Taking a session off the bus."""

from motus.bus.v1 import samples_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus

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
    await purge(bus, session)


async def purge(bus: Bus, session: str) -> None:
    """Remove what the streams and buckets have of a session, but for its spec.

    Raises:
        UnavailableError: the bus does not answer.
    """
    for stream, subject in topics.kept_of(session):
        await bus.purge(stream, subject)
