#!/usr/bin/env python3
"""Fits the standard errors of a repetition's extremes and ranges to synthetic athletes, and prints what
`core/ranges.py` holds as PEAK, LOW_POINT and RANGE.

Even seeds only: odd ones are held out for judging. For each it looks for the two factors with which 80 % of the errors
lie within 1.2816 standard errors, in each quarter of the expected errors and of the wandering as well as in all.
"""

import argparse
import zlib
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.body import POINTS, Frame, empty_frame
from motus_kinematics.core.channels import GRADE_BOUNDS_DEG
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.exercises import EXERCISES
from motus_kinematics.core.history import Table, table
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.core.ranges import EXTREME, EXTREMES, LOW_POINT, PEAK, RANGE, Law
from motus_samples.synthetic import MOVEMENTS, VIEWS, Recording, Script, record
from motus_samples.synthetic.truth import TrueRep

Floats = NDArray[np.float64]
SPREAD_80 = 1.2816
"""Half the width of the interval that holds 80 % of a normal distribution, in standard deviations."""
OF_SIGMA = np.arange(0.3, 1.5, 0.05)
OF_WANDER = np.arange(0.0, 3.5, 0.1)
PRESENT = np.ones(POINTS, dtype=bool)
IN_USE: dict[str, Law] = {"PEAK": PEAK, "LOW_POINT": LOW_POINT, "RANGE": RANGE}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4, help="recordings of each movement from each view")
    parser.add_argument("--noise", default="medium", help="size of the pose model's errors")
    parser.add_argument("--holdout", action="store_true", help="fit nothing: coverage of what is there on odd seeds")
    arguments = parser.parse_args()
    samples: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for script in scripts(arguments.seeds, arguments.noise, odd=arguments.holdout):
        for law, sample in judge(record(script)):
            samples[law].append(sample)
    for law, rows in samples.items():
        sigmas, wanders, errors = np.array(rows).T
        factors = IN_USE[law] if arguments.holdout else fit(sigmas, wanders, errors)
        print(f"{law}: Final[Law] = ({factors[0]:.2f}, {factors[1]:.1f})")
        print_coverage(np.hypot(factors[0] * sigmas, factors[1] * wanders), errors)


def scripts(count: int, noise: str, *, odd: bool) -> Iterator[Script]:
    """Recordings of every movement that has repetitions and a name, from every view, three repetitions each."""
    for movement in (name for name in MOVEMENTS if name in EXERCISES):
        for view in VIEWS:
            for number in range(count):
                seed = 2 * (zlib.crc32(f"{movement} {view} {number}".encode()) % 100_000) + int(odd)
                yield Script(movement, seed, view, noise, reps=3)  # type: ignore[arg-type]


def judge(recording: Recording) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """By law, the usual standard error, how far the angle wandered, and the size of the true error."""
    past, exercise = settled(recording), EXERCISES[recording.truth.exercise]
    for rep in recording.truth.reps:
        rows = CycleRows(past, cycle_of(rep), exercise)
        inside = (recording.t_s >= rep.start_s) & (recording.t_s <= rep.end_s)
        for _, channel, share in EXTREMES:
            if rows.missing("", channel):
                continue
            true, steady = recording.truth.channels[channel][inside], rows.steady(channel)
            low, high = np.quantile(steady.values, (1.0 - EXTREME, EXTREME))
            spread = rows.sigma(channel), steady.wander
            if share < 0.5:
                yield "LOW_POINT", (*spread, abs(low - true.min()))
                continue
            yield "PEAK", (*spread, abs(high - true.max()))
            yield "RANGE", (*spread, abs(high - low - np.ptp(true)))


def settled(recording: Recording) -> Table:
    """The past that the core keeps of a recording."""
    state = State()
    for i, t_s in enumerate(recording.t_s.tolist()):
        size = recording.width, recording.height
        seen = recording.image[i], recording.world[i], recording.visibility[i], PRESENT
        frame = Frame(t_s, *size, *seen) if recording.found[i] else empty_frame(t_s, *size)
        state, _ = step(state, frame, Config(recording.truth.exercise))
    return table(state.review.history)


def cycle_of(rep: TrueRep) -> Cycle:
    """A true repetition as if it had been counted."""
    return Cycle(rep.start_s, rep.turn_s, rep.end_s, rep.side or "", 1.0, 1.0, upside_down=False, complete=True)


def fit(sigmas: Floats, wanders: Floats, errors: Floats) -> Law:
    """The factors that cover best."""
    shares = wanders / sigmas
    quarters = [part for by in (sigmas, shares) for part in np.array_split(np.argsort(by), 4)]

    def loss(of_sigma: float, of_wander: float) -> float:
        covered = errors <= SPREAD_80 * np.hypot(of_sigma * sigmas, of_wander * wanders)
        parts = [covered.mean()] * 4 + [covered[quarter].mean() for quarter in quarters]
        return float(sum((part - 0.81) ** 2 for part in parts))

    factors = ((float(sigma), float(wander)) for sigma in OF_SIGMA for wander in OF_WANDER)
    return min(factors, key=lambda pair: loss(*pair))


def print_coverage(sigmas: Floats, errors: Floats) -> None:
    """Share of errors within the 80 % interval, in all and by grade."""
    covered, grades = errors <= SPREAD_80 * sigmas, np.searchsorted(GRADE_BOUNDS_DEG, sigmas, side="right")
    of = [f"{name} {covered[grades == i].mean():.2f}" for i, name in enumerate(("high", "medium", "low", "none"))]
    print(f"    mean error {errors.mean():.1f}, covered {covered.mean():.2f}: {', '.join(of)}")


if __name__ == "__main__":
    main()
