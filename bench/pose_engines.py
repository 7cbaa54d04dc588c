"""Pose engines side by side in one run: processor time a frame, and whether they say the same.

On the same pictures, in turn, each with a tracker of its own per clip: MediaPipe with the stock bundle, the yardstick;
with the pruned one; our own graph on OpenVINO in float32, following one person; and MediaPipe again on pictures whose
pixels may be one step off, which shows how much the tracking loop makes of nothing. The clips are the samples and, if
they are, those beside the repository.

Figures: `pruned_cpu_ratio` and `native_f32_cpu_ratio` (processor time of all frames, stock over the other),
`pruned_identical_frames` of `frames` (every landmark the same to the last bit), `native_median_error` and
`native_p99_error` (one look at single frames, against MediaPipe in IMAGE mode, in lengths of the torso; the second of
clips in which one person is seen all the time), `native_elsewhere` of `native_one_shots` (looks at another person, or
the other way up, which are in the median and not in the second) and `native_loop_over_noise` (mean distance from
stock MediaPipe over a clip, over that of MediaPipe on the noisy pictures, median of the clips). It fails when a pruned
frame differs. With `--precision bf16` the same of our own graph in bfloat16; with `--cuda` it measures a GPU instead
(`engines_cuda/crops.py`), and fails where none is.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import av
import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from engines_cuda import crops
from motus_pose.app import engine_factory
from motus_pose.bundle import PRUNED, STOCK, default_bundle_path
from motus_pose.engines.mediapipe_engine import MediapipeEngine
from motus_pose.engines.port import EngineError, PersonPose, PoseEngine
from motus_pose.picture import Picture, Rgb
from motus_pose.settings import PoseSettings

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "clips"
CLIPS = ROOT.parent / "shared" / "clips"
LONG_SIDE = 640
BLOCK = 10
ELSEWHERE = 0.1
SHOULDERS, HIPS = [11, 12], [23, 24]
Points = NDArray[np.float64]
Native = Callable[[], PoseEngine]


@dataclass
class Comparison:
    """What the engines made of the same frames; seconds are of processor time, distances in lengths of the torso."""

    frames: int = 0
    with_pose: int = 0
    identical: int = 0
    stock_s: float = 0.0
    pruned_s: float = 0.0
    native_s: float = 0.0
    native_missed: int = 0
    clean: bool = False
    one_shot: list[Points] = field(default_factory=list)
    native_gaps: list[float] = field(default_factory=list)
    noise_gaps: list[float] = field(default_factory=list)

    @property
    def loop_over_noise(self) -> float:
        """How far the native loop is from stock, over what a loop makes of noise; NaN where nobody was seen."""
        return float(np.mean(self.native_gaps) / np.mean(self.noise_gaps)) if self.noise_gaps else np.nan


def figures(parts: list[Comparison], precision: str) -> dict[str, float]:
    """The flat figures; zeros where no frame was seen."""
    frames = sum(part.frames for part in parts)
    stock, pruned, native = (sum(getattr(p, f"{name}_s") for p in parts) for name in ("stock", "pruned", "native"))
    looks = [(gap, part.clean) for part in parts for gap in part.one_shot]
    every = np.concatenate([gap for gap, _ in looks] or [np.zeros(1)])
    clean = np.concatenate([gap for gap, its_clip in looks if its_clip and not elsewhere(gap)] or [np.zeros(1)])
    return {
        "frames": frames,
        "frames_with_pose": sum(part.with_pose for part in parts),
        "pruned_identical_frames": sum(part.identical for part in parts),
        "stock_cpu_ms": round(1000.0 * stock / max(frames, 1), 2),
        "pruned_cpu_ms": round(1000.0 * pruned / max(frames, 1), 2),
        "native_cpu_ms": round(1000.0 * native / max(frames, 1), 2),
        "pruned_cpu_ratio": round(stock / pruned, 3) if pruned else 0.0,
        f"native_{precision}_cpu_ratio": round(stock / native, 3) if native else 0.0,
        "native_missed_frames": sum(part.native_missed for part in parts),
        "native_one_shots": len(looks),
        "native_elsewhere": sum(elsewhere(gap) for gap, _ in looks),
        "native_median_error": float(f"{np.median(every):.3g}"),
        "native_p99_error": float(f"{np.quantile(clean, 0.99):.3g}"),
        "native_loop_over_noise": round(float(np.nanmedian([part.loop_over_noise for part in parts] or [0.0])), 3),
    }


def elsewhere(gap: Points) -> bool:
    """Whether two looks were not at the same square at all."""
    return bool(np.median(gap) > ELSEWHERE)


def pictures(clip: Path, limit: int) -> Iterator[tuple[int, Rgb]]:
    """Time in milliseconds and RGB at sending size of the first `limit` frames, or of all when it is 0."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        scale = min(1.0, LONG_SIDE / max(stream.width, stream.height))
        size = (round(stream.width * scale), round(stream.height * scale))
        for frame in islice(container.decode(stream), limit or None):
            picture = frame.reformat(*size, format="rgb24").to_ndarray()
            yield round((frame.time or 0.0) * 1000.0), np.ascontiguousarray(picture, np.uint8)


