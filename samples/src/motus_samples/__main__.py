"""Command line: render one clip, or the committed set again."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from motus_samples.clip import RenderedClip, render_clip
from motus_samples.committed import COMMITTED
from motus_samples.gl import GraphicsError
from motus_samples.spec import EXERCISES, ClipSpec, Faults, SpecError

FAULT_DEFAULTS = {"shallow": 0.4, "fast_eccentric": 0.45, "lean": 20.0, "asymmetry": 0.25}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 cannot render here, 2 wrong arguments."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        for name, spec in _wanted(arguments).items():
            clip = render_clip(spec, arguments.out, name=name, progress=_progress(name))
            print(_summary(clip))
    except SpecError as error:
        parser.error(str(error))
    except (GraphicsError, OSError) as error:
        print(f"motus-samples: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m motus_samples", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    render = commands.add_parser(
        "render", help="render one clip", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    render.add_argument("--exercise", choices=EXERCISES, default="squat", help="what the athlete does")
    render.add_argument("--seed", type=int, default=0, help="build, tempo, clothes, light and camera come from it")
    render.add_argument("--reps", type=int, default=4, help="repetitions")
    render.add_argument(
        "--azimuth", type=float, help="camera's turn off the side view, degrees, + to the front; 90: front"
    )
    render.add_argument("--near-side", choices=("left", "right"), help="side of the athlete that the camera sees")
    render.add_argument(
        "--legs", choices=("alternate", "left", "right"), default="alternate", help="front leg of lunges"
    )
    render.add_argument("--eccentric", type=float, help="mean seconds of the lowering half")
    render.add_argument("--concentric", type=float, help="mean seconds of the lifting half")
    render.add_argument("--idle-before", type=float, default=1.0, help="seconds at rest before the first rep")
    render.add_argument("--idle-after", type=float, default=1.0, help="seconds at rest after the last rep")
    render.add_argument("--fps", type=int, default=30, help="frames per second")
    render.add_argument("--size", type=_size, default=(640, 360), metavar="WxH", help="width x height in pixels")
    render.add_argument(
        "--fault", action="append", type=_fault, default=[], metavar="KIND[=AMOUNT]", help=_fault_help()
    )
    render.add_argument("--fault-reps", type=_numbers, metavar="N,N", help="reps with the faults, from 0; without: all")
    render.add_argument("--weak-side", choices=("left", "right"), default="right", help="side of an asymmetry")
    render.add_argument("--name", help="stem of the two files; without: EXERCISE_SEED")
    render.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="folder of the two files")
    again = commands.add_parser(
        "committed", help="render the committed clips again: same truth, maybe other video bytes"
    )
    again.add_argument("--out", type=Path, default=Path("samples/clips"), metavar="DIR", help="default: %(default)s")
    return parser


def _fault_help() -> str:
    defaults = ", ".join(f"{kind}={amount:g}" for kind, amount in FAULT_DEFAULTS.items())
    return f"plant a fault, may be repeated: {defaults} (shares of the range, seconds, degrees, share of the range)"


def _wanted(arguments: argparse.Namespace) -> dict[str, ClipSpec]:
    if arguments.command == "committed":
        return COMMITTED
    spec = _spec(arguments)
    return {arguments.name or f"{spec.exercise}_{spec.seed}": spec}


def _spec(arguments: argparse.Namespace) -> ClipSpec:
    faults = dict(arguments.fault)
    return ClipSpec(
        exercise=arguments.exercise,
        seed=arguments.seed,
        reps=arguments.reps,
        azimuth_deg=arguments.azimuth,
        near_side=arguments.near_side,
        lunge_legs=arguments.legs,
        eccentric_s=arguments.eccentric,
        concentric_s=arguments.concentric,
        idle_before_s=arguments.idle_before,
        idle_after_s=arguments.idle_after,
        faults=Faults(
            shallow=faults.get("shallow", 0.0),
            fast_eccentric_s=faults.get("fast_eccentric"),
            lean_deg=faults.get("lean", 0.0),
            asymmetry=faults.get("asymmetry", 0.0),
            weak_side=arguments.weak_side,
            reps=arguments.fault_reps,
        ),
        fps=arguments.fps,
        width=arguments.size[0],
        height=arguments.size[1],
    )


def _fault(text: str) -> tuple[str, float]:
    kind, _, amount = text.partition("=")
    if kind not in FAULT_DEFAULTS:
        raise argparse.ArgumentTypeError(f"unknown fault {kind!r}: choose one of {', '.join(FAULT_DEFAULTS)}")
    try:
        return kind, float(amount) if amount else FAULT_DEFAULTS[kind]
    except ValueError:
        raise argparse.ArgumentTypeError(f"the amount of {kind!r} must be a number, not {amount!r}") from None


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"a size looks like 640x360, not {text!r}") from None
    return width, height


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"reps look like 2,3,4, not {text!r}") from None


def _progress(name: str) -> Callable[[int, int], None] | None:
    """Return a line of progress on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{name}: frame {done} of {total}", end=end, file=sys.stderr, flush=True)

    return show


def _summary(clip: RenderedClip) -> str:
    truth, size_kb = clip.truth, clip.video.stat().st_size / 1000
    seconds = truth.frames / truth.fps
    counted = f"{truth.exercise}, {len(truth.reps)} reps, {seconds:.1f} s, {size_kb:.0f} KB"
    return f"{clip.video}: {counted}; truth in {clip.truth_file.name}"


if __name__ == "__main__":
    sys.exit(main())
