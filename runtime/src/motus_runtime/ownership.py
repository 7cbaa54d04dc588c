"""Running sessions that this worker owns: claim what the specs say, one task per session, release when it is over."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from motus.bus.v1 import control_pb2, samples_pb2
from motus_runtime import topics
from motus_runtime.balance import heir_of, heir_of_surplus, turn
from motus_runtime.bus import Bus, cancellable, decode
from motus_runtime.errors import MotusError, PermanentError, RetryableError
from motus_runtime.follow import follow
from motus_runtime.lease import Leases
from motus_runtime.tally import Tally

log = logging.getLogger("motus.ownership")

CLAIM_EVERY_S = 0.5
TURN_S = 0.05
"""How long a worker leaves a free unit to each of those whose turn comes before its own."""
MOVE_EVERY_S = 2.0
RunSession = Callable[[control_pb2.SessionSpec, int], Awaitable[None]]


class Specs:
    """The sessions that live now, kept up to date from the bucket of specs.

    Attributes:
        current: spec by session id.
        changed: set at every change; the one who waits clears it.
        loaded: set once what the bucket held at start is known.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.current: dict[str, control_pb2.SessionSpec] = {}
        self.changed = asyncio.Event()
        self.loaded = asyncio.Event()
        self._lost: list[Callable[[], None]] = []

    def on_loss(self, hear: Callable[[], None]) -> None:
        """Call back when the bucket turns out to be another than before: it tells anew what lives."""
        self._lost.append(hear)

    async def run(self) -> None:
        """Follow the bucket until cancelled."""
        stream = f"KV_{topics.SPECS}"
        if await self._empty(stream):
            self.loaded.set()
        subject = f"$KV.{topics.SPECS}.>"
        async for stored in follow(self._bus, stream, subject, newest_per_subject=True, made_anew=self._forget):
            session = stored.subject.rsplit(".", 1)[1]
            self._apply(session, b"" if stored.deleted else stored.body)
            if stored.pending == 0:
                self.loaded.set()
            self.changed.set()

    def _forget(self) -> None:
        log.error("the bucket of specs was made anew: sessions rest until they are told anew")
        self.current.clear()
        for hear in self._lost:
            hear()
        self.changed.set()

    async def _empty(self, stream: str) -> bool:
        while True:
            try:
                return (await cancellable(self._bus.jetstream.stream_info(stream))).state.messages == 0
            except Exception as error:  # the server may not be provisioned yet: keep asking
                log.info("waiting for %s: %s", stream, str(error) or type(error).__name__)
                await asyncio.sleep(0.25)

    def _apply(self, session: str, body: bytes) -> None:
        if not body:
            self.current.pop(session, None)
            return
        try:
            spec = decode(control_pb2.SessionSpec, body)
        except PermanentError as error:
            log.error("spec of %s: %s", session, error.message)
            return
        if spec.session != session or not topics.SESSION_ID.fullmatch(session):
            log.error("spec under %r is for %r; left out", session, spec.session)
            return
        self.current[session] = spec


