"""A stick figure with known angles, seen by a camera from any side, and a pose service that says what it shows."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus.v1 import sample_pb2
from motus_kinematics.core.body import POINTS, Floats, Frame, empty_frame
from motus_kinematics.core.channels import PUBLISHED
from motus_kinematics.core.events import Event, RepEvent
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.pipeline import Config, Outputs, State, flush, step
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow

BASE_NS = 1_700_000_000_000_000_000
INGESTED_BEFORE_NS = 60_000_000_000
COUNTED = (RepState.PROVISIONAL, RepState.CONFIRMED)
WIDTH, HEIGHT, PX_PER_M = 640, 480, 200.0
THIGH_M, SHANK_M, TRUNK_M, ARM_M, FOREARM_M = 0.43, 0.43, 0.50, 0.30, 0.27
UP, RIGHT = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Pose:
    """Angles in degrees as the register defines them; left and right where a pair."""

    knee: tuple[float, float] = (5.0, 5.0)
    hip: tuple[float, float] = (5.0, 5.0)
    elbow: tuple[float, float] = (10.0, 10.0)
    shoulder: tuple[float, float] = (5.0, 5.0)
    lean: float = 0.0


@dataclass(frozen=True)
class View:
    """Where the athlete faces, degrees from the picture's right into depth: 0 side view, -90 front view."""

    facing_deg: float = 0.0


def _ahead(angle_deg: float) -> Floats:
    """Unit vector that hangs down at 0 degrees and points forward at 90; axes forward, up, right."""
    angle = np.radians(angle_deg)
    return np.array([np.sin(angle), -np.cos(angle), 0.0])


def skeleton(pose: Pose) -> Floats:
    """(33, 3) metres in body axes forward, up, right, ankles on the ground below."""
    points = np.zeros((POINTS, 3))
    trunk = -_ahead(-pose.lean)
    shoulder_center = TRUNK_M * trunk
    points[[0, 7, 8]] = shoulder_center + 0.2 * trunk
    for side, (sign, odd) in enumerate(((-1.0, 0), (1.0, 1))):
        thigh = pose.hip[side] - pose.lean
        arm = pose.shoulder[side] - pose.lean
        hip, shoulder = sign * 0.1 * RIGHT, shoulder_center + sign * 0.18 * RIGHT
        knee = hip + THIGH_M * _ahead(thigh)
        ankle = knee + SHANK_M * _ahead(thigh - pose.knee[side])
        elbow = shoulder + ARM_M * _ahead(arm)
        wrist = elbow + FOREARM_M * _ahead(arm + pose.elbow[side])
        heel, toe = ankle - 0.05 * UP, ankle + np.array([0.2, -0.05, 0.0])
        points[[11 + odd, 13 + odd, 15 + odd]] = shoulder, elbow, wrist
        points[[17 + odd, 19 + odd, 21 + odd]] = wrist
        points[[23 + odd, 25 + odd, 27 + odd, 29 + odd, 31 + odd]] = hip, knee, ankle, heel, toe
    ground = points[[27, 28], 1].min()
    return points - ground * UP


def frame(t_s: float, pose: Pose, view: View | None = None) -> Frame:
    """The figure as a level camera far away sees it."""
    facing = np.radians((view or View()).facing_deg)
    body = skeleton(pose)
    forward, up, right = body.T
    camera = np.stack(
        (
            forward * np.cos(facing) + right * np.sin(facing),
            -up,
            forward * np.sin(facing) - right * np.cos(facing),
        ),
        axis=1,
    )
    world = camera - camera[[23, 24]].mean(axis=0)
    image = camera * (PX_PER_M / WIDTH, PX_PER_M / HEIGHT, PX_PER_M / WIDTH) + (0.5, 0.9, 0.0)
    return Frame(t_s, WIDTH, HEIGHT, image, world, np.full(POINTS, 0.99), np.ones(POINTS, dtype=bool))


def min_jerk(u: float) -> float:
    """Human point-to-point movement from 0 to 1 (Flash and Hogan 1985)."""
    u = min(max(u, 0.0), 1.0)
    return u**3 * (10.0 - 15.0 * u + 6.0 * u * u)


