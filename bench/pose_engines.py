"""Pose engines side by side in one run: processor time a frame, and whether they say the same.

MediaPipe with the stock bundle, the yardstick, and with the pruned one that the service runs look at the same pictures
in turn, each with a tracker of its own per clip: the sample clips and, where they are, those beside the repository.
Figures: `pruned_cpu_ratio` (processor time of all frames, stock over pruned) and `pruned_identical_frames` of `frames`
(every landmark of every person the same to the last bit). It fails when a frame differs.
"""

import argparse
import json
import operator
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from motus_pose.bundle import PRUNED, STOCK, default_bundle_path
from motus_pose.engines.mediapipe_engine import MediapipeEngine
from motus_pose.engines.port import PersonPose, PoseEngine

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "clips"
CLIPS = ROOT.parent / "shared" / "clips"
LONG_SIDE = 640
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Comparison:
    """What the two bundles made of the same frames; seconds are of processor time."""

    frames: int = 0
    with_pose: int = 0
    identical: int = 0
    stock_s: float = 0.0
    pruned_s: float = 0.0

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(*map(operator.add, astuple(self), astuple(other)))

    def figures(self) -> dict[str, float]:
        """The flat figures; zeros where no frame was seen."""
        frames = max(self.frames, 1)
        return {
            "frames": self.frames,
            "frames_with_pose": self.with_pose,
            "pruned_identical_frames": self.identical,
            "stock_cpu_ms": round(1000.0 * self.stock_s / frames, 2),
            "pruned_cpu_ms": round(1000.0 * self.pruned_s / frames, 2),
            "pruned_cpu_ratio": round(self.stock_s / self.pruned_s, 3) if self.frames else 0.0,
        }


def pictures(clip: Path, limit: int) -> Iterator[tuple[int, Picture]]:
    """Time in milliseconds and RGB at sending size of the first `limit` frames, or of all when it is 0."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        scale = min(1.0, LONG_SIDE / max(stream.width, stream.height))
        size = (round(stream.width * scale), round(stream.height * scale))
        for frame in islice(container.decode(stream), limit or None):
            picture = frame.reformat(*size, format="rgb24").to_ndarray()
            yield round((frame.time or 0.0) * 1000.0), np.ascontiguousarray(picture, np.uint8)


def look(engine: PoseEngine, t_ms: int, picture: Picture) -> tuple[list[bytes], float]:
    """The bits of every person's landmarks, and the seconds of processor time that they took."""
    started = time.process_time()
    seen = engine.detect(picture, t_ms)
    return [bits(person) for person in seen], time.process_time() - started


def bits(person: PersonPose) -> bytes:
    """All numbers of a person as they lie in memory."""
    return person.image.tobytes() + (b"" if person.world is None else person.world.tobytes())


def compare(clip: Path, limit: int) -> Comparison:
    """Both bundles on a clip, frame by frame, taking turns at who begins."""
    whole = Comparison()
    with (
        closing(MediapipeEngine(default_bundle_path(STOCK))) as stock,
        closing(MediapipeEngine(default_bundle_path(PRUNED))) as pruned,
    ):
        for number, (t_ms, picture) in enumerate(pictures(clip, limit)):
            order = (stock, pruned) if number % 2 == 0 else (pruned, stock)
            seen = {engine: look(engine, t_ms, picture) for engine in order}
            (said, stock_s), (said_pruned, pruned_s) = seen[stock], seen[pruned]
            whole += Comparison(1, bool(said), said == said_pruned, stock_s, pruned_s)
    return whole


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=CLIPS, help="folder of real clips, beside the sample clips")
    parser.add_argument("--frames", type=int, default=60, help="frames of each clip, 0 for all (default 60)")
    parser.add_argument("--only", default="", metavar="PREFIX", help="clips whose name begins so")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object")
    arguments = parser.parse_args()
    clips = [clip for folder in (SAMPLES, arguments.clips) for clip in sorted(folder.glob(f"{arguments.only}*.mp4"))]
    whole = Comparison()
    for clip in clips:
        part = compare(clip, arguments.frames)
        print(f"{clip.stem:32} {part.identical:>5} of {part.frames:>5} frames identical", file=sys.stderr)
        whole += part
    figures = whole.figures()
    print(json.dumps(figures) if arguments.json else "\n".join(f"{k:24} {v:10g}" for k, v in figures.items()))
    return 0 if whole.identical == whole.frames else 1


if __name__ == "__main__":
    sys.exit(main())
