"""Truth on real clips: repetitions counted against their labels, with the exercise given and without.

Each clip goes through the product's own parts in one process: ingest's file source (decoding, scaling, JPEG), the pose
engine, the kinematics core. Landmarks are kept in the user's cache folder by the clip's and the model's checksum, since
they take nearly all of the time; `--no-cache` computes them anew. Without clips it says so and succeeds.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import motus_register
from motus_ingest.sampling import Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.file_source import FileSource
from motus_ingest.sources.port import Picture
from motus_kinematics.core.body import POINTS, Frame, empty_frame
from motus_kinematics.core.events import Event, ExerciseEvent
from motus_kinematics.core.pipeline import Config, State, flush, step
from motus_pose.app import engine_factory
from motus_pose.engines.port import PoseEngine
from motus_pose.frames import Frame as Received
from motus_pose.frames import FrameRef, Patch
from motus_pose.picture import compose
from motus_pose.settings import PoseSettings

ROOT = Path(__file__).resolve().parent.parent
CLIPS = ROOT.parent / "shared" / "clips"
ALIASES = {"golf": "swing", "sprint": "run"}
GATED = frozenset({"squat", "pushup", "curl", "press", "deadlift", "lunge"})
Landmarks = dict[str, Any]
"""Arrays by name: times, found, image, world, size."""


@dataclass(frozen=True)
class Clip:
    """A labelled clip; `reps` is None where the label does not judge."""

    path: Path
    exercise: str
    view: str
    reps: int | None
    confident: bool

    @property
    def gated(self) -> bool:
        """Whether the count must be right: a named exercise from the side or the front, labelled with confidence."""
        seen = self.view.startswith(("side", "front"))
        return self.reps is not None and self.exercise in GATED and seen and self.confident


@dataclass(frozen=True)
class Result:
    """What was counted in a clip; counts are None when the clip crashed something."""

    clip: Clip
    frames: int
    with_pose: int
    given: int | None
    unnamed: int | None
    name: str

    def within(self, count: int | None, tolerance: int) -> bool:
        """Whether a count is there and misses the label by no more than the tolerance."""
        return self.clip.reps is not None and count is not None and abs(count - self.clip.reps) <= tolerance


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=CLIPS, help="folder with MANIFEST.json and the clips it names")
    parser.add_argument("--only", default="", metavar="PREFIX", help="clips whose name begins so")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object on stdout and nothing else")
    parser.add_argument("--no-cache", action="store_true", help="compute all landmarks anew")
    arguments = parser.parse_args()
    manifest = arguments.clips / "MANIFEST.json"
    if not manifest.exists():
        print(f"no clips at {arguments.clips}: nothing to measure", file=sys.stderr)
        print(json.dumps({"clips": 0}) if arguments.json else "no clips")
        return 0
    clips = [clip for clip in read_manifest(manifest) if clip.path.name.startswith(arguments.only)]
    results = []
    for number, clip in enumerate(clips, start=1):
        print(f"{number}/{len(clips)} {clip.path.stem}", file=sys.stderr)
        results.append(judge(clip, cached=not arguments.no_cache))
    print(json.dumps(figures(results)) if arguments.json else table(results))
    return 0


def read_manifest(manifest: Path) -> list[Clip]:
    """The clips with what their labels say."""
    return [
        Clip(
            path=manifest.parent / entry["file"],
            exercise=exercise_of(entry["file"]),
            view=entry["view"],
            reps=entry["reps"],
            confident=entry["label_confidence"] == "high",
        )
        for entry in json.loads(manifest.read_text(encoding="utf-8"))
    ]


def exercise_of(name: str) -> str:
    """The exercise id that a file name's first words stand for; `unknown` when they stand for none."""
    words = re.split(r"[_.]", name)
    candidates = ("_".join(words[:count]) for count in (3, 2, 1))
    return next((word for word in candidates if word in motus_register.EXERCISES), ALIASES.get(words[0], "unknown"))


def judge(clip: Clip, *, cached: bool) -> Result:
    """Counts a clip both ways; whatever breaks is printed and counted, and the next clip goes on."""
    try:
        landmarks = landmarks_of(clip.path, cached=cached)
        given, _ = count(landmarks, clip.exercise)
        unnamed, name = count(landmarks, "unknown")
    except Exception:
        traceback.print_exc()
        return Result(clip, 0, 0, None, None, "crashed")
    return Result(clip, len(landmarks["t_s"]), int(landmarks["found"].sum()), given, unnamed, name)


