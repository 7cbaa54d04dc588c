"""Landmarks of real clips, through the product's own parts: ingest's file source (decoding, patches, JPEG), then pose,
and of the people there the one who is the first participant.

They are kept in the user's cache folder by the clip's and the model's checksum and the engine, since they take nearly
all of the time. The engine is the service's default, or MOTUS_POSE_ENGINE.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from motus_ingest.cutting import Place, Sighting
from motus_ingest.regions import Regions
from motus_ingest.sampling import Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.file_source import FileSource
from motus_ingest.sources.port import Picture
from motus_kinematics.core.body import POINTS, empty_frame
from motus_kinematics.core.body import Frame as Measured
from motus_pose.app import engine_factory
from motus_pose.bundle import PRUNED, STOCK
from motus_pose.engines.port import PersonPose, PoseEngine
from motus_pose.frames import Frame, FrameRef, Patch
from motus_pose.picture import Picture as Received
from motus_pose.picture import read
from motus_pose.settings import PoseSettings
from motus_pose.tracking import Tracks, step
from motus_runtime.settings import load

_PARTICIPANTS = ("p1",)
_PATCH_PX = load(IngestSettings, "MOTUS_INGEST").patch_px

Landmarks = dict[str, Any]
"""Arrays by name: t_s, found, image, world, size."""


def landmarks_of(path: Path, *, cached: bool = True) -> Landmarks:
    """A clip's landmarks, from the cache where they are there."""
    settings = load(PoseSettings, "MOTUS_POSE")
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motus" / "landmarks"
    store = folder / f"{_sha256(path)[:16]}-{settings.engine}-{_model_key(settings.model_path)[:16]}-{_PATCH_PX}.npz"
    if cached and store.exists():
        with np.load(store) as stored:
            return {name: stored[name] for name in stored.files}
    engine = engine_factory(settings)()
    try:
        landmarks = asyncio.run(_extract(path, engine))
    finally:
        engine.close()
    folder.mkdir(parents=True, exist_ok=True)
    partial = store.with_suffix(f".{os.getpid()}.partial.npz")
    np.savez_compressed(partial, **landmarks)
    partial.replace(store)
    return landmarks


def frames_of(landmarks: Landmarks) -> Iterator[Measured]:
    """The landmarks as the kinematics core takes them."""
    width, height = (int(side) for side in landmarks["size"])
    present = np.ones(POINTS, dtype=bool)
    for i, t_s in enumerate(landmarks["t_s"].tolist()):
        if not landmarks["found"][i]:
            yield empty_frame(t_s, width, height)
            continue
        image = landmarks["image"][i].astype(np.float64)
        world = landmarks["world"][i].astype(np.float64)
        yield Measured(t_s, width, height, image[:, :3], world, image[:, 3], present)


def _model_key(model: Path) -> str:
    """The model's checksum, for the pruned bundle the stock one's: their landmarks are the same to the last bit."""
    sha256 = _sha256(model)
    return STOCK.sha256 if sha256 == PRUNED.sha256 else sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _extract(path: Path, engine: PoseEngine) -> Landmarks:
    """Landmarks of every frame that the product would send; rows of zeros where nobody was found."""
    settings = IngestSettings(roots=(path.parent,), patch_px=_PATCH_PX)
    regions, before, tracks = Regions(), None, Tracks()
    source = FileSource(path.resolve().as_uri(), settings, Sampling(settings.max_fps), regions)
    times, images, worlds, found, size = list[float](), [], [], [], (0, 0)
    async for shown in source.steps():
        if not isinstance(shown, Picture):
            continue
        before = _picture(shown, before)
        persons = engine.detect(before, round(shown.t_s * 1000.0))
        regions.tell(len(times), _sighting(shown.t_s, persons))
        tracks, tracked = step(tracks, persons, shown.t_s, _PARTICIPANTS)
        person = next((one.pose for one in tracked if one.participant), None)
        world = None if person is None else person.world
        times.append(shown.t_s)
        found.append(person is not None)
        images.append(np.zeros((POINTS, 5), np.float32) if person is None else person.image)
        worlds.append(np.zeros((POINTS, 3), np.float32) if world is None else world)
        size = (shown.width, shown.height)
    return {
        "t_s": np.array(times),
        "found": np.array(found, dtype=bool),
        "image": np.array(images, np.float32).reshape(-1, POINTS, 5),
        "world": np.array(worlds, np.float32).reshape(-1, POINTS, 3),
        "size": np.array(size),
    }


def _picture(shown: Picture, before: Received | None) -> Received:
    """The picture as pose reads it."""
    ref = FrameRef("", 0, 0, shown.t_s, 0, 0, 0)
    patches = tuple(Patch(one.x, one.y, one.width, one.height, one.jpeg) for one in shown.patches)
    return read(Frame(ref, shown.width, shown.height, patches, every=True, end=None), before)


def _sighting(t_s: float, persons: tuple[PersonPose, ...]) -> Sighting:
    """What pose would answer."""
    return Sighting(t_s, {one.followed: Place(*one.next_place) for one in persons if one.next_place is not None})
