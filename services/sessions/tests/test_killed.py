"""kill -9 of the service amid many sessions and watchers: everybody goes on with no gap and nothing twice.

What it took is printed; `pytest -rP` shows it.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motus.bus.v1 import samples_pb2
from motus.v1 import event_pb2, session_service_pb2
from motus_client import Access, AsyncClient
from motus_runtime import topics
from motus_runtime.bus import Bus
from servers.sessions import sessions_service
from store import says

SESSIONS, WATCHERS, CONNECTIONS = 40, 200, 20
ROUNDS, BEFORE, KILLED = 30, 12, 18
"""Rounds that are played, after which all watchers must have heard something, and after which the service is killed."""
CHANNEL = "knee_flexion_left_deg"
SOURCE = session_service_pb2.Source(uri="file:///videos/squat.mp4")


class Crowd:
    """Watchers, and what each has heard: names of events with their revisions."""

    def __init__(self, clients: list[AsyncClient], sessions: list[str]) -> None:
        self._of = [(clients[number % len(clients)], sessions[number % len(sessions)]) for number in range(WATCHERS)]
        self.heard: list[list[tuple[str, int]]] = [[] for _ in self._of]
        self.last: list[event_pb2.Event] = [event_pb2.Event() for _ in self._of]
        self.first_since: dict[int, float] = {}
        self.all_heard = asyncio.Event()

    async def watch(self, number: int) -> None:
        """One of them, until their session is over."""
        client, session = self._of[number]
        async for response in client.watch_session(session, sample_rate_hz=10, patience_s=90):
            if response.HasField("event"):
                self.heard[number].append((response.event.name, response.event.revision))
                self.last[number] = response.event
                self.first_since.setdefault(number, time.monotonic())
                if not self.all_heard.is_set() and min(map(len, self.heard)) >= BEFORE:
                    self.all_heard.set()

    def of(self, session: str) -> Iterator[int]:
        """Those who watch a session."""
        return (number for number, (_, name) in enumerate(self._of) if name == session)


@pytest.fixture(scope="module")
def recorded() -> list[samples_pb2.SampleChunk]:
    """A minute of samples as kinematics makes them of an athlete who squats."""
    return says("squat").samples[:ROUNDS]


def chunk_of(recorded: samples_pb2.SampleChunk, session: str, number: int) -> samples_pb2.SampleChunk:
    """A recorded chunk as that of a session."""
    chunk = samples_pb2.SampleChunk()
    chunk.CopyFrom(recorded)
    chunk.id, chunk.session = f"{session}/p1/{number}", session
    chunk.series.participant = f"sessions/{session}/participants/p1"
    return chunk


async def play(bus: Bus, say: Any, chunk: samples_pb2.SampleChunk, number: int) -> None:
    """A round of a session: two seconds of samples, a repetition, and now and then a cue."""
    own = chunk_of(chunk, say.session, number)
    await bus.store(topics.samples(say.session), own, message_id=own.id)
    await say.count_rep(number)
    if number % 3 == 0:
        await say.cue(number, "Deeper.")


def played(session: str) -> list[tuple[str, int]]:
    """The events of the stages in the order in which they were said."""
    names: list[str] = []
    for number in range(1, ROUNDS + 1):
        names.append(f"kinematics-rep-p1-{number}")
        names += [f"coach-cue-p1-{number}"] if number % 3 == 0 else []
    names += ["kinematics-end-p1-1", "coach-end-p1-1"]
    return [(f"sessions/{session}/events/{name}", 1) for name in names]


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_killed_service_is_gone_on_with_by_all_who_watch(
    bus: Bus,
    nats_url: str,
    tmp_path: Path,
    stages: Callable[[str], Any],
    recorded: list[samples_pb2.SampleChunk],
) -> None:
    """200 watchers of 40 sessions hear every event once and in order, and every sample is stored once."""
    sessions = [f"killed-{number:02d}" for number in range(SESSIONS)]
    says_of = [stages(name) for name in sessions]

    async def play_rounds(first: int, last: int) -> None:
        for number in range(first, last + 1):
            await asyncio.gather(*(play(bus, say, recorded[number - 1], number) for say in says_of))

    with ExitStack() as stack:
        service = await asyncio.to_thread(stack.enter_context, sessions_service(tmp_path, nats_url))
        clients = [AsyncClient(service.address, Access(token=service.token)) for _ in range(CONNECTIONS)]
        for name in sessions:
            await clients[0].create_session(session_service_pb2.Session(source=SOURCE), session_id=name)
        crowd = Crowd(clients, sessions)
        watching = [asyncio.create_task(crowd.watch(number)) for number in range(WATCHERS)]
        await play_rounds(1, BEFORE)
        await crowd.all_heard.wait()
        await play_rounds(BEFORE + 1, KILLED)
        os.kill(service.pid, signal.SIGKILL)
        killed = time.monotonic()
        crowd.first_since.clear()
        rest = asyncio.create_task(play_rounds(KILLED + 1, ROUNDS))
        port = int(service.address.rpartition(":")[2])
        again = sessions_service(tmp_path, nats_url, port=port, token=service.token)
        await asyncio.to_thread(stack.enter_context, again)
        back = time.monotonic()
        await rest
        for say in says_of:
            await say.finish(60.0)
        await asyncio.gather(*watching)
        over = time.monotonic()
        stored = [await clients[0].get_series(name, [CHANNEL]) for name in sessions]
        reps = [[rep.ordinal async for rep in clients[0].list_reps(name)] for name in sessions]
        for client in clients:
            await client.close()

    resumed = max(crowd.first_since.values())
    print(f"back {back - killed:.1f} s, all resumed {resumed - killed:.1f} s, all over {over - killed:.1f} s after")
    times = np.concatenate([np.frombuffer(one.series.t_s_f64, "<f8") for one in recorded])
    for name, rows, ordinals in zip(sessions, stored, reps, strict=True):
        for watcher in crowd.of(name):
            heard = crowd.heard[watcher]
            own = [one for one in heard if "/events/sessions-" in one[0]]
            assert [one for one in heard if one not in own] == played(name)
            assert len(own) == len(set(own)) == 2
            assert crowd.last[watcher].state.current == event_pb2.SESSION_STATE_ENDED
        assert ordinals == list(range(1, ROUNDS + 1))
        np.testing.assert_allclose(rows.t_s, times, atol=1e-6)
