"""Workers of every stage die or are sent away amid a session: what was measured and said is the same as without."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray

from motus.bus.v1 import control_pb2, samples_pb2
from motus.v1 import event_pb2, measure_pb2, movement_pb2, sample_pb2, session_service_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow
from tests.e2e.conftest import truth
from tests.faults.conftest import Rig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
SQUAT = truth("squat")
SHALLOW_DEG, DEEP_DEG = 55.0, 105.0
Angles = dict[str, dict[float, float]]


@dataclass(frozen=True)
class Seen:
    """A frame whose landmarks were stored: its time, when, Unix nanoseconds, and under which epochs."""

    t_s: float
    time_ns: int
    ingest_epoch: int
    pose_epoch: int


async def _play(rig: Rig, session: str, at: dict[float, Callable[[], Awaitable[object]]]) -> list[Seen]:
    """Play the squat; at each time of it, seconds, do something. Returns its frames, as they were stored."""
    await rig.announce(session, "squat.mp4")
    seen, due = list[Seen](), sorted(at)
    async for message, time_ns in rig.landmarks(session):
        if message.HasField("end"):
            break
        seen.append(Seen(message.ref.t_s, time_ns, message.ref.ingest_epoch, message.pose_epoch))
        if due and message.ref.t_s >= due[0]:
            await at[due.pop(0)]()
    return seen


def _assert_whole(seen: list[Seen]) -> None:
    """Every frame of the squat is there once, in order."""
    times = [one.t_s for one in seen]
    assert len(times) == SQUAT["frames"]
    assert times == sorted(set(times))


async def _events(bus: Bus, session: str, stage: event_pb2.Stage.ValueType) -> list[event_pb2.Event]:
    """A stage's events up to its end."""
    name = event_pb2.Stage.Name(stage).removeprefix("STAGE_").lower()
    found: list[event_pb2.Event] = []
    async for stored in follow(bus, topics.EVENTS_STREAM, topics.events(session, name)):
        found.append(decode(samples_pb2.EventEnvelope, stored.body).event)
        if found[-1].WhichOneof("detail") == "end":
            break
    return found


def _reps(events: list[event_pb2.Event]) -> set[int]:
    return {event.rep.ordinal for event in events if event.WhichOneof("detail") == "rep"}


async def _angles(bus: Bus, session: str) -> Angles:
    """Every angle that the stored samples have, by channel and time."""
    found: Angles = {}
    async for stored in follow(bus, topics.SAMPLES_STREAM, topics.samples(session)):
        series = decode(samples_pb2.SampleChunk, stored.body).series
        times = np.frombuffer(series.t_s_f64, "<f8")
        for column in series.columns:
            if column.channel.endswith("_deg"):
                there = _valid(column, len(times))
                values = np.frombuffer(column.values_f32, "<f4")
                pairs = zip(times[there].tolist(), values[there].tolist(), strict=True)
                found.setdefault(column.channel, {}).update(pairs)
        if not stored.pending:
            return found
    raise AssertionError


def _valid(column: sample_pb2.Column, rows: int) -> NDArray[np.bool_]:
    there = np.ones(rows, np.bool_)
    for run in column.absences:
        there[run.start : run.start + run.length] = False
    return there


def _kill(rig: Rig, stage: str, unit: str) -> Callable[[], Awaitable[object]]:
    async def kill() -> None:
        os.kill(await rig.owner(stage, unit), signal.SIGKILL)

    return kill


