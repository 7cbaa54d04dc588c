"""Clocks that disagree: who owns what does not hang on them, and latencies below zero are counted, not recorded."""

import os
import signal
from pathlib import Path

import pytest

from motus.bus.v1 import samples_pb2
from motus_kinematics.fence import Fence, Verdict
from motus_runtime import topics
from motus_runtime.bus import decode
from tests.e2e.conftest import truth
from tests.faults.conftest import Rig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
KILLED_AT = 200
LIBRARIES = (*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), Path("/usr/lib/faketime/libfaketime.so.1"))


@pytest.fixture
def faketime() -> str:
    """The library that turns a process's clock."""
    for library in LIBRARIES:
        if library.exists():
            return str(library)
    pytest.skip("needs libfaketime: apt-get install -y libfaketime")


@pytest.mark.parametrize("offset_s", [30, -30])
async def test_a_wrong_clock_changes_no_owner_and_no_latency(rig: Rig, faketime: str, offset_s: int) -> None:
    """Pose's clocks are half a minute off: a session keeps its owner until that is killed, every frame counts once."""
    # The server remembers the ids of an earlier session's messages.
    session = f"fault-clock-{'late' if offset_s < 0 else 'early'}"
    clock = {"LD_PRELOAD": faketime, "FAKETIME": f"{offset_s:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    rig.start("ingest")
    for _ in range(2):
        rig.start("pose", **clock)
    await rig.announce(session, "squat.mp4")
    fence, times, epochs = Fence(), list[float](), list[int]()
    async for message, _ in rig.landmarks(session):
        if fence.judge(message) is Verdict.NEW and not message.HasField("end"):
            times.append(message.ref.t_s)
            epochs.append(message.pose_epoch)
        if len(times) == KILLED_AT:
            os.kill(await rig.owner("pose", session), signal.SIGKILL)
    last = await rig.bus.last(topics.EVENTS_STREAM, topics.events(session, "pose"))

    assert last is not None
    report = decode(samples_pb2.EventEnvelope, last.data or b"").event.report
    negative = report.counts["latencies_negative"]
    print(f"owners {len(set(epochs))}, negative latencies {negative}, recorded {report.latency.count}")
    assert len(times) == truth("squat")["frames"]
    assert epochs == sorted(epochs)
    assert len(set(epochs)) == 2
    assert epochs.index(epochs[-1]) >= KILLED_AT
    assert (negative > 0) == (offset_s < 0)
    assert (report.latency.count > 0) == (offset_s > 0)
