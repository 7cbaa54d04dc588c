"""Leases against a model: whatever workers do, in any order, a unit has one owner per epoch, and epochs never fall."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings
from motus_runtime.lease import Leases
from motus_runtime.provision import provision

UNITS = ("model-a", "model-b")
WORKERS = st.integers(0, 2)
UNIT = st.sampled_from(UNITS)


class LeaseModel(RuleBasedStateMachine):
    """Three workers on a real server, and what may be true of them."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.bus = self.do(Bus.connect(BusSettings(url=self.url), "model"))
        self.workers: list[Leases] = []
        self.living: set[int] = set()
        self.holders: dict[str, int] = {}
        self.by_epoch: dict[tuple[str, int], int] = {}
        self.accepted: dict[str, int] = {}
        self.current: dict[str, int] = {}

    def do(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Wait for a call's answer."""
        return self.loop.run_until_complete(call)

    @initialize()
    def begin(self) -> None:
        """A fresh bucket and three workers that live."""
        self.do(provision(self.bus))
        self.do(self.bus.purge(f"KV_{topics.LEASES}", f"$KV.{topics.LEASES}.>"))
        self.workers = [Leases(self.bus, "pose", 2, grace_s=0.0) for _ in range(3)]
        for number in range(3):
            self.renew(number)

    @rule(number=WORKERS)
    def renew(self, number: int) -> None:
        """A worker is heard of, for the first time or again after a pause."""
        self.do(self.workers[number].beat())
        self.living.add(number)

    @rule(number=WORKERS)
    def expire(self, number: int) -> None:
        """The server forgets a worker that is paused or cut off; the worker knows nothing of it."""
        key = topics.member_key(self.workers[number].worker)
        self.do(self.bus.store_raw(key, b"", {"KV-Operation": "PURGE"}))
        self.living.discard(number)

    @rule(number=WORKERS, unit=UNIT)
    def claim(self, number: int, unit: str) -> None:
        """A claim takes nothing from a worker that lives."""
        known = self.workers[number].epochs.get(unit)
        holder = self.holders.get(unit)
        epoch = self.do(self.workers[number].claim(unit))
        if epoch is None or epoch == known:
            return
        assert holder is None or holder == number or holder not in self.living
        assert (unit, epoch) not in self.by_epoch
        self._took(number, unit, epoch)

    @rule(number=WORKERS, unit=UNIT)
    def invited(self, number: int, unit: str) -> None:
        """A claim by invitation succeeds against the epoch that was named and no other."""
        holder = self.holders.get(unit)
        if holder is None or holder == number or unit not in self.workers[holder].epochs:
            return
        epoch = self.do(self.workers[number].claim(unit, deserted=self.workers[holder].epochs[unit]))
        if epoch is not None and (unit, epoch) not in self.by_epoch:
            self._took(number, unit, epoch)

    @rule(number=WORKERS, unit=UNIT)
    def release(self, number: int, unit: str) -> None:
        """Only its owner gives a unit back; one that lost it changes nothing."""
        mine = self._owns(number, unit)
        self.do(self.workers[number].release(unit))
        if mine:
            del self.holders[unit], self.current[unit]

    @rule(number=WORKERS, heir=WORKERS, unit=UNIT)
    def hand_over(self, number: int, heir: int, unit: str) -> None:
        """Only its owner gives a unit away."""
        mine = self._owns(number, unit)
        self.do(self.workers[number].hand_over(unit, self.workers[heir].worker))
        if mine:
            self.holders[unit] = heir
            del self.current[unit]

    @rule(number=WORKERS, unit=UNIT)
    def speak(self, number: int, unit: str) -> None:
        """Of what owners say, former ones' is dropped: epochs that are accepted never fall, and each has one voice."""
        epoch = self.workers[number].epochs.get(unit)
        if epoch is not None and epoch >= self.accepted.get(unit, 0):
            self.accepted[unit] = epoch
            assert self.by_epoch[unit, epoch] == number

    @invariant()
    def one_owner(self) -> None:
        """Of each unit at most one worker is told that it is its own."""
        for unit in UNITS if self.workers else ():
            owners = [number for number, each in enumerate(self.workers) if self.do(each.still_mine(unit))]
            assert len(owners) <= 1

    @invariant()
    def nobody_loses_a_unit_to_a_former_owner(self) -> None:
        """What a worker took stays its own until it gives it away or a claim succeeds against it."""
        for unit, epoch in self.current.items():
            owner = self.workers[self.by_epoch[unit, epoch]]
            assert self.do(owner.still_mine(unit)) or owner.epochs.get(unit) != epoch

    def _took(self, number: int, unit: str, epoch: int) -> None:
        self.by_epoch[unit, epoch] = self.holders[unit] = number
        self.current[unit] = epoch

    def _owns(self, number: int, unit: str) -> bool:
        """Whether a worker is the one that took a unit last, and has not given it away."""
        return unit in self.current and self.workers[number].epochs.get(unit) == self.current[unit]

    def teardown(self) -> None:
        """Leave the server."""
        self.do(self.bus.close())
        self.loop.close()


def test_a_unit_has_one_owner_and_epochs_never_fall(nats_url: str) -> None:
    """Claims, renewals, expiries, pauses, releases, invitations and hand-overs in any order, against a real server."""
    LeaseModel.url = nats_url
    checks = settings(
        max_examples=100,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(LeaseModel, settings=checks)
