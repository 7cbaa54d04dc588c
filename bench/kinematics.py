"""One participant's full step through the core, beside a plain loop of three-point angles, in one run.

Both take the same frames of a synthetic athlete in turn, so that a busy machine slows both down; times are processor
time on one core, the best of three, as a step is a pure function and others on the machine only add to it. The exercise
is not given, and a minute's history lies behind every timed step.
`step_median_ms`, `step_p99_ms`: frame in, every measure out, recounts included, over all movements; `step_ratio`: that
median over the plain loop's. `checkpoint_kb`: the largest checkpoint over the movements, as it goes to the bus.
`mb_per_athlete`: memory that one long session of the first movement holds at its end.
By default the movements are those that stress a step in one way each: a lift, a gait, an exercise of both arms that is
fast, idling, and two without a name, of which one goes on for longer than the memory. `--all` takes every movement.
Progress goes to stderr.
"""

import argparse
import gc
import itertools
import json
import math
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from motus.bus.v1 import frame_pb2
from motus_kinematics.core.body import Floats, Frame
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.participant import Participant
from motus_samples.synthetic import MOVEMENTS, Script, record
from truth.athletes import frames_of

SEED = 4
DEFAULT = ("squat", "run", "jumping_jack", "idle", "dance", "knee_raise")
FULL_S = 62.0
"""The history is full."""
TIMED_S = 10.0
CHUNK_ROWS = 60
"""Samples that wait to be stored, at the most, two seconds of them."""
TRIPLES = np.array(
    [(11, 13, 15), (12, 14, 16), (13, 11, 23), (14, 12, 24), (11, 23, 25), (12, 24, 26), (23, 25, 27), (24, 26, 28)]
)
"""Elbows, shoulders, hips and knees: what a plain angle counter computes."""


@dataclass(frozen=True)
class Run:
    """One movement's figures: processor times of the steps and of the plain loop, and the checkpoint at the end."""

    step_ms: list[float]
    plain_ms: list[float]
    checkpoint_kb: float


def endless(movement: str) -> Iterator[Frame]:
    """A synthetic athlete who moves without end: one recording over and over."""
    frames = list(frames_of(record(Script(movement=movement, seed=SEED, reps=8))))
    length_s = frames[-1].t_s - frames[0].t_s + 1.0 / 30.0
    for again in itertools.count():
        for frame in frames:
            yield replace(frame, t_s=frame.t_s + again * length_s)


def until(seconds: float, frames: Iterator[Frame]) -> Iterator[Frame]:
    """The frames before a moment."""
    return itertools.takewhile(lambda frame: frame.t_s < seconds, frames)


def plain_angles(frame: Frame) -> list[float]:
    """Three-point angles of the picture, as plain code computes them; degrees."""
    if frame.image is None:
        return []
    points = frame.image[:, :2] * (frame.width, frame.height)
    return [_plain_angle(*points[triple]) for triple in TRIPLES]


def _plain_angle(a: Floats, b: Floats, c: Floats) -> float:
    one, other = a - b, c - b
    cosine = np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def run(movement: str) -> Run:
    """Fills the history, times steps, each followed by the plain loop, and takes a checkpoint."""
    print(f"{movement:16} fills a history of {FULL_S:g} s", file=sys.stderr)
    participant, times = Participant("p1", "unknown"), Run([], [], 0.0)
    frames = endless(movement)
    for frame in until(FULL_S, frames):
        _take(participant, frame)
    for frame in until(FULL_S + TIMED_S, frames):
        times.step_ms.append(best_ms(partial(step, participant.state, frame, Config(participant.exercise))))
        times.plain_ms.append(best_ms(partial(plain_angles, frame)))
        _take(participant, frame)
    return replace(times, checkpoint_kb=len(participant.checkpoint().SerializeToString()) / 1024.0)


def best_ms(call: Callable[[], object]) -> float:
    """Shortest processor time of a few calls, milliseconds."""
    times = []
    for _ in range(3):
        began = time.process_time_ns()
        call()
        times.append(time.process_time_ns() - began)
    return min(times) / 1e6


def _take(participant: Participant, frame: Frame) -> None:
    """One step, and what is settled waits to be stored."""
    participant.state, outputs = step(participant.state, frame, Config(participant.exercise))
    participant.open_refs.append(frame_pb2.FrameRef(session="bench", t_s=frame.t_s))
    if len(participant.waiting) >= CHUNK_ROWS:
        participant.waiting.clear()
    for sample in outputs.settled:
        participant.settle(sample)


def held_mb(movement: str, minutes: float) -> float:
    """Memory that a session of so many minutes holds at its end, megabytes."""
    frames = endless(movement)
    next(frames)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    state = State()
    for minute in range(1, math.ceil(minutes) + 1):
        for frame in until(min(minute, minutes) * 60.0, frames):
            state, _ = step(state, frame, Config())
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
        print(f"{movement:16} minute {minute}: {held / 1e6:.2f} MB", file=sys.stderr)
    tracemalloc.stop()
    assert state.t_s > 0.0
    return held / 1e6


def measure(movements: list[str], minutes: float) -> dict[str, float]:
    """All figures."""
    runs = []
    for movement in movements:
        runs.append(run(movement))
        (median, p99), kb = np.quantile(runs[-1].step_ms, (0.5, 0.99)), runs[-1].checkpoint_kb
        print(f"{movement:16} {median:6.2f} ms, p99 {p99:6.2f} ms, checkpoint {kb:5.0f} kB", file=sys.stderr)
    steps = [ms for each in runs for ms in each.step_ms]
    plain = [ms for each in runs for ms in each.plain_ms]
    return {
        "step_median_ms": float(np.median(steps)),
        "step_p99_ms": float(np.quantile(steps, 0.99)),
        "plain_median_ms": float(np.median(plain)),
        "step_ratio": float(np.median(steps) / np.median(plain)),
        "mb_per_athlete": held_mb(movements[0], minutes),
        "checkpoint_kb": max(each.checkpoint_kb for each in runs),
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--movements", nargs="+", choices=MOVEMENTS, default=list(DEFAULT), metavar="MOVEMENT")
    parser.add_argument("--all", action="store_true", help="every movement")
    parser.add_argument("--minutes", type=float, default=15.0, help="length of the long session (default 15)")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object")
    arguments = parser.parse_args()
    figures = measure(list(MOVEMENTS) if arguments.all else arguments.movements, arguments.minutes)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:20} {value:10.3f}")


if __name__ == "__main__":
    main()
