"""How true the figures are: real clips against their labels, joint angles against motion capture, synthetic athletes.

Without a part named all parts run. Clips and motion capture are never part of this project: where they are not there,
it says so and succeeds. Figures of synthetic athletes are never accuracy in the field. Progress goes to stderr.
"""

import argparse
import json
import sys
from math import isfinite
from pathlib import Path

from motus_samples.synthetic import MOVEMENTS, PROFILES
from truth.athletes import cases, measure_athletes
from truth.clips import clip_figures, clip_table, measure_clips
from truth.figures import figures
from truth.gates import HELD_FILE, NOISE, UNNAMED, reached
from truth.mocap import measure_mocap, mocap_figures, mocap_table
from truth.page import write
from truth.table import confusion_text, gates_text, rows, text

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "accuracy.md"
SHARED = ROOT.parent / "shared"
QUIET = ("reps_label_", "reps_given_", "reps_unnamed_", "mocap_squat", "mocap_walk")
"""What the tables say already."""
FEW_SETS, FULL_SETS = 5, 1000


def main() -> int:
    """Run from the command line; returns the exit code."""
    arguments = _parser().parse_args()
    every = not (arguments.real_clips or arguments.mocap or arguments.synthetic or arguments.docs)
    flat: dict[str, float] = {}
    texts = list[str]()
    if arguments.real_clips or every:
        _add(flat, texts, "Real clips", *_clips(arguments))
    if arguments.mocap or every:
        _add(flat, texts, "Motion capture", *_mocap(arguments))
    if arguments.synthetic or every:
        _add(flat, texts, "Synthetic athletes", *_synthetic(arguments))
    if arguments.docs is not None:
        earlier = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.docs]
        left = write(PAGE, {name: value for part in (*earlier, flat) for name, value in part.items()})
        print(f"{PAGE}: left as they are: {', '.join(left) or 'none'}", file=sys.stderr)
    print(json.dumps(flat) if arguments.json else "\n\n".join(texts))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object on stdout and nothing else")
    parser.add_argument("--workers", type=int, default=2, help="processes to share the work")
    parser.add_argument(
        "--docs",
        nargs="*",
        type=Path,
        metavar="JSON",
        help="write the figures of the parts named, or of earlier runs' JSON, into docs/accuracy.md",
    )
    parts = parser.add_argument_group("parts")
    parts.add_argument("--real-clips", action="store_true", help="real clips against their labels")
    parts.add_argument("--mocap", action="store_true", help="joint angles against motion capture")
    parts.add_argument("--synthetic", action="store_true", help="synthetic athletes against their truth")
    made = parser.add_argument_group("synthetic athletes")
    made.add_argument("--sets", type=int, default=FEW_SETS, help="recordings for each movement, view and noise")
    made.add_argument("--full", action="store_true", help="1,000 sets, all of them named, all noises: takes days")
    made.add_argument("--noise", nargs="+", choices=PROFILES, default=[NOISE], help="noise profiles")
    made.add_argument("--movements", nargs="+", choices=MOVEMENTS, default=list(MOVEMENTS), metavar="MOVEMENT")
    made.add_argument("--hold", action="store_true", help="hold missed gates at this run's figures from now on")
    made.add_argument("--tuning", action="store_true", help="even seeds, which are for tuning, not the held-out ones")
    real = parser.add_argument_group("real video")
    real.add_argument("--clips", type=Path, default=SHARED / "clips", help="folder with MANIFEST.json and its clips")
    real.add_argument("--truth", type=Path, default=SHARED / "truth", help="folder of motion capture")
    real.add_argument("--only", default="", metavar="PREFIX", help="clips whose name begins so")
    real.add_argument("--no-cache", action="store_true", help="compute all landmarks anew")
    return parser


def _add(flat: dict[str, float], texts: list[str], title: str, figures: dict[str, float], text: str) -> None:
    """Takes in a part's figures and its text."""
    flat.update(figures)
    summary = [f"{name:40} {value:g}" for name, value in figures.items() if not name.startswith(QUIET)]
    texts.append("\n".join([f"## {title}", text, *summary]))


def _clips(arguments: argparse.Namespace) -> tuple[dict[str, float], str]:
    manifest = arguments.clips / "MANIFEST.json"
    if not manifest.exists():
        print(f"no clips at {arguments.clips}: nothing to measure", file=sys.stderr)
        return {"clips": 0}, "no clips"
    cached, workers = not arguments.no_cache, arguments.workers
    results = measure_clips(manifest, arguments.only, cached=cached, workers=workers)
    return clip_figures(results), clip_table(results)


def _mocap(arguments: argparse.Namespace) -> tuple[dict[str, float], str]:
    rows = measure_mocap(arguments.truth, arguments.clips, cached=not arguments.no_cache)
    if not rows:
        print(f"no motion capture at {arguments.truth}: nothing to measure", file=sys.stderr)
    return mocap_figures(rows), mocap_table(rows) if rows else "no motion capture"


def _synthetic(arguments: argparse.Namespace) -> tuple[dict[str, float], str]:
    sets, unnamed = (FULL_SETS, FULL_SETS) if arguments.full else (arguments.sets, min(UNNAMED, arguments.sets))
    noises = PROFILES if arguments.full else arguments.noise
    wanted = cases(arguments.movements, noises, sets, unnamed, holdout=not arguments.tuning)
    scores = measure_athletes(wanted, arguments.workers)
    values = {noise: figures([score for score in scores if score.case.noise == noise]) for noise in noises}
    if arguments.hold:
        HELD_FILE.write_text(json.dumps(reached(values[NOISE]), indent=2) + "\n", encoding="utf-8")
    flat = {
        f"{noise}_{name}" if noise != NOISE else name: round(value, 4)
        for noise, its in values.items()
        for name, value in its.items()
        if isfinite(value)
    }
    flat["synthetic_sets"] = len(wanted)
    parts = [text(rows(scores)), *(f"{noise} noise\n{gates_text(its)}" for noise, its in values.items())]
    return flat, "\n\n".join([*parts, confusion_text(scores)])


if __name__ == "__main__":
    sys.exit(main())
