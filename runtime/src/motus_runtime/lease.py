"""Who owns a session or partition: two keys in a KV bucket, a heartbeat with a TTL and an owner set by compare-and-set.

`mem.<worker>` lives for TTL_S unless its worker renews it. `own.<stage>.<unit>` names the owner; its revision in the
bucket is the owner's epoch and travels with every output, so that whoever receives can drop an old owner's. A worker
whose `mem` key is gone is dead, and what it owned may be claimed.

While the bus has no leader nobody can renew: owners then work on, fenced by their epochs, and since a new leader
expires every heartbeat at once, nobody takes another for dead before having renewed its own for a whole TTL.
"""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable

from motus.bus.v1 import control_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, ConflictError
from motus_runtime.errors import RetryableError
from motus_runtime.registry import Registry
from motus_runtime.telemetry import FREE_CAPACITY, OWNED_UNITS, OWNER_CHANGES

log = logging.getLogger("motus.lease")

TTL_S = 2.0
BEAT_S = 0.5
UNLIMITED = 1_000_000
"""The capacity of a worker that takes all there is."""
_STREAM = f"KV_{topics.LEASES}"
_DELETED = {"KV-Operation": "DEL"}
# A key's grave goes too in the end, or the bucket would grow with every session there ever was.
_GRAVE_S = 60.0


def worker_id(stage: str) -> str:
    """A name that no other worker has or had: a restarted process is another worker."""
    host = "".join(c if c.isalnum() else "-" for c in socket.gethostname())[:32]
    return f"{stage}-{host}-{os.getpid()}-{secrets.token_hex(3)}"


