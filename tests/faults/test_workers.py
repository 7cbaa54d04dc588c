"""A worker dies, hangs or is sent away amid a session, and another goes on where it stopped."""

import os
import signal
from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

import pytest

from motus.bus.v1 import landmarks_pb2, samples_pb2
from motus.v1 import event_pb2
from motus_kinematics.fence import Fence, Verdict
from motus_runtime import topics
from motus_runtime.bus import decode
from motus_runtime.follow import follow
from motus_runtime.provision import provision
from tests.e2e.conftest import truth
from tests.faults.conftest import Rig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
Stored: TypeAlias = list[tuple[landmarks_pb2.Landmarks, int]]
SESSION = "fault-session"
FRAME = 100


async def _played(rig: Rig, at_frame: Callable[[int], object]) -> Stored:
    """Play a clip with two workers of pose; `at_frame` is called once with the owner of it in the middle."""
    for stage in ("ingest", "pose", "pose"):
        rig.start(stage)
    await rig.announce(SESSION, "squat.mp4")
    stored: Stored = []
    async for message, time_ns in rig.landmarks(SESSION):
        stored.append((message, time_ns))
        if len(stored) == FRAME:
            at_frame(await rig.owner("pose", SESSION))
    return stored


def _accepted(stored: Stored) -> tuple[list[float], int]:
    """Times of the frames that a receiver takes, and how many stale ones it dropped."""
    fence = Fence()
    verdicts = [(fence.judge(message), message) for message, _ in stored]
    times = [message.ref.t_s for verdict, message in verdicts if verdict is Verdict.NEW and not message.HasField("end")]
    return times, sum(verdict is Verdict.STALE for verdict, _ in verdicts)


def _gap_s(stored: Stored) -> float:
    """From the last frame that one owner stored to the first of the next."""
    pairs = [(after[1] - before[1]) / 1e9 for before, after in pairwise(stored) if _epoch(before) < _epoch(after)]
    return max(pairs, default=0.0)


def _epoch(one: tuple[landmarks_pb2.Landmarks, int]) -> int:
    return one[0].pose_epoch


async def test_a_killed_workers_session_goes_on_with_another_and_no_frame_is_lost(rig: Rig) -> None:
    """kill -9 of the owner: the other worker takes over under a newer epoch, every frame is taken once."""
    stored = await _played(rig, lambda owner: os.kill(owner, signal.SIGKILL))

    times, stale = _accepted(stored)
    print(f"gap {_gap_s(stored):.3f} s, stale {stale}")
    assert len(times) == truth("squat")["frames"]
    assert len({message.pose_epoch for message, _ in stored}) == 2
    assert stale == 0


async def test_a_worker_that_is_sent_away_leaves_with_0_and_loses_nothing(rig: Rig) -> None:
    """SIGTERM of the owner: it gives its session back, ends well, and every frame is taken once."""
    gone: list[int] = []

    def send_away(owner: int) -> None:
        os.kill(owner, signal.SIGTERM)
        gone.append(owner)

    stored = await _played(rig, send_away)

    times, stale = _accepted(stored)
    print(f"gap {_gap_s(stored):.3f} s, stale {stale}")
    assert len(times) == truth("squat")["frames"]
    assert rig.workers[gone[0]].wait(timeout=30) == 0


async def test_a_hung_worker_is_replaced_and_fenced_when_it_wakes(rig: Rig) -> None:
    """SIGSTOP of the owner until another has taken over, then SIGCONT: nothing that it still says is taken."""
    stopped: list[int] = []

    def hang(owner: int) -> None:
        os.kill(owner, signal.SIGSTOP)
        stopped.append(owner)

    for stage in ("ingest", "pose", "pose"):
        rig.start(stage)
    await rig.announce(SESSION, "squat.mp4")
    stored: Stored = []
    async for message, time_ns in rig.landmarks(SESSION):
        stored.append((message, time_ns))
        if len(stored) == FRAME:
            hang(await rig.owner("pose", SESSION))
        if stopped and message.pose_epoch > stored[0][0].pose_epoch:
            os.kill(stopped.pop(), signal.SIGCONT)

    times, stale = _accepted(stored)
    print(f"gap {_gap_s(stored):.3f} s, stale that were dropped {stale}")
    assert not stopped
    assert len(times) == truth("squat")["frames"]
    assert times == sorted(set(times))


async def test_a_lost_bucket_of_leases_is_made_anew_and_sessions_go_on(rig: Rig) -> None:
    """The bucket is deleted under running workers and provisioned again: newer epochs, every frame once."""
    for stage in ("ingest", "pose", "pose"):
        rig.start(stage)
    await rig.announce(SESSION, "squat.mp4")
    stored: Stored = []
    async for message, time_ns in rig.landmarks(SESSION):
        stored.append((message, time_ns))
        if len(stored) == FRAME:
            await rig.bus.jetstream.delete_stream(f"KV_{topics.LEASES}")
            await provision(rig.bus)

    times, _ = _accepted(stored)
    assert len(times) == truth("squat")["frames"]
    assert times == sorted(set(times))


async def test_kinematics_killed_amid_a_repetition_counts_it_once(rig: Rig) -> None:
    """kill -9 of the owner after the first repetition: another worker counts on, each repetition once."""
    for stage in ("ingest", "pose", "kinematics", "kinematics"):
        rig.start(stage)
    await rig.announce(SESSION, "squat.mp4")
    killed, reps, names = False, set(), []
    async for stored in follow(rig.bus, topics.EVENTS_STREAM, topics.events_of(SESSION)):
        event = decode(samples_pb2.EventEnvelope, stored.body).event
        names.append((event.name, event.revision))
        if event.WhichOneof("detail") == "rep":
            reps.add(event.rep.ordinal)
            if not killed:
                os.kill(await rig.owner("kinematics", topics.partition_unit(SESSION)), signal.SIGKILL)
                killed = True
        if event.WhichOneof("detail") == "end" and event.stage == event_pb2.STAGE_KINEMATICS:
            break

    assert reps == set(range(1, len(truth("squat")["reps"]) + 1))
    assert len(names) == len(set(names))
