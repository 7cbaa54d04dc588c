"""A stick figure with known angles, seen by a camera from any side, for the tests of the core."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from motus_kinematics.core.body import POINTS, Floats, Frame, empty_frame
from motus_kinematics.core.channels import PUBLISHED
from motus_kinematics.core.events import Event, RepEvent
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.pipeline import Config, Outputs, State, flush, step

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
    excursions: Iterable[Excursion],
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
        counted = [event for event in last.values() if event.record.state is not RepState.WITHDRAWN]
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

    Pose, View, Excursion = Pose, View, Excursion
    standing, squatting = STANDING, SQUATTING
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