class SessionOwner:
    """Claims sessions for one stage and runs each in a task of its own.

    Args:
        leases: the worker's leases.
        specs: the sessions that live now.
        run_session: runs one session to its end, given spec and epoch; it is cancelled when the session's spec goes
            away or the lease is lost. A RetryableError makes it run again; any other error ends the service, since it
            is a bug.
        unit_of: the lease unit of a session: itself, or its partition for stages that own partitions.
        wants: whether a session is for this stage to claim; others it leaves alone.
    """

    def __init__(
        self,
        leases: Leases,
        specs: Specs,
        run_session: RunSession,
        *,
        unit_of: Callable[[str], str] = lambda session: session,
        wants: Callable[[control_pb2.SessionSpec], bool] = lambda spec: True,
    ) -> None:
        self._leases, self._specs, self._run_session, self._unit_of = leases, specs, run_session, unit_of
        self._wants = wants
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._done: set[str] = set()
        self._free_since: dict[str, float] = {}
        self._deserted: dict[str, int] = {}
        self._heirs: dict[str, str] = {}
        self._given: Counter[str] = Counter()
        self._moved_at = time.monotonic()
        leases.registry.on_change(specs.changed.set)

    @property
    def sessions(self) -> list[str]:
        """Ids of the sessions that run here now."""
        return sorted(self._tasks)

    def invite(self, session: str, epoch: int) -> None:
        """Somebody found that the owner under this epoch is gone: do not wait for its heartbeat to expire."""
        if session in self._specs.current:
            self._deserted[self._unit_of(session)] = epoch
            self._specs.changed.set()

    async def run(self) -> None:
        """Claim and run until cancelled; what runs then is cancelled too, and goes to other workers."""
        self._leases.taking = True
        with suppress(RetryableError):  # the next heartbeat says so too
            await self._leases.beat()
        async with asyncio.TaskGroup() as group:
            try:
                while True:
                    self._specs.changed.clear()
                    self._forget_gone()
                    pause_s = await self._claim_free(group)
                    self._even_out()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause_s):
                            await self._specs.changed.wait()
            finally:
                self._leases.taking = False

    def _forget_gone(self) -> None:
        self._done &= set(self._specs.current)
        for session, task in self._tasks.items():
            if session not in self._specs.current or self._unit_of(session) not in self._leases.epochs:
                task.cancel()

    async def _claim_free(self, group: asyncio.TaskGroup) -> float:
        """Claim what is free and this worker's turn; returns after how many seconds it is worth another look."""
        idle: dict[str, list[control_pb2.SessionSpec]] = {}
        for session, spec in self._specs.current.items():
            if session not in self._tasks and session not in self._done and self._wants(spec):
                idle.setdefault(self._unit_of(session), []).append(spec)
        wait_s = {unit: self._wait_s(unit) for unit in idle}
        due = [unit for unit in idle if wait_s[unit] <= 0]
        # What is due without room for more is this worker's already.
        taken = due[: self._leases.free_capacity or None]
        # A dead worker leaves many units, and one after another the last of them would wait for all the others.
        for unit, epoch in zip(taken, await asyncio.gather(*map(self._claim, taken)), strict=True):
            for spec in idle[unit] if epoch else ():
                running = self._own(spec, epoch)
                self._tasks[spec.session] = group.create_task(running, name=f"session {spec.session}")
        later_s = [seconds for seconds in wait_s.values() if seconds > 0]
        return TURN_S if len(taken) < len(due) else min([CLAIM_EVERY_S, *later_s])

    async def _claim(self, unit: str) -> int:
        """Try to take a unit; returns its epoch, 0 when somebody else has it or the bus does not answer."""
        try:
            epoch = await self._leases.claim(unit, deserted=self._deserted.pop(unit, 0))
        except RetryableError as error:
            log.warning("cannot claim %s: %s", unit, error.message)
            return 0
        self._free_since.pop(unit, None)
        return epoch or 0

    def _wait_s(self, unit: str) -> float:
        """Seconds until this worker should try to take a unit; 0: at once."""
        leases, stage = self._leases, self._leases.stage
        if unit in leases.epochs:
            return 0.0
        owner = leases.registry.owners.get((stage, unit))
        if owner is not None and owner.worker == leases.worker:
            return 0.0  # handed over: full or not, nobody else will take it
        deserted = owner is not None and owner.epoch == self._deserted.get(unit)
        if not leases.free_capacity or (not deserted and leases.registry.is_taken(stage, unit, but_for=leases.worker)):
            self._free_since.pop(unit, None)
            return CLAIM_EVERY_S
        gone = owner.worker if owner is not None else ""
        rivals = [one for one in leases.registry.stage_members(stage) if one.worker != gone]
        since = self._free_since.setdefault(unit, time.monotonic())
        return max(0.0, since + TURN_S * turn(unit, leases.worker, rivals) - time.monotonic())

    def _even_out(self) -> None:
        """Give one session's unit to a worker that has far fewer, now and then; the load is told once a heartbeat."""
        if time.monotonic() - self._moved_at < MOVE_EVERY_S or not self._tasks:
            return
        self._moved_at = time.monotonic()
        leases = self._leases
        heir = heir_of_surplus(leases.worker, leases.registry.stage_members(leases.stage))
        if heir:
            unit = self._unit_of(next(iter(self._tasks)))
            log.info("%s goes to %s, which has fewer", unit, heir)
            self._heirs[unit] = heir
            for session, task in self._tasks.items():
                if self._unit_of(session) == unit:
                    task.cancel()

    async def _own(self, spec: control_pb2.SessionSpec, epoch: int) -> None:
        log.info("session %s is ours, epoch %d", spec.session, epoch)
        try:
            await self._run_session(spec, epoch)
            self._done.add(spec.session)
        except* RetryableError as group:
            log.warning("session %s: %s; trying again", spec.session, group.exceptions[0])
        finally:
            self._tasks.pop(spec.session, None)
            unit = self._unit_of(spec.session)
            if unit not in map(self._unit_of, self._tasks):
                await self._let_go(unit)

    async def _let_go(self, unit: str) -> None:
        heir = self._heirs.pop(unit, "")
        if not self._leases.taking:
            # Named, the heir need not wait for its turn, nor the frames under way.
            leases = self._leases
            heir = heir_of(unit, leases.worker, leases.registry.stage_members(leases.stage), self._given)
            self._given[heir] += 1
        if heir:
            await self._leases.hand_over(unit, heir)
        else:
            await self._leases.release(unit)


class Work(Protocol):
    """One session at work, as those who watch hear of it."""

    epoch: int
    tally: Tally

    async def run(self) -> None:
        """Work until the session is over."""


async def run_reporting(bus: Bus, session: str, work: Work, every_s: float = 1.0) -> None:
    """Run a session to its end and tell those who watch, every so many seconds, how it goes."""
    async with asyncio.TaskGroup() as group:
        reporting = group.create_task(_report(bus, session, work, every_s))
        await work.run()
        reporting.cancel()


async def _report(bus: Bus, session: str, work: Work, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        live = samples_pb2.Live(session=session, epoch=work.epoch, report=work.tally.report())
        try:
            await bus.publish(topics.live(session), live)
        except MotusError as error:  # the next one takes its place
            log.debug("report of %s: %s", session, error.message)
