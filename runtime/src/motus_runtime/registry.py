"""The bucket of leases as last heard: who lives, and who owns what.

The server tells of every change, an expired heartbeat too, within milliseconds, so nobody has to ask in a loop. What is
heard tells when a claim is worth a try; whether it succeeds is the compare-and-set's to say.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from motus.bus.v1 import control_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError
from motus_runtime.follow import Stored, follow

log = logging.getLogger("motus.registry")


@dataclass(frozen=True)
class Owner:
    """Who owns a unit.

    Attributes:
        worker: their id; empty when it was given back.
        epoch: revision of the key, which is the epoch of their ownership.
    """

    worker: str
    epoch: int


class Registry:
    """Workers and owners of all stages, kept up to date.

    Attributes:
        members: each living worker's newest heartbeat, by worker id.
        owners: by stage and unit.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.members: dict[str, control_pb2.WorkerInfo] = {}
        self.owners: dict[tuple[str, str], Owner] = {}
        self._heard: list[Callable[[], None]] = []
        self._lost: list[Callable[[], None]] = []

    def on_change(self, hear: Callable[[], None]) -> None:
        """Call back whenever a worker comes or goes, or a unit changes hands."""
        self._heard.append(hear)

    def on_loss(self, hear: Callable[[], None]) -> None:
        """Call back when the bucket turns out to be another than before: nobody owns anything by it."""
        self._lost.append(hear)

    def stage_members(self, stage: str) -> list[control_pb2.WorkerInfo]:
        """The living workers of a stage."""
        return [member for member in self.members.values() if member.stage == stage]

    def is_taken(self, stage: str, unit: str, but_for: str) -> bool:
        """Whether a living worker other than `but_for` owns a unit."""
        owner = self.owners.get((stage, unit))
        return owner is not None and owner.worker != but_for and owner.worker in self.members

    async def run(self) -> None:
        """Follow the bucket until cancelled."""
        subject = f"$KV.{topics.LEASES}.>"
        stream = follow(self._bus, f"KV_{topics.LEASES}", subject, newest_per_subject=True, made_anew=self._forget)
        async for stored in stream:
            if self._apply(stored):
                self._tell()

    def _apply(self, stored: Stored) -> bool:
        """Take a message in; returns whether it changes more than a heartbeat's figures."""
        kind, *rest = stored.subject.removeprefix(f"$KV.{topics.LEASES}.").split(".")
        body = b"" if stored.deleted else stored.body
        if kind == "mem" and len(rest) == 1:
            return self._apply_member(rest[0], body)
        if kind == "own" and len(rest) == 2:
            self.owners[rest[0], rest[1]] = Owner(body.decode(errors="replace"), stored.sequence)
            if not body:
                del self.owners[rest[0], rest[1]]
            return True
        return False

    def _apply_member(self, worker: str, body: bytes) -> bool:
        if not body:
            return self.members.pop(worker, None) is not None
        try:
            info = decode(control_pb2.WorkerInfo, body)
        except PermanentError as error:
            log.error("heartbeat of %s: %s", worker, error.message)
            return False
        is_new = worker not in self.members
        self.members[worker] = info
        return is_new

    def _forget(self) -> None:
        log.error("the bucket of leases was made anew: every unit is claimed again")
        self.members.clear()
        self.owners.clear()
        for hear in self._lost:
            hear()
        self._tell()

    def _tell(self) -> None:
        for hear in self._heard:
            hear()
