"""A fleet at work: sessions announced, workers of pose with the engine that is asked for, cameras that play."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fleet.history import Claim
from motus.bus.v1 import control_pb2
from motus_pose.engines.recording import Recording
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings
from motus_runtime.follow import follow
from motus_runtime.provision import AWAY, provision
from motus_runtime.registry import Registry
from motus_samples.synthetic.recording import record
from motus_samples.synthetic.script import Script
from servers.nats import nats_server
from servers.workers import Workers, process_of, workers

BENCH = Path(__file__).parents[1]
READY_S = 120.0
SETTLED_S = 3.0


@dataclass(frozen=True)
class Plan:
    """What a fleet is.

    Attributes:
        sessions: how many.
        workers: workers of pose.
        clip: what the cameras show to the real engine; None: ready-made pictures, and the engine replays landmarks.
        inviting: whether cameras invite workers when nobody receives.
        measured: sessions that the later stages get too.
        fps: frames per second of each camera.
        entering: a command that becomes a worker of pose, as one that enters a network namespace.
    """

    sessions: int
    workers: int = 3
    clip: Path | None = None
    inviting: bool = True
    measured: int = 3
    fps: float = 30.0
    entering: tuple[str, ...] = ()


@dataclass
class Fleet:
    """A fleet that plays.

    Attributes:
        bus: the bench's own connection.
        workers: the processes.
        registry: who lives and owns what.
        claims: owners of sessions of the stage pose, so far.
        answers: the cameras' answers by session and outcome, once the fleet is closed.
    """

    bus: Bus
    workers: Workers
    registry: Registry
    claims: list[Claim] = field(default_factory=list)
    answers: dict[str, dict[str, int]] = field(default_factory=dict)

    def owned(self) -> dict[int, list[str]]:
        """Sessions by process id of pose's workers that live; those that own none are there too."""
        found: dict[int, list[str]] = {process_of(one.worker): [] for one in self.registry.stage_members("pose")}
        for (stage, session), owner in self.registry.owners.items():
            if stage == "pose" and owner.worker in self.registry.members:
                found.setdefault(process_of(owner.worker), []).append(session)
        return found

    @property
    def done_share(self) -> float:
        """Frames that were answered with DONE, by those that were sent; once the fleet is closed."""
        answers = self.answers.values()
        return sum(one.get("frames_done", 0) for one in answers) / max(1, sum(one["frames_sent"] for one in answers))

    def busiest(self) -> int:
        """Process id of the worker that owns most sessions."""
        owned = self.owned()
        return max(owned, key=lambda pid: len(owned[pid]))

    async def hear_claims(self) -> None:
        """Keep track of who claims what, until cancelled."""
        subject = topics.owner_key("pose", "*")
        async for stored in follow(self.bus, f"KV_{topics.LEASES}", subject, newest_per_subject=True):
            if stored.body and not stored.deleted:
                session = stored.subject.rsplit(".", 1)[1]
                self.claims.append(Claim(session, stored.body.decode(), stored.sequence, stored.time_ns))


@asynccontextmanager
async def fleet(plan: Plan, folder: Path) -> AsyncIterator[Fleet]:
    """A fleet that plays within the block, on a bus of its own."""
    with nats_server(folder) as url:
        async with fleet_on(url, plan, folder) as found:
            yield found


@asynccontextmanager
async def fleet_on(url: str, plan: Plan, folder: Path, *, replicas: int = 1) -> AsyncIterator[Fleet]:
    """A fleet that plays within the block; afterwards its answers are known and its workers have ended."""
    settings = {"MOTUS_POSE_CAPACITY": str(plan.sessions), "MOTUS_COACH_BASE_URL": ""} | _engine(plan, folder)
    with workers(url, folder, **settings) as processes:
        bus = await Bus.connect(BusSettings(url=url), "bench")
        await provisioned(bus, replicas)
        found = Fleet(bus, processes, Registry(bus))
        listening = [asyncio.create_task(loop) for loop in (found.registry.run(), found.hear_claims())]
        names = session_names(plan.sessions)
        await announce(bus, names)
        for _ in range(plan.workers):
            processes.start("pose", prefix=plan.entering)
        for stage in ("kinematics", "coach") if plan.measured else ():
            processes.start(stage, **{f"MOTUS_{stage.upper()}_CAPACITY": str(plan.measured)})
        cameras = _cameras(plan, url, names)
        try:
            await _at_work(found, names)
            yield found
        finally:
            answer, _ = await asyncio.to_thread(cameras.communicate)
            with suppress(ValueError):  # it died, which the figures show
                found.answers = json.loads(answer)
            processes.close()
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
            await bus.close()


async def provisioned(bus: Bus, replicas: int) -> None:
    """Provision, again while the cluster has no leader yet."""
    async with asyncio.timeout(READY_S):
        while True:
            try:
                await provision(bus, replicas)
                return
            except AWAY:
                await asyncio.sleep(0.25)


def session_names(count: int) -> list[str]:
    """Ids of sessions that lie in as many partitions as they can."""
    names, taken = list[str](), set[int]()
    for number in range(100_000):
        name = f"fleet-{number:05d}"
        if topics.partition(name) not in taken or len(taken) == topics.PARTITIONS:
            taken.add(topics.partition(name))
            names.append(name)
        if len(names) == count:
            break
    return names


def _engine(plan: Plan, folder: Path) -> dict[str, str]:
    """Settings of the engine that a plan asks for; a recording is made for the one that replays."""
    if plan.clip:
        return {"MOTUS_POSE_ENGINE": "blazepose"}
    made = record(Script(movement="squat", seed=2))
    image = np.concatenate([made.image, made.visibility[..., None], made.visibility[..., None]], axis=-1)
    path = folder / "squat.npz"
    Recording(made.t_s, image.astype(np.float32), made.world.astype(np.float32), smoothed=True).save(path)
    return {"MOTUS_POSE_ENGINE": "replay", "MOTUS_POSE_RECORDING": str(path)}


async def announce(bus: Bus, sessions: Sequence[str]) -> None:
    """Tell the stages of sessions, as the sessions service does."""
    for session in sessions:
        spec = control_pb2.SessionSpec(session=session, tenant="default", exercise="squat", revision=1)
        spec.participants.add(id="p1")
        spec.create_time_ns = time.time_ns()
        await bus.store(topics.spec_key(session), spec)


def _cameras(plan: Plan, url: str, sessions: list[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "fleet.live", "--nats", url, "--fps", str(plan.fps)]
    command += ["--clip", str(plan.clip)] if plan.clip else []
    command += [] if plan.inviting else ["--no-invitations"]
    return subprocess.Popen([*command, *sessions], cwd=BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def _at_work(found: Fleet, sessions: Sequence[str]) -> None:
    """Wait until every session has landmarks.

    Raises:
        TimeoutError: one never got any; the workers' logs say why.
    """
    async with asyncio.timeout(READY_S):
        waiting = set(sessions)
        while waiting:
            for session in sorted(waiting):
                if await found.bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session)):
                    waiting.discard(session)
            await asyncio.sleep(0.25)
    await asyncio.sleep(SETTLED_S)
