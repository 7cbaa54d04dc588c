"""Leases: one owner at a time, a growing epoch, takeover from the dead."""

import asyncio

from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.lease import Leases


async def test_only_one_of_two_workers_gets_a_unit(bus: Bus) -> None:
    """Two workers that claim at the same moment do not both succeed."""
    one, two = Leases(bus, "pose", 10), Leases(bus, "pose", 10)
    await one.beat()
    await two.beat()

    epochs = await asyncio.gather(one.claim("lease-unit-a"), two.claim("lease-unit-a"))

    assert sorted(epoch is None for epoch in epochs) == [False, True]


async def test_epoch_grows_with_every_owner(bus: Bus) -> None:
    """What a later owner says can be told from what an earlier one said."""
    one, two = Leases(bus, "pose", 10), Leases(bus, "pose", 10)
    await one.beat()
    first = await one.claim("lease-unit-b")
    await one.release("lease-unit-b")

    second = await two.claim("lease-unit-b")

    assert first is not None
    assert second is not None
    assert second > first


async def test_a_dead_workers_unit_can_be_claimed_and_the_old_owner_notices(bus: Bus) -> None:
    """Without its heartbeat key a worker is dead to the others, and it drops what it lost when it wakes."""
    sleeper, heir = Leases(bus, "pose", 10), Leases(bus, "pose", 10)
    await sleeper.beat()
    await sleeper.claim("lease-unit-c")
    await bus.store_raw(topics.member_key(sleeper.worker), b"", {"KV-Operation": "PURGE"})
    await heir.beat()

    epoch = await heir.claim("lease-unit-c")

    assert epoch is not None
    assert not await sleeper.still_mine("lease-unit-c")


async def test_heartbeat_key_bears_a_time_to_live(bus: Bus) -> None:
    """The server itself forgets a worker that stops renewing."""
    leases = Leases(bus, "pose", 10)
    await leases.beat()

    last = await bus.last(f"KV_{topics.LEASES}", topics.member_key(leases.worker))

    assert last is not None
    assert last.headers is not None
    assert last.headers["Nats-TTL"] == "2"
