"""What the pose service's tests share: the real model, rendered clips, and an engine that does as it is told."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from motus_pose.bundle import PRUNED, STOCK, Bundle, BundleError, default_bundle_path, read_bundle
from motus_pose.engines.port import EngineError, EngineInfo, PersonPose, RefusedError
from motus_pose.picture import Picture

CLIPS = Path(__file__).resolve().parents[3] / "samples" / "clips"


@pytest.fixture(scope="session")
def model() -> Path:
    """The built model bundle."""
    return _built(PRUNED)


@pytest.fixture(scope="session")
def stock() -> Path:
    """The bundle as Google publishes it, segmentation branch included."""
    return _built(STOCK)


def _built(bundle: Bundle) -> Path:
    path = default_bundle_path(bundle)
    try:
        read_bundle(path, bundle.sha256)
    except BundleError as error:
        pytest.skip(f"{error} (with --stock for {STOCK.name})")
    return path


@pytest.fixture(scope="session")
def clip() -> Path:
    """A rendered athlete's clip."""
    clips = sorted(CLIPS.glob("squat*.mp4"))
    if not clips:
        pytest.skip(f"no clip in {CLIPS}")
    return clips[0]


@pytest.fixture
def pictures(clip: Path) -> list[NDArray[np.uint8]]:
    """The first half second of a rendered clip, RGB, dense."""
    with av.open(str(clip)) as container:
        frames = [
            frame.to_ndarray(format="rgb24") for frame, _ in zip(container.decode(video=0), range(15), strict=False)
        ]
    return [np.ascontiguousarray(frame) for frame in frames]


class ObedientEngine:
    """An engine at the port that sees what the test says, when the test says, and fails on request.

    Attributes:
        open: while cleared, looks wait.
        people: how many people it sees.
        fail_next: the next look raises EngineError.
        broken: every look does.
        made: engines made so far.
        most: how many people it can follow.
        times_ms: the times it was given.
        waiting: a look waits to be let go.
    """

    info = EngineInfo(name="obedient", model="none", device="cpu", smoothed=False)

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.people, self.fail_next, self.made, self.most = 1, False, 0, 16
        self.waiting = self.broken = False
        self.times_ms: list[int] = []

    def make(self) -> "ObedientEngine":
        """The factory; it counts."""
        self.made += 1
        return self

    def follow(self, people: int) -> None:
        """See PoseEngine."""
        if people > self.most:
            raise RefusedError(f"At most {self.most}, and {people} are asked for.")

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        """See PoseEngine."""
        self.waiting = not self.open.is_set()
        self.open.wait(30)
        self.waiting = False
        self.times_ms.append(t_ms)
        if self.fail_next or self.broken:
            self.fail_next = False
            raise EngineError("told to fail")
        return tuple(_pose() for _ in range(self.people))

    def close(self) -> None:
        """See PoseEngine."""


# Down from the shoulders, metres: elbows, wrists, hips, knees, ankles.
_BODY = {(11, 12): -0.5, (13, 14): -0.25, (15, 16): 0.0, (23, 24): 0.0, (25, 26): 0.4, (27, 28): 0.8}


def _pose() -> PersonPose:
    image = np.full((33, 5), 0.5, np.float32)
    image[:, 0] = np.linspace(0.4, 0.6, 33)
    image[:, 1] = np.linspace(0.2, 0.8, 33)
    world = np.zeros((33, 3), np.float32)
    for pair, height in _BODY.items():
        world[list(pair), 1] = height
    return PersonPose(image=image, world=world, confidence=0.9, next_place=(0.5, 0.5, 0.4, 0.8))


@pytest.fixture
def engine() -> Iterator[ObedientEngine]:
    """An obedient engine; whatever still waits in it is let go in the end."""
    obedient = ObedientEngine()
    yield obedient
    obedient.open.set()


@pytest.fixture
def pose() -> Callable[[], PersonPose]:
    """Makes a person in the middle of the picture."""
    return _pose