@dataclass(frozen=True)
class Excursion:
    """One way out and back of a movement."""

    start_s: float
    out_s: float
    hold_s: float
    back_s: float
    depth: float = 1.0

    @property
    def turn_s(self) -> float:
        """Middle of the hold at the far point."""
        return self.start_s + self.out_s + self.hold_s / 2.0

    @property
    def end_s(self) -> float:
        """Back at rest."""
        return self.start_s + self.out_s + self.hold_s + self.back_s

    @property
    def visible_s(self) -> tuple[float, float]:
        """When it is 2 % out and when it is 2 % from being back: what an eye would call start and end."""
        return self.start_s + 0.135 * self.out_s, self.end_s - 0.135 * self.back_s

    def at(self, t_s: float) -> float:
        """How far out it is, 0 to `depth`."""
        out = min_jerk((t_s - self.start_s) / self.out_s)
        back = min_jerk((t_s - self.start_s - self.out_s - self.hold_s) / self.back_s)
        return self.depth * (out - back)


@dataclass(frozen=True)
class Tremor:
    """A tremor that comes and goes between two moments, as a share of the way; added to excursions in a film."""

    start_s: float
    end_s: float
    size: float
    hertz: float = 4.0

    def at(self, t_s: float) -> float:
        """How far it is out."""
        share = min(max((t_s - self.start_s) / (self.end_s - self.start_s), 0.0), 1.0)
        return float(self.size * np.sin(np.pi * share) ** 2 * np.sin(2.0 * np.pi * self.hertz * t_s))


def regular(reps: int, *, first_s: float = 1.0, period_s: float = 2.5, depth: float = 1.0) -> tuple[Excursion, ...]:
    """Equal excursions one after the other."""
    return tuple(Excursion(first_s + i * period_s, 0.45 * period_s, 0.0, 0.35 * period_s, depth) for i in range(reps))


STANDING = Pose()
SQUATTING = replace(STANDING, knee=(100.0, 100.0), hip=(95.0, 95.0), lean=35.0)


def between(rest: Pose, far: Pose, share: float) -> Pose:
    """A pose on the way from one to another."""

    def mix(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
        return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])

    return Pose(
        mix(rest.knee, far.knee),
        mix(rest.hip, far.hip),
        mix(rest.elbow, far.elbow),
        mix(rest.shoulder, far.shoulder),
        rest.lean + share * (far.lean - rest.lean),
    )


def film(
    excursions: Iterable[Excursion | Tremor],
    seconds: float,
    *,
    rest: Pose = STANDING,
    far: Pose = SQUATTING,
    view: View | None = None,
    fps: float = 30.0,
    noise_m: float = 0.0,
    seed: int = 0,
) -> Iterator[Frame]:
    """A figure that moves between two poses, with landmark noise that grows with depth as BlazePose's does."""
    moves = tuple(excursions)
    random = np.random.default_rng(seed)
    for i in range(int(seconds * fps)):
        t_s = i / fps
        still = frame(t_s, between(rest, far, sum(move.at(t_s) for move in moves)), view)
        if not noise_m or still.image is None or still.world is None:
            yield still
            continue
        shake = random.normal(0.0, noise_m, (POINTS, 3)) * (1.0, 1.0, 2.0)
        moved = still.image + shake * (PX_PER_M / WIDTH, PX_PER_M / HEIGHT, 0.0)
        yield replace(still, image=moved, world=still.world + shake)


@dataclass(frozen=True)
class Played:
    """What a run said: all outputs in order, and the state at its end."""

    outputs: tuple[Outputs, ...]
    state: State

    @property
    def events(self) -> list[Event]:
        """All events in order."""
        return [event for outputs in self.outputs for event in outputs.events]

    @property
    def reps(self) -> list[RepEvent]:
        """The last revision of every repetition that counts in the end, by time."""
        last = {event.record.ordinal: event for event in self.events if isinstance(event, RepEvent)}
        counted = [event for event in last.values() if event.record.state in COUNTED]
        return sorted(counted, key=lambda event: event.record.cycle.turn_s)

    def published(self, channel: str) -> Floats:
        """A published channel's settled values."""
        column = PUBLISHED.index(channel)
        return np.array([sample.values[column] for outputs in self.outputs for sample in outputs.settled])


def play(frames: Iterable[Frame], exercise: str = "unknown") -> Played:
    """Runs the core over frames, to the end of the stream."""
    state, said = State(), []
    for each in frames:
        state, outputs = step(state, each, Config(exercise))
        said.append(outputs)
    state, outputs = flush(state)
    return Played((*said, outputs), state)