class Leases:
    """The leases of one worker.

    Args:
        bus: the bus.
        stage: the worker's stage, as `pose`.
        capacity: how many units it takes at most.
        grace_s: how long it must have renewed its own heartbeat before it takes another worker for dead, seconds.

    Attributes:
        worker: its id.
        epochs: of the units that it owns.
        capacity: how many units it takes at most.
        working: tells whether the worker still gets work done; while it does not, the heartbeat stops, so that a hung
            worker is a dead worker.
        taking: it is ready for units; before, others hear that it has no room.
    """

    def __init__(
        self,
        bus: Bus,
        stage: str,
        capacity: int = UNLIMITED,
        *,
        grace_s: float = TTL_S,
    ) -> None:
        self._bus, self._stage, self.capacity = bus, stage, capacity
        self.working: Callable[[], bool] = lambda: True
        self._grace_s = grace_s
        self.worker = worker_id(stage)
        self.epochs: dict[str, int] = {}
        self.taking = False
        self.registry = Registry(bus)
        self.registry.on_change(self._drop_lost)
        self.registry.on_loss(self.epochs.clear)
        self._left_last = 0
        self._beaten_at = self._steady_since = -1e9
        self._doubtful: set[str] = set()

    @property
    def alive(self) -> bool:
        """Whether others see this worker as alive, as far as it knows."""
        return time.monotonic() - self._beaten_at < TTL_S

    @property
    def free_capacity(self) -> int:
        """Units it can still take."""
        return max(0, self.capacity - len(self.epochs)) if self.taking else 0

    @property
    def stage(self) -> str:
        """The worker's stage."""
        return self._stage

    async def run(self) -> None:
        """Renew the heartbeat and hear of others until cancelled; units that were lost meanwhile are dropped."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.registry.run())
            group.create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            try:
                if self.working():
                    await self.beat()
            except RetryableError as error:
                # Others may have failed to renew theirs as well, and deserve the time to do so.
                self._steady_since = time.monotonic()
                log.warning("heartbeat failed: %s", error.message)
            await asyncio.sleep(BEAT_S)

    async def beat(self) -> None:
        """Renew the heartbeat once."""
        if not self.alive:
            self._doubtful |= set(self.epochs)
            self._steady_since = time.monotonic()
        info = control_pb2.WorkerInfo(
            worker=self.worker, stage=self._stage, free_capacity=self.free_capacity, owned=len(self.epochs)
        )
        await self._bus.store_raw(topics.member_key(self.worker), info.SerializeToString(), {}, ttl_s=TTL_S)
        self._beaten_at = time.monotonic()
        OWNED_UNITS.labels(self._stage).set(len(self.epochs))
        FREE_CAPACITY.labels(self._stage).set(self.free_capacity)
        for unit in list(self._doubtful):
            if unit in self.epochs and not await self.still_mine(unit):
                log.warning("%s %s was taken over while this worker slept", self._stage, unit)
                self.epochs.pop(unit, None)
                self._count("lost")
            self._doubtful.discard(unit)

    async def claim(self, unit: str, *, deserted: int = 0) -> int | None:
        """Take a unit that nobody alive owns.

        Args:
            unit: what to take.
            deserted: epoch of an owner that is known to be gone although its heartbeat may stand yet.

        Returns:
            The epoch, or None when somebody else owns it or was faster.

        Raises:
            RetryableError: the bus does not answer.
        """
        if unit in self.epochs:
            return self.epochs[unit]
        heard = self.registry.owners.get((self._stage, unit))
        # Handed over by another, unless this is what the worker itself is about to leave.
        if heard is not None and heard.worker == self.worker and heard.epoch > self._left_last:
            return self._adopt(unit, heard.epoch)
        key = topics.owner_key(self._stage, unit)
        last = await self._bus.last(_STREAM, key)
        owner = (last.data or b"").decode() if last else ""
        gone = owner in ("", self.worker) or (last is not None and last.seq == deserted)
        if not gone and not await self._is_dead(owner):
            return None
        try:
            # By raw compare-and-set, since a bucket's own create refuses the markers of deleted keys.
            epoch = await self._bus.store_raw(
                key, self.worker.encode(), {}, expect=last.seq if last and last.seq else 0
            )
        except ConflictError:
            return None
        return self._adopt(unit, epoch)

    def _adopt(self, unit: str, epoch: int) -> int:
        self.epochs[unit] = epoch
        self._count("claimed")
        return epoch

    async def still_mine(self, unit: str) -> bool:
        """Ask the bucket whether a unit is still this worker's under the same epoch; check it after subscribing."""
        last = await self._bus.last(_STREAM, topics.owner_key(self._stage, unit))
        return last is not None and unit in self.epochs and last.seq == self.epochs[unit]

    async def release(self, unit: str) -> None:
        """Give a unit back so that others can claim it at once."""
        epoch = self._leave(unit)
        if epoch is None:
            return
        try:
            key = topics.owner_key(self._stage, unit)
            await self._bus.store_raw(key, b"", dict(_DELETED), expect=epoch, ttl_s=_GRAVE_S)
            self._count("released")
        except RetryableError as error:
            log.info("release of %s: %s", unit, error.message)  # it expires with the worker

    async def hand_over(self, unit: str, heir: str) -> None:
        """Make another worker the owner of a unit that this one has done with."""
        epoch = self._leave(unit)
        if epoch is None:
            return
        try:
            await self._bus.store_raw(topics.owner_key(self._stage, unit), heir.encode(), {}, expect=epoch)
            self._count("handed_over")
        except RetryableError as error:
            log.info("handing %s over: %s", unit, error.message)  # whoever has it now, this worker has not

    def _leave(self, unit: str) -> int | None:
        epoch = self.epochs.pop(unit, None)
        self._left_last = max(self._left_last, epoch or 0)
        return epoch

    async def close(self) -> None:
        """Give everything back."""
        for unit in list(self.epochs):
            await self.release(unit)
        try:
            await self._bus.store_raw(topics.member_key(self.worker), b"", dict(_DELETED), ttl_s=_GRAVE_S)
        except RetryableError as error:
            log.info("goodbye: %s", error.message)

    async def _is_dead(self, worker: str) -> bool:
        """Whether a worker has no heartbeat, although it had the time to renew it since this one could."""
        if not self.alive or time.monotonic() - self._steady_since < self._grace_s:
            return False
        last = await self._bus.last(_STREAM, topics.member_key(worker))
        return last is None or not last.data

    def _drop_lost(self) -> None:
        """Give up at once what has a newer epoch: under it, it is another's, or was given to this worker anew."""
        for unit, epoch in list(self.epochs.items()):
            owner = self.registry.owners.get((self._stage, unit))
            if owner is not None and owner.epoch > epoch:
                log.warning("%s %s went to %s", self._stage, unit, owner.worker)
                del self.epochs[unit]
                self._count("lost")

    def _count(self, cause: str) -> None:
        OWNER_CHANGES.labels(self._stage, cause).inc()
