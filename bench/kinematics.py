"""One participant's full step through the core, beside a plain loop of three-point angles, in one run.

Both take the same frames in turn, so that a busy machine slows both down; the figures are processor time on one core.
`step_median_ms`, `step_p99_ms`: frame in, every measure out, recounts included, with a minute's history behind it;
`step_ratio`: that median over the plain loop's. `mb_per_athlete`: memory that one long session holds at its end.
`checkpoint_kb`: the largest checkpoint.
"""

import argparse
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motus_kinematics.core.body import POINTS, Floats, Frame
from motus_kinematics.core.pipeline import Config, State, step

ROOT = Path(__file__).resolve().parent.parent
RECORDING = ROOT / "services/kinematics/tests/data/squat.npz"
FULL_S = 62.0
"""The history is full."""
TIMED_S = 20.0
TRIPLES = np.array(
    [(11, 13, 15), (12, 14, 16), (13, 11, 23), (14, 12, 24), (11, 23, 25), (12, 24, 26), (23, 25, 27), (24, 26, 28)]
)
"""Elbows, shoulders, hips and knees: what a plain angle counter computes."""


@dataclass(frozen=True)
class Timed:
    """Processor times of successive steps and of the plain loop on the same frames, milliseconds."""

    step_ms: list[float]
    plain_ms: list[float]


def frames(seconds: float) -> Iterator[Frame]:
    """A recorded athlete, over and over without a rest."""
    with np.load(RECORDING) as recording:
        data = {name: recording[name].astype(np.float64) for name in recording.files}
    t_s, seen = data["t_s"], np.ones(POINTS, dtype=bool)
    size = int(data["width"]), int(data["height"])
    length_s = float(t_s[-1] + np.median(np.diff(t_s)))
    for again in range(int(seconds / length_s) + 1):
        for i, moment in enumerate(t_s):
            if moment + again * length_s < seconds:
                pose = data["image"][i], data["world"][i], data["visibility"][i]
                yield Frame(float(moment + again * length_s), *size, *pose, seen)


def plain_angles(frame: Frame) -> list[float]:
    """Three-point angles of the picture, as plain code computes them; degrees."""
    assert frame.image is not None
    points = frame.image[:, :2] * (frame.width, frame.height)
    return [_plain_angle(*points[triple]) for triple in TRIPLES]


def _plain_angle(a: Floats, b: Floats, c: Floats) -> float:
    one, other = a - b, c - b
    cosine = np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def timed(config: Config) -> Timed:
    """Steps with a full history behind them, each followed by the plain loop."""
    state, times = State(), Timed([], [])
    for frame in frames(FULL_S + TIMED_S):
        began = time.process_time_ns()
        state, _ = step(state, frame, config)
        stepped = time.process_time_ns()
        plain_angles(frame)
        ended = time.process_time_ns()
        if frame.t_s > FULL_S:
            times.step_ms.append((stepped - began) / 1e6)
            times.plain_ms.append((ended - stepped) / 1e6)
    return times


def held_mb(minutes: float) -> float:
    """Memory that a session of so many minutes holds at its end, megabytes."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    state = State()
    for frame in frames(minutes * 60.0):
        state, _ = step(state, frame, Config())
    del frame
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert state.t_s > 0.0
    return held / 1e6


def measure(minutes: float) -> dict[str, float]:
    """All figures."""
    print("timing steps", file=sys.stderr)
    runs = [timed(Config(exercise)) for exercise in ("squat", "unknown")]
    steps = [ms for run in runs for ms in run.step_ms]
    plain = [ms for run in runs for ms in run.plain_ms]
    print(f"holding a session of {minutes:g} minutes", file=sys.stderr)
    return {
        "step_median_ms": float(np.median(steps)),
        "step_p99_ms": float(np.quantile(steps, 0.99)),
        "plain_median_ms": float(np.median(plain)),
        "step_ratio": float(np.median(steps) / np.median(plain)),
        "mb_per_athlete": held_mb(minutes),
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="length of the long session (default 30)")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object")
    arguments = parser.parse_args()
    figures = measure(arguments.minutes)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:20} {value:10.3f}")


if __name__ == "__main__":
    main()