async def test_kinematics_killed_amid_a_repetition_measures_the_same_angles(rig: Rig) -> None:
    """kill -9 at the bottom of the second squat: each counts once, and no angle is off by more than half a degree."""
    for stage in ("ingest", "pose", "kinematics", "kinematics"):
        rig.start(stage)
    calm, struck = "fault-calm", "fault-struck"
    await _play(rig, calm, {})
    undisturbed = await _events(rig.bus, calm, event_pb2.STAGE_KINEMATICS)

    bottom_s = SQUAT["reps"][1]["turn_s"]
    await _play(rig, struck, {bottom_s: _kill(rig, "kinematics", topics.partition_unit(struck))})
    disturbed = await _events(rig.bus, struck, event_pb2.STAGE_KINEMATICS)

    expected, got = await _angles(rig.bus, calm), await _angles(rig.bus, struck)
    off_deg = {name: _off_deg(expected[name], got[name]) for name in expected}
    print(f"{len(off_deg)} angles, largest difference {max(off_deg.values()):.4f} deg")
    assert _reps(disturbed) == _reps(undisturbed) == set(range(1, len(SQUAT["reps"]) + 1))
    assert {name: len(times) for name, times in got.items()} == {name: len(times) for name, times in expected.items()}
    assert max(off_deg.values()) <= 0.5


def _off_deg(one: dict[float, float], other: dict[float, float]) -> float:
    return max((abs((one[t_s] - other[t_s] + 180) % 360 - 180) for t_s in one if t_s in other), default=0.0)


async def test_ingest_killed_amid_a_file_sends_every_frame_once(rig: Rig) -> None:
    """kill -9 of the owner: the other worker opens the file where it was left."""
    for stage in ("ingest", "ingest", "pose"):
        rig.start(stage)

    seen = await _play(rig, "fault-ingest", {4.0: _kill(rig, "ingest", "fault-ingest")})

    _assert_whole(seen)


async def test_every_stage_is_sent_away_in_turn_and_nothing_is_lost(rig: Rig, tmp_path: Path) -> None:
    """SIGTERM of each owner amid a session: all leave with 0, every frame and repetition is there once."""
    session, gone, heard = "fault-rolling", dict[str, int](), list[tuple[float, int]]()
    for stage in ("ingest", "pose", "kinematics", "coach"):
        rig.start(stage)
        rig.start(stage)
    store = {"MOTUS_STORE_URL": f"sqlite+aiosqlite:///{tmp_path / 'sessions.db'}", "MOTUS_INSECURE_DEV": "true"}
    gone["sessions"] = rig.start("sessions", MOTUS_SESSIONS_GRPC_PORT="0", **store)
    stop = await rig.bus.listen(topics.live(session), lambda message: _hear(message.data, heard))

    def send_away(stage: str) -> Callable[[], Awaitable[object]]:
        async def leave() -> None:
            if stage == "sessions":
                os.kill(gone[stage], signal.SIGTERM)
                return
            unit = session if stage in ("ingest", "pose") else topics.partition_unit(session)
            gone[stage] = await rig.owner(stage, unit)
            os.kill(gone[stage], signal.SIGTERM)

        return leave

    turns = {2.0: "ingest", 4.5: "pose", 7.0: "kinematics", 9.5: "coach", 11.0: "sessions"}
    seen = await _play(rig, session, {t_s: send_away(stage) for t_s, stage in turns.items()})
    measured = await _events(rig.bus, session, event_pb2.STAGE_KINEMATICS)
    said = await _events(rig.bus, session, event_pb2.STAGE_COACH)
    await stop()

    ingest = _gap_s([(one.time_ns / 1e9, one.ingest_epoch) for one in seen])
    pose = _gap_s([(one.time_ns / 1e9, one.pose_epoch) for one in seen])
    print(f"gap of ingest {ingest:.3f} s, of pose {pose:.3f} s, of kinematics {_gap_s(heard):.3f} s")
    _assert_whole(seen)
    assert _reps(measured) == set(range(1, len(SQUAT["reps"]) + 1))
    for events in (measured, said):
        names = [(event.name, event.revision) for event in events]
        assert len(names) == len(set(names))
    assert {stage: rig.workers[pid].wait(timeout=30) for stage, pid in gone.items()} == dict.fromkeys(gone, 0)


def _hear(body: bytes, heard: list[tuple[float, int]]) -> None:
    live = decode(samples_pb2.Live, body)
    if live.HasField("sample"):
        heard.append((asyncio.get_running_loop().time(), live.epoch))


def _gap_s(heard: list[tuple[float, int]]) -> float:
    """The longest time between the last output of one owner and the first of the next, seconds."""
    return max((after[0] - before[0] for before, after in pairwise(heard) if before[1] != after[1]), default=0.0)


