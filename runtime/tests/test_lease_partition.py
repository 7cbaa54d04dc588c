"""Leases and what owners say while cables are cut: one voice per epoch, all that was acknowledged is there once."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from motus.bus.v1 import samples_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings, decode
from motus_runtime.errors import RetryableError
from motus_runtime.follow import follow
from motus_runtime.lease import Leases
from motus_runtime.provision import provision
from servers.cable import Cable, Cut

UNIT = "parted-unit"
COUNT = 2
WORKERS = st.integers(0, COUNT - 1)
PATIENCE_S = 0.15
"""How long a worker waits for an answer: a cut cable costs a test so much at each try."""


class PartedWorkers(RuleBasedStateMachine):
    """Two workers, each on a cable of its own to a real server, and a unit that both want.

    The invariants are numbered as in the design.

    I1: what was acknowledged is stored. I2: and once. I3: epochs that are accepted never fall. I4: of each epoch one
    worker speaks.
    """

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.bus = self.do(Bus.connect(BusSettings(url=self.url), "model"))
        self.cables: list[Cable] = []
        self.buses: list[Bus] = []
        self.workers: list[Leases] = []
        self.voices: dict[int, int] = {}
        self.ordinal = 0
        self._held_before: set[int] = set()
        self.acknowledged: set[str] = set()
        self.run = secrets.token_hex(4)

    def do(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Wait for a call's answer."""
        return self.loop.run_until_complete(call)

    def attempt(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Wait for a call's answer; None when the bus gives none."""
        with suppress(RetryableError):
            return self.do(call)
        return None

    @initialize()
    def begin(self) -> None:
        """Streams of this run alone, and workers that are connected."""
        self.do(provision(self.bus))
        self.do(self.bus.purge(f"KV_{topics.LEASES}", f"$KV.{topics.LEASES}.>"))
        self.do(self.bus.purge(topics.EVENTS_STREAM, topics.every("events")))
        server = urlsplit(self.url)
        for number in range(COUNT):
            self.cables.append(self.do(Cable.to(server.hostname or "", server.port or 0)))
            bus = self.do(Bus.connect(BusSettings(url=f"nats://127.0.0.1:{self.cables[-1].port}"), "model"))
            bus.jetstream = bus.client.jetstream(timeout=PATIENCE_S)
            self.buses.append(bus)
            self.workers.append(Leases(bus, "pose", 2, grace_s=0.0))
            self.renew(number)

    @rule(number=WORKERS)
    def renew(self, number: int) -> None:
        """A worker tries to be heard of."""
        self.attempt(self.workers[number].beat())

    @rule(number=WORKERS)
    def expire(self, number: int) -> None:
        """The server forgets a worker; it knows nothing of it."""
        key = topics.member_key(self.workers[number].worker)
        self.do(self.bus.store_raw(key, b"", {"KV-Operation": "PURGE"}))

    @rule(number=WORKERS, how=st.sampled_from(Cut))
    def cut(self, number: int, how: Cut) -> None:
        """A worker is cut off, or hears no answer any more."""
        self.cables[number].cut(how)

    @rule(number=WORKERS)
    def mend(self, number: int) -> None:
        """The cable is whole again; what the worker had to say meanwhile may come late."""
        self.cables[number].mend()
        self.do(self._connected(self.buses[number]))

    async def _connected(self, bus: Bus) -> None:
        async with asyncio.timeout(20):
            while True:
                with suppress(Exception):  # whatever the library says of a connection that is made anew
                    await bus.client.flush(timeout=1)
                    if await bus.jetstream.account_info():
                        return

    @rule(number=WORKERS)
    def claim(self, number: int) -> None:
        """A worker tries to take the unit; whoever is told an epoch is the only one."""
        self._heard(number, self.attempt(self.workers[number].claim(UNIT)))

    @rule()
    def race(self) -> None:
        """Both try at once; when both live, at most one of them is told that it is the owner."""
        alive = [self.attempt(self._beaten(worker)) for worker in self.workers]
        epochs = self.do(self._claimed_by_all())
        for number, epoch in enumerate(epochs):
            self._heard(number, epoch)
        last = self.do(self.bus.last(f"KV_{topics.LEASES}", topics.owner_key("pose", UNIT)))
        if all(alive) and last is not None:
            told = [epoch for epoch in epochs if epoch is not None]
            assert len(told) <= 1 or max(told) in self._held_before, "two that live were told"
        self._held_before = {worker.epochs[UNIT] for worker in self.workers if UNIT in worker.epochs}

    async def _beaten(self, worker: Leases) -> bool:
        await worker.beat()
        return True

    async def _claimed_by_all(self) -> list[int | None]:
        return await asyncio.gather(*map(self._claimed, self.workers))

    async def _claimed(self, worker: Leases) -> int | None:
        with suppress(RetryableError):
            return await worker.claim(UNIT)
        return None

    def _heard(self, number: int, epoch: int | None) -> None:
        if epoch is not None:
            assert self.voices.setdefault(epoch, number) == number, "I4: an epoch was told to two"

    @rule(number=WORKERS)
    def release(self, number: int) -> None:
        """A worker gives the unit back, as far as it is heard."""
        self.attempt(self.workers[number].release(UNIT))

    @rule(number=WORKERS, heir=WORKERS)
    def hand_over(self, number: int, heir: int) -> None:
        """A worker names another the owner, as far as it is heard; who is no owner any more changes nothing."""
        key, before = topics.owner_key("pose", UNIT), self.workers[number].epochs.get(UNIT)
        last = self.do(self.bus.last(f"KV_{topics.LEASES}", key))
        self.attempt(self.workers[number].hand_over(UNIT, self.workers[heir].worker))
        now = self.do(self.bus.last(f"KV_{topics.LEASES}", key))
        if last is not None and before != last.seq:
            assert now.seq == last.seq, "a former owner gave the unit away"

    @rule()
    def say(self) -> None:
        """Whoever believes to be the owner says what comes next, under an id that is the same whoever says it."""
        for number, worker in enumerate(self.workers):
            if UNIT in worker.epochs:
                self._say(number, worker.epochs[UNIT])

    def _say(self, number: int, epoch: int) -> None:
        event_id = f"{self.run}-{self.ordinal}"
        envelope = samples_pb2.EventEnvelope(session=UNIT, epoch=epoch)
        envelope.event.name, envelope.event.t_s = event_id, number
        stored = self.attempt(self.buses[number].store(topics.events(UNIT, "pose"), envelope, message_id=event_id))
        if stored is not None:
            self.acknowledged.add(event_id)

    @rule()
    def go_on(self) -> None:
        """The next thing happens, when the one before was acknowledged."""
        self.ordinal += f"{self.run}-{self.ordinal}" in self.acknowledged

    @invariant()
    def the_bucket_names_whom_it_told(self) -> None:
        """I4: of the epoch that the bucket has now, nobody but who is named there believes to be the owner."""
        if not self.workers:
            return
        last = self.do(self.bus.last(f"KV_{topics.LEASES}", topics.owner_key("pose", UNIT)))
        for worker in self.workers:
            if last is not None and worker.epochs.get(UNIT) == last.seq:
                assert (last.data or b"").decode() == worker.worker

    def teardown(self) -> None:
        """What all of them said is judged as a receiver would; then everybody leaves."""
        try:
            if self.workers:
                self._judge(self.do(self._said()))
        finally:
            for cable in self.cables:
                cable.mend()
            for bus in (*self.buses, self.bus):
                self.do(bus.close())
            for cable in self.cables:
                self.do(cable.close())
            self.loop.close()

    async def _said(self) -> list[samples_pb2.EventEnvelope]:
        found: list[samples_pb2.EventEnvelope] = []
        subject = topics.events(UNIT, "pose")
        if await self.bus.last(topics.EVENTS_STREAM, subject) is None:
            return found
        async for stored in follow(self.bus, topics.EVENTS_STREAM, subject):
            found.append(decode(samples_pb2.EventEnvelope, stored.body))
            if not stored.pending:
                return found
        raise AssertionError

    def _judge(self, said: list[samples_pb2.EventEnvelope]) -> None:
        ids = Counter(envelope.event.name for envelope in said)
        assert self.acknowledged <= set(ids), "I1: something acknowledged is missing"
        assert all(count == 1 for count in ids.values()), "I2: something is there twice"
        newest = 0
        for envelope in said:
            if envelope.epoch >= newest:  # else the fence drops it, which is what keeps I3
                newest = envelope.epoch
                assert self.voices[envelope.epoch] == int(envelope.event.t_s), "I4: two voices in an epoch"


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_workers_that_are_cut_off_never_speak_for_another(nats_url: str) -> None:
    """Claims, hand-overs and events while cables are cut and mended in any order, against a real server."""
    PartedWorkers.url = nats_url
    checks = settings(
        max_examples=40,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(PartedWorkers, settings=checks)
