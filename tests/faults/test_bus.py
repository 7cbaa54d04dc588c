"""The bus itself dies under load: what it acknowledged is there, nothing is there twice, and everybody goes on."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from fleet.fleet import Fleet, Plan, fleet_on
from fleet.history import History, histories
from motus.bus.v1 import samples_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings, decode
from motus_runtime.follow import follow
from servers.cluster import Node, nats_nodes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
SESSIONS, FPS = 3, 30.0
NUMBERED = "fault-numbered"


async def _number(bus: Bus, acknowledged: list[str]) -> None:
    """Store events one after another, until cancelled, and note those that the bus acknowledged."""
    for number in range(1_000_000):
        event_id = f"sessions/{NUMBERED}/events/coach-{number}"
        envelope = samples_pb2.EventEnvelope(session=NUMBERED, epoch=1)
        envelope.event.name, envelope.event.revision = event_id, 1
        await bus.store_surely(topics.events(NUMBERED, "coach"), envelope, message_id=event_id)
        acknowledged.append(event_id)


async def _stored_times(bus: Bus) -> Counter[str]:
    """How often each of those events is stored."""
    found: Counter[str] = Counter()
    async for stored in follow(bus, topics.EVENTS_STREAM, topics.events(NUMBERED, "coach")):
        found[decode(samples_pb2.EventEnvelope, stored.body).event.name] += 1
        if not stored.pending:
            return found
    raise AssertionError


async def _until_landmarks(found: Fleet, count: int) -> None:
    """Wait until the stream of landmarks holds so many messages."""
    async with asyncio.timeout(90):
        async for stored in follow(found.bus, topics.LANDMARKS_STREAM, topics.every("landmarks"), start=count):
            if stored.sequence >= count:
                return


def _worst_gap_s(stored: dict[str, History]) -> float:
    """The longest time of which no frame of a session was seen, by the frames' own numbers."""
    lost = [after.seq - before.seq - 1 for one in stored.values() for before, after in pairwise(one.frames)]
    return max(lost) / FPS


def _check(stored: dict[str, History], acknowledged: list[str], times: Counter[str]) -> None:
    missing = [event for event in acknowledged if not times[event]]
    twice = [event for event, count in times.items() if count > 1]
    print(f"acknowledged {len(acknowledged)}, missing {len(missing)}, twice {len(twice)}")
    print(f"longest without frames {_worst_gap_s(stored):.2f} s, stale {sum(one.stale for one in stored.values())}")
    assert not missing
    assert not twice
    assert sum(one.duplicates for one in stored.values()) == 0
    assert sum(one.stale for one in stored.values()) == 0


async def _struck(nodes: list[Node], folder: Path, strike: Callable[[Bus], Awaitable[None]], frames: int) -> float:
    """Have servers struck amid a fleet's work while events are stored, and check all that must hold afterwards.

    Args:
        nodes: the servers.
        folder: of the fleet.
        strike: what is done to them.
        frames: of each session, until which it is waited.

    Returns:
        The longest time of which no frame was seen, seconds.
    """
    url, acknowledged = ",".join(node.url for node in nodes), list[str]()
    plan = Plan(SESSIONS, workers=2, measured=0, fps=FPS)
    async with fleet_on(url, plan, folder, replicas=len(nodes)) as found:
        before = set(found.workers.running())
        numbering = await Bus.connect(BusSettings(url=url), "numbering")
        task = asyncio.create_task(_number(numbering, acknowledged))
        await _until_landmarks(found, SESSIONS * 150)
        await strike(found.bus)
        await _until_landmarks(found, SESSIONS * frames)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        stored, times = await histories(found.bus, found.claims), await _stored_times(found.bus)
        await numbering.close()
        assert set(found.workers.running()) == before
    _check(stored, acknowledged, times)
    return _worst_gap_s(stored)


async def test_the_leader_of_three_servers_is_killed_under_load(tmp_path: Path) -> None:
    """kill -9 of who leads the streams: nothing acknowledged is lost, nothing is there twice, frames go on flowing."""
    with nats_nodes(tmp_path, 3) as nodes:

        async def kill_leader(bus: Bus) -> None:
            cluster = (await bus.jetstream.stream_info(topics.LANDMARKS_STREAM)).cluster
            assert cluster is not None
            next(node for node in nodes if node.name == cluster.leader).kill()

        assert await _struck(nodes, tmp_path, kill_leader, frames=900) <= 1.0


async def test_a_single_server_is_killed_and_comes_back(tmp_path: Path) -> None:
    """kill -9 and a new start on the same disk: nothing acknowledged is lost, and services come back by themselves."""
    with nats_nodes(tmp_path) as nodes:

        async def kill_and_start(bus: Bus) -> None:
            nodes[0].kill()
            nodes[0].start()

        await _struck(nodes, tmp_path, kill_and_start, frames=600)


async def test_a_lost_bucket_of_leases_is_mended_by_the_provisioner_alone(tmp_path: Path) -> None:
    """The bucket is deleted under running workers: the provisioner that watches makes it anew, no two own a session."""
    with nats_nodes(tmp_path) as nodes:
        async with fleet_on(nodes[0].url, Plan(SESSIONS, workers=2, measured=0, fps=FPS), tmp_path) as found:
            found.workers.start("runtime.provision", "--watch")
            await _until_landmarks(found, SESSIONS * 150)
            await found.bus.jetstream.delete_stream(f"KV_{topics.LEASES}")
            await _until_landmarks(found, SESSIONS * 600)
            stored = await histories(found.bus, found.claims)
            owned = found.owned()

    print(f"longest without frames {_worst_gap_s(stored):.2f} s")
    assert sorted(session for sessions in owned.values() for session in sessions) == sorted(stored)
    assert sum(one.duplicates for one in stored.values()) == 0
    assert sum(one.stale for one in stored.values()) == 0
    assert all(one.frames[-1].pose_epoch > one.frames[0].pose_epoch for one in stored.values())