class Model:
    """A model's endpoint that takes every request and never answers.

    Attributes:
        url: where it listens.
        asked: set once it was asked.
    """

    def __init__(self) -> None:
        self.url, self.asked, self.closing = "", asyncio.Event(), asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Nothing, until the end of the test."""
        await request.read()
        self.asked.set()
        await self.closing.wait()
        return web.Response(text=json.dumps({}))


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    """The endpoint, on a free port of this machine."""
    found = Model()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", found.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    found.url = f"http://{host}:{port}/v1"
    yield found
    found.closing.set()
    await runner.cleanup()


async def _say_rep(bus: Bus, session: str, ordinal: int, knee_deg: float) -> None:
    """A squat as kinematics tells of it."""
    name = f"sessions/{session}/events/kinematics-rep-p1-{ordinal}"
    event = event_pb2.Event(name=name, stage=event_pb2.STAGE_KINEMATICS, t_s=ordinal * 3.0, revision=1)
    measure = measure_pb2.Measure(name="peak_knee_flexion_left_deg", value=knee_deg, grade=measure_pb2.GRADE_HIGH)
    event.rep.CopyFrom(
        movement_pb2.Rep(
            name=f"sessions/{session}/reps/p1-{ordinal:04d}",
            participant=f"sessions/{session}/participants/p1",
            ordinal=ordinal,
            set_ordinal=1,
            exercise="squat",
            state=movement_pb2.REP_STATE_CONFIRMED,
            revision=1,
            start_s=ordinal * 3.0 - 2.5,
            end_s=ordinal * 3.0,
            measures=[measure],
        )
    )
    await _publish(bus, session, event)


async def _publish(bus: Bus, session: str, event: event_pb2.Event) -> None:
    envelope = samples_pb2.EventEnvelope(session=session, epoch=5, event=event)
    await bus.store(topics.events(session, "kinematics"), envelope)


async def test_coach_killed_while_a_cue_is_in_the_making_says_it_once(rig: Rig, model: Model) -> None:
    """kill -9 while the model words a cue: it is said once and its words are final, what came too late is counted."""
    session = "fault-coach"
    for _ in range(2):
        rig.start("coach", MOTUS_COACH_BASE_URL=model.url, OPENAI_API_KEY="none", MOTUS_COACH_CUE_DEADLINE_S="4")
    source = session_service_pb2.Source(uri="file:///x.mp4", pacing=session_service_pb2.PACING_REALTIME)
    spec = control_pb2.SessionSpec(session=session, exercise="squat", source=source)
    spec.participants.add(id="p1")
    await rig.bus.store(topics.spec_key(session), spec)
    await _say_rep(rig.bus, session, 1, SHALLOW_DEG)
    async with asyncio.timeout(30):
        await model.asked.wait()
    os.kill(await rig.owner("coach", topics.partition_unit(session)), signal.SIGKILL)
    await _say_rep(rig.bus, session, 2, DEEP_DEG)
    end = event_pb2.Event(
        name=f"sessions/{session}/events/kinematics-end-session-1", stage=event_pb2.STAGE_KINEMATICS, t_s=60, revision=1
    )
    end.end.CopyFrom(event_pb2.StageEnd(stage=event_pb2.STAGE_KINEMATICS))
    await _publish(rig.bus, session, end)
    events = await _events(rig.bus, session, event_pb2.STAGE_COACH)

    cues = [event.cue for event in events if event.WhichOneof("detail") == "cue"]
    counts = next(event.report.counts for event in events if event.WhichOneof("detail") == "report")
    last = {cue.name: cue for cue in cues}
    print(f"said {[(cue.cue_code, cue.revision) for cue in cues]}, expired {counts['cues_expired']}")
    assert len({(cue.name, cue.revision) for cue in cues}) == len(cues)
    assert [cue.cue_code for cue in last.values()].count("squat_depth_shallow") == 1
    assert all(cue.final for cue in last.values())
    assert len(last) + counts["cues_expired"] == 3