def look(engine: PoseEngine, t_ms: int, picture: Rgb) -> tuple[tuple[PersonPose, ...], float]:
    """Who is seen, and the seconds of processor time that it took."""
    started = time.process_time()
    return engine.detect(Picture.of(picture), t_ms), time.process_time() - started


def bits(people: tuple[PersonPose, ...]) -> list[bytes]:
    """All numbers of each person as they lie in memory."""
    return [one.image.tobytes() + (b"" if one.world is None else one.world.tobytes()) for one in people]


def apart(reference: Points, other: Points, picture: Rgb) -> Points:
    """(33,) distances of points (33, 2 or more) in fractions of the picture, in lengths of the reference's torso."""
    size = picture.shape[1::-1]
    a, b = reference[:, :2] * size, other[:, :2] * size
    torso = np.linalg.norm(a[SHOULDERS].mean(axis=0) - a[HIPS].mean(axis=0))
    return np.asarray(np.linalg.norm(a - b, axis=1) / max(torso, 1.0))


def one_shot(landmarker: vision.PoseLandmarker, native: Native, picture: Rgb) -> Points | None:
    """How far a first look is from MediaPipe's IMAGE mode; None when either sees nobody."""
    said = landmarker.detect(mediapipe.Image(mediapipe.ImageFormat.SRGB, picture)).pose_landmarks
    mine = native().detect(Picture.of(picture), 0)
    if not said or not mine:
        return None
    return apart(np.array([(point.x, point.y) for point in said[0]]), mine[0].image.astype(np.float64), picture)


def compare(clip: Path, limit: int, native: Native) -> Comparison:
    """All engines on a clip, in blocks of frames, taking turns at who begins."""
    whole, random = Comparison(), np.random.default_rng(1)
    options = vision.PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(default_bundle_path(PRUNED))))
    with ExitStack() as stack:
        stock, noisy = (stack.enter_context(closing(MediapipeEngine(default_bundle_path(STOCK)))) for _ in range(2))
        pruned = stack.enter_context(closing(MediapipeEngine(default_bundle_path(PRUNED))))
        single = stack.enter_context(vision.PoseLandmarker.create_from_options(options))
        mine = native()
        engines = [stock, pruned, mine]
        for number, block in enumerate(blocks(pictures(clip, limit))):
            turn = number % len(engines)
            # A block each: engines that alternate frame by frame would empty each other's caches.
            seen = {one: [look(one, *shown) for shown in block] for one in (*engines[turn:], *engines[:turn])}
            for index, (t_ms, picture) in enumerate(block):
                take_in(whole, [seen[engine][index] for engine in engines])
                shaken = np.clip(picture + random.integers(-1, 2, picture.shape), 0, 255).astype(np.uint8)
                loops = seen[stock][index][0], seen[mine][index][0], noisy.detect(Picture.of(shaken), t_ms)
                gaps(whole, *loops, picture)
            if (gap := one_shot(single, native, block[0][1])) is not None:
                whole.one_shot.append(gap)
    return whole