def landmarks_of(path: Path, *, cached: bool) -> Landmarks:
    """A clip's landmarks, from the cache where they are there."""
    settings = PoseSettings()
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motus" / "landmarks"
    store = folder / f"{_sha256(path)[:16]}-{_sha256(settings.model_path)[:16]}.npz"
    if cached and store.exists():
        with np.load(store) as stored:
            return {name: stored[name] for name in stored.files}
    engine = engine_factory(settings)()
    try:
        landmarks = asyncio.run(_extract(path, engine))
    finally:
        engine.close()
    folder.mkdir(parents=True, exist_ok=True)
    partial = store.with_suffix(".partial.npz")
    np.savez_compressed(partial, **landmarks)
    partial.replace(store)
    return landmarks


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _extract(path: Path, engine: PoseEngine) -> Landmarks:
    """Landmarks of every frame that the product would send; rows of zeros where nobody was found."""
    settings = IngestSettings(roots=(path.parent,))
    source = FileSource(path.resolve().as_uri(), settings, Sampling(settings.max_fps))
    times, images, worlds, found, size = [], [], [], [], (0, 0)
    async for shown in source.steps():
        if not isinstance(shown, Picture):
            continue
        persons = engine.detect(_pixels(shown), round(shown.t_s * 1000.0))
        person = persons[0] if persons else None
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


def _pixels(picture: Picture) -> NDArray[np.uint8]:
    """The pixels as pose decodes them."""
    ref = FrameRef("", 0, 0, picture.t_s, 0, 0, 0)
    whole = (Patch(0, 0, 1.0, picture.jpeg),)
    return compose(Received(ref, picture.width, picture.height, whole, every=True, end=None), None)


def frames_of(landmarks: Landmarks) -> Iterator[Frame]:
    """The landmarks as the kinematics core takes them."""
    width, height = (int(side) for side in landmarks["size"])
    present = np.ones(POINTS, dtype=bool)
    for i, t_s in enumerate(landmarks["t_s"].tolist()):
        if not landmarks["found"][i]:
            yield empty_frame(t_s, width, height)
            continue
        image = landmarks["image"][i].astype(np.float64)
        world = landmarks["world"][i].astype(np.float64)
        yield Frame(t_s, width, height, image[:, :3], world, image[:, 3], present)


def count(landmarks: Landmarks, exercise: str) -> tuple[int, str]:
    """Repetitions counted to the end of a clip, and the last exercise that was named."""
    state, events = State(), list[Event]()
    for frame in frames_of(landmarks):
        state, outputs = step(state, frame, Config(exercise))
        events.extend(outputs.events)
    state, outputs = flush(state)
    names = [event.exercise for event in (*events, *outputs.events) if isinstance(event, ExerciseEvent)]
    return state.review.ledger.counted, names[-1] if names else exercise


def figures(results: list[Result]) -> dict[str, float]:
    """Flat figures: shares from 0 to 1, and the counts of every clip."""
    gated = [result for result in results if result.clip.gated]
    judged = [result for result in results if result.clip.reps is not None]
    frames = sum(result.frames for result in results)
    flat: dict[str, float] = {
        "clips": len(results),
        "crashed": sum(result.given is None for result in results),
        "frames": frames,
        "frames_with_pose_share": _share([result.with_pose for result in results], frames),
        "gated": len(gated),
        "gated_given_exact_share": _share([r.within(r.given, 0) for r in gated], len(gated)),
        "judged": len(judged),
        "given_exact_share": _share([r.within(r.given, 0) for r in judged], len(judged)),
        "given_off_by_one_share": _share([r.within(r.given, 1) for r in judged], len(judged)),
        "unnamed_exact_share": _share([r.within(r.unnamed, 0) for r in judged], len(judged)),
        "unnamed_off_by_one_share": _share([r.within(r.unnamed, 1) for r in judged], len(judged)),
        "named_right_share": _share([r.name == r.clip.exercise for r in judged], len(judged)),
    }
    for result in judged:
        for way, number in (("label", result.clip.reps), ("given", result.given), ("unnamed", result.unnamed)):
            if number is not None:
                flat[f"reps_{way}_{result.clip.path.stem}"] = number
    return flat


def _share(parts: list[bool] | list[int], whole: int) -> float:
    return round(sum(parts) / whole, 4) if whole else 0.0


def table(results: list[Result]) -> str:
    """All clips in rows, gated ones marked with a star, then the shares."""
    lines = [f"  {'clip':30} {'exercise':14} {'label':>5} {'given':>5} {'not given':>9} {'named':14} {'with pose':>11}"]
    for r in results:
        mark = "*" if r.clip.gated else " "
        label, given, unnamed = ("-" if n is None else str(n) for n in (r.clip.reps, r.given, r.unnamed))
        right = r.clip.reps is None or r.within(r.given, 0)
        lines.append(
            f"{mark} {r.clip.path.stem:30} {r.clip.exercise:14} {label:>5} {given:>5} {unnamed:>9} {r.name:14} "
            f"{r.with_pose:>5}/{r.frames:<5}{'' if right else ' wrong'}"
        )
    lines.append("* gated: squat, push-up, curl, press, deadlift, lunge from the side or the front, label sure")
    lines += [f"{name:28} {value:g}" for name, value in figures(results).items() if not name.startswith("reps_")]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
