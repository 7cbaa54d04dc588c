"""The bucket of leases as heard: who lives, who owns what, also when the bucket is lost and made anew."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.lease import Leases
from motus_runtime.provision import provision
from motus_runtime.registry import Owner, Registry


@asynccontextmanager
async def _heard(bus: Bus) -> AsyncIterator[tuple[Registry, asyncio.Event]]:
    registry, changed = Registry(bus), asyncio.Event()
    registry.on_change(changed.set)
    hearing = asyncio.create_task(registry.run())
    try:
        yield registry, changed
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)


async def _until(changed: asyncio.Event, holds: Callable[[], bool]) -> None:
    while not holds():
        changed.clear()
        await changed.wait()


async def test_workers_and_owners_are_known_while_they_are(bus: Bus) -> None:
    """A worker and what it owns are heard of when they come and when they go."""
    leases = Leases(bus, "pose", 3)
    await leases.beat()
    async with _heard(bus) as (registry, changed):
        epoch = await leases.claim("registry-a")
        await _until(changed, lambda: ("pose", "registry-a") in registry.owners)
        owner = registry.owners["pose", "registry-a"]
        await leases.close()
        await _until(changed, lambda: not registry.members and not registry.owners)

    assert owner == Owner(leases.worker, epoch or 0)


async def test_epochs_go_on_rising_when_the_bucket_is_lost_and_made_anew(bus: Bus) -> None:
    """The owner's old epoch must not fence the new one's outputs, and what was heard of the old bucket is forgotten."""
    one, two = Leases(bus, "pose", 3), Leases(bus, "pose", 3)
    await one.beat()
    first = await one.claim("registry-b")
    async with _heard(bus) as (registry, changed):
        await _until(changed, lambda: ("pose", "registry-b") in registry.owners)
        await bus.jetstream.delete_stream(f"KV_{topics.LEASES}")
        await provision(bus)
        await _until(changed, lambda: not registry.owners)
        await two.beat()
        second = await two.claim("registry-b")

    assert first is not None
    assert second is not None
    assert second > first