def blocks(shown: Iterator[tuple[int, Rgb]]) -> Iterator[list[tuple[int, Rgb]]]:
    """Times and pictures, BLOCK at a time."""
    while block := list(islice(shown, BLOCK)):
        yield block


def take_in(whole: Comparison, seen: list[tuple[tuple[PersonPose, ...], float]]) -> None:
    """Adds what stock, pruned and native made of a frame."""
    (stock, stock_s), (pruned, pruned_s), (native, native_s) = seen
    whole.frames += 1
    whole.with_pose += bool(stock)
    whole.identical += bits(stock) == bits(pruned)
    whole.native_missed += bool(stock) and not native
    whole.stock_s += stock_s
    whole.pruned_s += pruned_s
    whole.native_s += native_s


def gaps(
    whole: Comparison,
    stock: tuple[PersonPose, ...],
    native: tuple[PersonPose, ...],
    noisy: tuple[PersonPose, ...],
    picture: Rgb,
) -> None:
    """Adds how far the two others are from stock where all see somebody."""
    if stock and native and noisy:
        reference, mine, shaken = (one[0].image.astype(np.float64) for one in (stock, native, noisy))
        whole.native_gaps.append(float(apart(reference, mine, picture).mean()))
        whole.noise_gaps.append(float(apart(reference, shaken, picture).mean()))


def clean_clips(folder: Path) -> set[str]:
    """Clips of the samples, and those of a folder in which one person is seen in every frame, by its MANIFEST.json."""
    manifest = folder / "MANIFEST.json"
    listed = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else []
    seen = {one["file"] for one in listed if one["persons"] == 1 and one["mediapipe_frames_with_pose"] == one["frames"]}
    return seen | {clip.name for clip in SAMPLES.glob("*.mp4")}


def show(found: dict[str, float], as_json: bool) -> None:
    """Prints flat figures."""
    print(json.dumps(found) if as_json else "\n".join(f"{k:24} {v:10g}" for k, v in found.items()))


def on_gpu(as_json: bool) -> int:
    """The figures of a GPU; returns the exit code."""
    try:
        show(crops.figures(), as_json)
    except EngineError as error:
        print(f"nothing measured: {error}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=CLIPS, help="folder of real clips, beside the sample clips")
    parser.add_argument("--frames", type=int, default=60, help="frames of each clip, 0 for all (default 60)")
    parser.add_argument("--only", default="", metavar="PREFIX", help="clips whose name begins so")
    parser.add_argument("--precision", default="f32", choices=("f32", "bf16"), help="of our own graph (default f32)")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object")
    parser.add_argument("--cuda", action="store_true", help="only what a GPU does, and the cores it stands for")
    arguments = parser.parse_args()
    if arguments.cuda:
        return on_gpu(arguments.json)
    clips = [clip for folder in (SAMPLES, arguments.clips) for clip in sorted(folder.glob(f"{arguments.only}*.mp4"))]
    clean = clean_clips(arguments.clips)
    settings = PoseSettings(engine="blazepose", people=1, precision=arguments.precision)
    native, parts = engine_factory(settings), list[Comparison]()
    for clip in clips:
        part = compare(clip, arguments.frames, native)
        part.clean = clip.name in clean
        shots = np.concatenate(part.one_shot or [np.full(1, np.nan)])
        print(
            f"{clip.stem:32} {part.identical:>5} of {part.frames:>5} frames identical; one look: median "
            f"{np.median(shots):.1e}, p99 {np.quantile(shots, 0.99):.1e}; loop over noise {part.loop_over_noise:.2f}",
            file=sys.stderr,
        )
        parts.append(part)
    found = figures(parts, arguments.precision)
    show(found, arguments.json)
    return 0 if found["pruned_identical_frames"] == found["frames"] else 1


if __name__ == "__main__":
    sys.exit(main())