class Lab:
    """All of the above for tests, which cannot import their conftest."""

    Pose, View, Excursion, Tremor = Pose, View, Excursion, Tremor
    standing, squatting = STANDING, SQUATTING
    lopsided = replace(SQUATTING, knee=(60.0, 100.0), hip=(70.0, 95.0))
    min_jerk = staticmethod(min_jerk)
    frame = staticmethod(frame)
    film = staticmethod(film)
    play = staticmethod(play)
    regular = staticmethod(regular)

    @staticmethod
    def retimed(frame: Frame, t_s: float) -> Frame:
        """The same picture at another time."""
        return replace(frame, t_s=t_s)

    @staticmethod
    def hidden(frame: Frame) -> Frame:
        """The frame without the athlete."""
        return empty_frame(frame.t_s, WIDTH, HEIGHT)


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The stick figure and what plays it."""
    return Lab()


class SpokenPose:
    """Plays the pose service for one session of squats."""

    def __init__(self, bus: Bus) -> None:
        self.bus, self.session = bus, f"kin-{uuid.uuid4().hex[:12]}"
        participants = [control_pb2.ParticipantSpec(id="p1")]
        self.spec = control_pb2.SessionSpec(session=self.session, exercise="squat", participants=participants)
        self._begun_ns = time.time_ns() - INGESTED_BEFORE_NS

    async def begin(self) -> None:
        """Put the session's spec into the bucket."""
        await self.bus.store(topics.spec_key(self.session), self.spec)

    async def wish(self, t_s, **update):
        """Store a user's wish of the moment at which the frame `t_s` was ingested."""
        return await self.command(t_s, update=control_pb2.Update(**update))

    async def command(self, t_s, **what):
        """Store a command of the moment at which the frame `t_s` was ingested."""
        time_ns = self.ref(t_s, 0).ingest_time_ns
        command = control_pb2.Command(session=self.session, time_ns=time_ns, **what)
        return await self.bus.store(topics.commands(self.session), command)

    async def say(self, frame, seq, *, pose_epoch=1):
        """Store one frame's landmarks."""
        message = landmarks_pb2.Landmarks(ref=self.ref(frame.t_s, seq), pose_epoch=pose_epoch, width=640, height=480)
        if frame.image is not None:
            image = np.concatenate((frame.image, frame.visibility[:, None], np.ones((33, 1))), axis=1)
            points = sample_pb2.LandmarkSet(
                presence_mask=(1 << 33) - 1,
                image_f32=image.astype("<f4").tobytes(),
                world_f32=frame.world.astype("<f4").tobytes(),
            )
            message.persons.append(landmarks_pb2.Person(track_id=1, participant="p1", landmarks=points))
        await self.bus.store(topics.landmarks(self.session), message)

    async def end(self, t_s, seq, **end):
        """Store the end of the stream."""
        message = landmarks_pb2.Landmarks(ref=self.ref(t_s, seq), pose_epoch=1, end=frame_pb2.End(**end))
        await self.bus.store(topics.landmarks(self.session), message)

    async def play(self, frames):
        """Play a whole session; returns what kinematics said of it."""
        await self.begin()
        for seq, frame in enumerate(frames):
            await self.say(frame, seq)
        await self.end(frames[-1].t_s, len(frames))
        return await self.events()

    def ref(self, t_s, seq):
        """A frame's identity."""
        return frame_pb2.FrameRef(
            session=self.session,
            ingest_epoch=1,
            frame_seq=seq,
            t_s=t_s,
            capture_time_ns=BASE_NS + int(t_s * 1e9),
            ingest_time_ns=self._begun_ns + int(t_s * 1e9),
        )

    async def events(self, until="end"):
        """What kinematics said of the session, up to the first event of the given kind."""
        said = []
        async with asyncio.timeout(60):
            async for stored in follow(self.bus, topics.EVENTS_STREAM, topics.events(self.session, "kinematics")):
                said.append(decode(samples_pb2.EventEnvelope, stored.body))
                if said[-1].event.WhichOneof("detail") == until:
                    return said
        raise AssertionError("the stream of events does not end")

    async def stored(self, stream, subject):
        """All messages of a subject."""
        found = []
        async for message in follow(self.bus, stream, subject):
            found.append(message)
            if message.pending == 0:
                return found
        raise AssertionError("the stream does not end")


@pytest.fixture
def make_pose(bus: Bus) -> Callable[[], SpokenPose]:
    """Makes a session of its own."""
    return partial(SpokenPose, bus)
