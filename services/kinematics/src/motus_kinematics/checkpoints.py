"""Keeps each participant's checkpoint in the bus's bucket, so that a new owner goes on from there.

Written by compare-and-set, and an owner's never replaces that of a newer one.
"""

import logging

from motus.bus.v1 import checkpoint_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, ConflictError, decode
from motus_runtime.errors import MotusError, PermanentError, UnavailableError

log = logging.getLogger("motus.kinematics.checkpoints")

# As long as the landmarks behind it are kept: an older checkpoint has nothing to go on from.
KEPT_S = 1800.0
# The mark of a deleted checkpoint need not outlast the session's spec by much.
GRAVE_S = 60.0
_STREAM = f"KV_{topics.CHECKPOINTS}"


class Checkpoints:
    """The checkpoints of one session.

    Args:
        bus: the bus.
        session: the bare session id.
        epoch: the lease's.
    """

    def __init__(self, bus: Bus, session: str, epoch: int) -> None:
        self._bus, self._session, self._epoch = bus, session, epoch
        self._revisions: dict[str, int] = {}

    async def load(self, participant: str) -> checkpoint_pb2.Checkpoint | None:
        """What the owner before left; None when there is nothing that can be read.

        Raises:
            UnavailableError: the bus does not answer, or a newer owner is at work.
        """
        last = await self._bus.last(_STREAM, topics.checkpoint_key(self._session, participant))
        self._revisions[participant] = (last.seq or 0) if last else 0
        if last is None or not last.data:
            return None
        try:
            found = decode(checkpoint_pb2.Checkpoint, last.data)
        except PermanentError as error:
            log.error("checkpoint of %s/%s: %s", self._session, participant, error.message)
            return None
        if found.epoch > self._epoch:
            raise UnavailableError(f"epoch {found.epoch} is at work on {self._session}")
        return found

    async def save(self, participant: str, checkpoint: checkpoint_pb2.Checkpoint) -> None:
        """Put a checkpoint in the place of the one before; one that cannot be stored is replaced by the next.

        Raises:
            UnavailableError: a newer owner is at work.
        """
        checkpoint.epoch = self._epoch
        try:
            await self._put(participant, checkpoint.SerializeToString(), {}, KEPT_S)
        except ConflictError:
            # Somebody who lost the lease, or our own of which we never heard: it is ours to replace, if not newer.
            await self.load(participant)
        except MotusError as error:
            log.warning("checkpoint of %s/%s: %s", self._session, participant, error.message)

    async def forget(self, participant: str) -> None:
        """Delete the checkpoint of a session that is over."""
        try:
            await self._put(participant, b"", {"KV-Operation": "DEL"}, GRAVE_S)
        except MotusError as error:  # it expires by itself
            log.info("checkpoint of %s/%s: %s", self._session, participant, error.message)

    async def _put(self, participant: str, body: bytes, headers: dict[str, str], ttl_s: float) -> None:
        key, revision = topics.checkpoint_key(self._session, participant), self._revisions.get(participant, 0)
        self._revisions[participant] = await self._bus.store_raw(key, body, headers, expect=revision, ttl_s=ttl_s)
