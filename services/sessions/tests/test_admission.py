"""Sessions begin in the order of their creation as far as workers have room, and whoever waits knows their place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from motus.bus.v1 import control_pb2
from motus.v1 import event_pb2, session_service_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow
from motus_runtime.lease import Leases
from motus_sessions.projection import queue
from motus_sessions.projection.queue import Waiting, admissible, places


@pytest.fixture
def room() -> int:
    """The workers have room for one session."""
    return 1


class Announced:
    """Sessions that the stages hear of, in order."""

    def __init__(self, bus: Bus) -> None:
        self._specs = follow(bus, f"KV_{topics.SPECS}", f"$KV.{topics.SPECS}.>")

    async def next(self) -> str:
        """The next one."""
        async with asyncio.timeout(30):
            async for stored in self._specs:
                if stored.body and not stored.deleted:
                    return decode(control_pb2.SessionSpec, stored.body).session
        raise AssertionError


@pytest.fixture
async def announced(bus: Bus) -> AsyncIterator[Announced]:
    """What the stages hear from now on."""
    return Announced(bus)


async def test_who_finds_no_room_waits_in_line_and_begins_when_another_has_ended(
    running: Any, stages: Callable[[str], Any], announced: Announced
) -> None:
    """Room for one: the second and third are told their places, and move up when the first is over."""
    created = [await running.create(f"queue-{name}") for name in ("first", "second", "third")]
    assert [session.queue_position for session in created] == [0, 1, 2]
    assert {session.state for session in created} == {event_pb2.SESSION_STATE_PENDING}
    assert await announced.next() == "queue-first"

    stage = stages("queue-first")
    await stage.see(0.0)
    await stage.finish(1.0)
    assert await announced.next() == "queue-second"

    assert (await running.get("queue-second")).queue_position == 0
    assert (await running.get("queue-third")).queue_position == 1


async def test_who_does_not_want_to_wait_is_refused_and_leaves_no_trace(running: Any) -> None:
    """RESOURCE_EXHAUSTED with one reason and a delay; a repeated request that was accepted is accepted again."""
    session = session_service_pb2.Session(source=session_service_pb2.Source(uri="file:///videos/squat.mp4"))
    request = session_service_pb2.CreateSessionRequest(session=session, request_id="first", no_wait=True)
    first = await running.stub.CreateSession(request, timeout=10)
    again = await running.stub.CreateSession(request, timeout=10)
    request.request_id = "second"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await running.stub.CreateSession(request, timeout=10)
    listed = await running.stub.ListSessions(session_service_pb2.ListSessionsRequest(), timeout=10)

    assert again.name == first.name
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    trailers = dict(refused.value.trailing_metadata() or ())
    details = status_pb2.Status.FromString(trailers["grpc-status-details-bin"]).details
    assert [each.Unpack(info) for each in details].count(True) == 1
    assert [each.Unpack(retry) for each in details].count(True) == 1
    assert info.reason == "NO_FREE_CAPACITY"
    assert retry.retry_delay.seconds > 0
    assert [each.name for each in listed.sessions] == [first.name]


async def test_a_new_workers_room_is_used(
    running: Any, bus: Bus, workers: dict[str, Leases], announced: Announced
) -> None:
    """Whoever waits begins when workers come, without a word from anybody."""
    await running.create("room-first")
    waits = await running.create("room-second")
    assert await announced.next() == "room-first"

    for leases in workers.values():
        leases.capacity = 2
    begun = await announced.next()

    assert waits.queue_position == 1
    assert begun == "room-second"


async def test_a_waiting_session_that_is_stopped_ends_and_frees_its_place(running: Any) -> None:
    """It ends without having begun, its watchers are told, and who stood behind it moves up."""
    for name in ("first", "second", "third"):
        await running.create(f"stop-{name}")
    request = session_service_pb2.StopSessionRequest(name="sessions/stop-second", reason="changed my mind")
    stopped = await running.stub.StopSession(request, timeout=10)
    watched = await running.until_over("stop-second")
    async with asyncio.timeout(30):
        while (await running.get("stop-third")).queue_position != 1:
            pass

    assert (stopped.state, stopped.reason) == (event_pb2.SESSION_STATE_ENDED, "changed my mind")
    assert watched[-1].event.state.current == event_pb2.SESSION_STATE_ENDED


async def test_the_line_outlives_the_service(start: Any, workers: dict[str, Leases], announced: Announced) -> None:
    """Another process goes on with the line where the one before left it."""
    async with start() as service:
        for name in ("first", "second", "third"):
            await service.create(f"line-{name}")
        assert await announced.next() == "line-first"

    async with start() as service:
        for leases in workers.values():
            leases.capacity = 3
        begun = [await announced.next() for _ in range(2)]

    assert begun == ["line-second", "line-third"]


async def test_two_replicas_let_each_session_begin_once(
    start: Any, workers: dict[str, Leases], announced: Announced
) -> None:
    """One of them admits what both take in; when it leaves the other goes on."""
    async with start() as one, start() as other:
        for number in range(6):
            await (one, other)[number % 2].create(f"twin-{number}")
        for leases in workers.values():
            leases.capacity = 4
        begun = [await announced.next() for _ in range(4)]
    assert begun == [f"twin-{number}" for number in range(4)]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=40),
    st.lists(st.integers(0, 6), min_size=1, max_size=40),
)
def test_never_more_than_there_is_room_for_and_nobody_overtakes(
    created: list[tuple[int, int]], capacities: list[int]
) -> None:
    """Over any order of creations, changes of capacity and ends: all begin in order, and capacity is never exceeded."""
    line = [Waiting(time_ns, f"s{number}", f"t{tenant}") for number, (time_ns, tenant) in enumerate(created)]
    waiting, live = set(line), list[str]()
    begun: list[Waiting] = []
    for capacity in capacities:
        let_in = admissible(waiting, {"ingest": capacity, "pose": 6}, live)
        begun += let_in
        waiting -= set(let_in)
        live += [one.session for one in let_in]
        assert not let_in or len(live) <= capacity
        assert list(places(waiting).values()) == list(range(1, len(waiting) + 1))
        live = live[1:]

    assert begun == sorted(line)[: len(begun)]


def test_a_stage_without_workers_has_no_room() -> None:
    """Nothing is taken on that would then be starved."""
    assert queue.room({"pose": 5}, ()) == 0
    assert queue.room({"ingest": 2, "pose": 5}, ["one"]) == 1
