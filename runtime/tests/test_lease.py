"""Leases: one owner at a time, a growing epoch, takeover from the dead."""

import asyncio

import pytest

from motus_runtime import lease, topics
from motus_runtime.bus import Bus
from motus_runtime.errors import UnavailableError
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
    sleeper, heir = Leases(bus, "pose", 10), Leases(bus, "pose", 10, grace_s=0.0)
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


async def test_a_takeover_is_noticed_although_the_first_look_failed(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bus that does not answer right after a pause must not leave two workers that both think they own a unit."""
    sleeper, heir = Leases(bus, "pose", 10), Leases(bus, "pose", 10, grace_s=0.0)
    await sleeper.beat()
    await sleeper.claim("lease-unit-d")
    await bus.store_raw(topics.member_key(sleeper.worker), b"", {"KV-Operation": "PURGE"})
    await heir.beat()
    await heir.claim("lease-unit-d")
    monkeypatch.setattr(lease, "TTL_S", 0.0)

    async def no_answer(stream: str, subject: str) -> None:
        raise UnavailableError("no answer")

    with monkeypatch.context() as away:
        away.setattr(bus, "last", no_answer)
        with pytest.raises(UnavailableError):
            await sleeper.beat()
    monkeypatch.setattr(lease, "TTL_S", 60.0)
    await sleeper.beat()

    assert "lease-unit-d" not in sleeper.epochs


async def test_what_was_given_back_leaves_no_trace_for_ever(bus: Bus) -> None:
    """The bucket of leases does not grow with the sessions that ever were: the server forgets the deleted key too."""
    leases = Leases(bus, "pose", 10)
    await leases.beat()
    await leases.claim("lease-unit-e")
    await leases.close()

    graves = [
        await bus.last(f"KV_{topics.LEASES}", key)
        for key in (topics.owner_key("pose", "lease-unit-e"), topics.member_key(leases.worker))
    ]

    assert all(grave is not None and not grave.data and (grave.headers or {})["Nats-TTL"] for grave in graves)


async def test_nobody_is_taken_for_dead_right_after_the_bus_was_away(bus: Bus) -> None:
    """A new leader forgets every heartbeat at once; a worker that just renewed its own cannot know who else will."""
    owner, other = Leases(bus, "pose", 10), Leases(bus, "pose", 10)
    await owner.beat()
    await owner.claim("lease-unit-f")
    await bus.store_raw(topics.member_key(owner.worker), b"", {"KV-Operation": "PURGE"})
    await other.beat()

    assert await other.claim("lease-unit-f") is None
    assert await owner.still_mine("lease-unit-f")


async def test_a_deserted_unit_is_taken_over_although_its_owners_heartbeat_stands(bus: Bus) -> None:
    """Who heard that nobody receives need not wait for the heartbeat to expire, unless somebody newer has it."""
    gone, heir, late = (Leases(bus, "pose", 10) for _ in range(3))
    for each in (gone, heir, late):
        await each.beat()
    first = await gone.claim("lease-unit-g")
    assert first is not None

    second = await heir.claim("lease-unit-g", deserted=first)

    assert second is not None
    assert second > first
    assert await late.claim("lease-unit-g", deserted=first) is None


async def test_a_unit_that_is_handed_over_is_the_heirs(bus: Bus) -> None:
    """The heir owns it before it claims it, and nobody else can get in between."""
    giver, heir, other = (Leases(bus, "pose", 10) for _ in range(3))
    for each in (giver, heir, other):
        await each.beat()
    first = await giver.claim("lease-unit-h")
    assert first is not None

    await giver.hand_over("lease-unit-h", heir.worker)

    assert await other.claim("lease-unit-h") is None
    second = await heir.claim("lease-unit-h")
    assert second is not None
    assert second > first


async def test_an_owner_that_hears_of_a_newer_one_gives_up_at_once(bus: Bus) -> None:
    """It does not wait until it asks: the bucket tells it."""
    owner, heir = Leases(bus, "pose", 10), Leases(bus, "pose", 10)
    for each in (owner, heir):
        await each.beat()
    dropped = asyncio.Event()
    owner.registry.on_change(lambda: dropped.set() if "lease-unit-i" not in owner.epochs else None)
    epoch = await owner.claim("lease-unit-i")
    hearing = asyncio.create_task(owner.registry.run())

    await heir.claim("lease-unit-i", deserted=epoch or 0)
    while "lease-unit-i" in owner.epochs:
        dropped.clear()
        await dropped.wait()
    hearing.cancel()

    assert owner.epochs == {}


async def test_a_unit_that_is_being_given_back_is_claimed_under_a_newer_epoch(bus: Bus) -> None:
    """A claim that overtakes the own release must not go on under the epoch that the release is about to end."""
    leases = Leases(bus, "pose", 10)
    following = asyncio.create_task(leases.run())
    await leases.beat()
    for _ in range(20):
        first = await leases.claim("restless-unit")
        _, second = await asyncio.gather(leases.release("restless-unit"), leases.claim("restless-unit"))
        assert first is not None
        if second is not None:
            assert second > first
            assert await leases.still_mine("restless-unit")
        await leases.release("restless-unit")
    following.cancel()
