#!/usr/bin/env python3
"""Fits the standard errors of the angles to synthetic athletes, and prints what `core/errors.py` holds as CALIBRATION.

Even seeds only: odd ones are held out for judging. For each measure it looks for the floor and the factor with which
80 % of the errors lie within 1.2816 standard errors, in each quarter of the expected errors as well as in all.
"""

import argparse
import zlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.angles import measure
from motus_kinematics.core.body import POINTS, Frame
from motus_kinematics.core.channels import GRADE_BOUNDS_DEG, POSITIONS
from motus_kinematics.core.errors import CALIBRATION
from motus_samples.synthetic import MOVEMENTS, VIEWS, Recording, Script, record

Floats = NDArray[np.float64]
SPREAD_80 = 1.2816
"""Half the width of the interval that holds 80 % of a normal distribution, in standard deviations."""
FLOORS = np.concatenate(([0.0], np.geomspace(0.5, 16.0, 24)))
FACTORS = np.geomspace(0.1, 4.0, 48)
EVERY = 3
"""Frames between those that are judged: neighbours tell little more."""
PRESENT = np.ones(POINTS, dtype=bool)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2, help="recordings of each movement from each view")
    parser.add_argument("--noise", default="medium", help="size of the pose model's errors")
    parser.add_argument("--holdout", action="store_true", help="fit nothing: coverage of what is there on odd seeds")
    arguments = parser.parse_args()
    samples: dict[str, list[Floats]] = defaultdict(list)
    for script in scripts(arguments.seeds, arguments.noise, odd=arguments.holdout):
        for name, pairs in judge(record(script)):
            samples[name].append(pairs)
    pooled = {name: np.concatenate(parts) for name, parts in samples.items()}
    if arguments.holdout:
        print_coverage(pooled)
        return
    fitted = {name: fit(*raw(name, pairs)) for name, pairs in pooled.items()}
    for name, (floor, factor) in fitted.items():
        print(f'    "{name}": ({floor:.1f}, {factor:.2f}),')
    print_coverage({name: refitted(name, pairs, *fitted[name]) for name, pairs in pooled.items()})


def scripts(count: int, noise: str, *, odd: bool) -> Iterator[Script]:
    """Recordings of every movement from every view, two repetitions each at a low frame rate."""
    for movement in MOVEMENTS:
        for view in VIEWS:
            for number in range(count):
                seed = 2 * (zlib.crc32(f"{movement} {view} {number}".encode()) % 100_000) + int(odd)
                yield Script(movement, seed, view, noise, reps=2, seconds=6.0, fps=15.0)  # type: ignore[arg-type]


def judge(recording: Recording) -> Iterator[tuple[str, Floats]]:
    """By measure, (n, 2) standard errors and the sizes of the true errors, where both are there."""
    stance, rows, readings = None, [], []
    for row in np.flatnonzero(recording.found):
        frame = Frame(
            float(recording.t_s[row]),
            recording.width,
            recording.height,
            recording.image[row],
            recording.world[row],
            recording.visibility[row],
            PRESENT,
        )
        reading, stance = measure(frame, stance)
        rows.append(row)
        readings.append(reading)
    kept = slice(None, None, EVERY)
    values = np.array([reading.values for reading in readings[kept]])
    sigmas = np.array([reading.sigmas for reading in readings[kept]])
    for column, channel in enumerate(POSITIONS):
        name = channel.replace("_left", "").replace("_right", "")
        if name in CALIBRATION and channel in recording.truth.channels:
            off = values[:, column] - recording.truth.channels[channel][rows[kept]]
            pairs = np.stack((sigmas[:, column], np.abs((off + 180.0) % 360.0 - 180.0)), axis=1)
            yield name, pairs[np.isfinite(pairs).all(axis=1)]


def raw(name: str, pairs: Floats) -> tuple[Floats, Floats]:
    """Standard errors before the calibration that is in use, and the true errors."""
    floor, factor = CALIBRATION[name]
    return np.sqrt(np.maximum(pairs[:, 0] ** 2 - floor**2, 0.0)) / factor, pairs[:, 1]


def refitted(name: str, pairs: Floats, floor: float, factor: float) -> Floats:
    """The pairs with standard errors by another calibration."""
    sigmas, errors = raw(name, pairs)
    return np.stack((np.hypot(floor, factor * sigmas), errors), axis=1)


def fit(sigmas: Floats, errors: Floats) -> tuple[float, float]:
    """The floor and the factor that cover best."""
    quarters = np.array_split(np.argsort(sigmas), 4)

    def loss(floor: float, factor: float) -> float:
        covered = errors <= SPREAD_80 * np.hypot(floor, factor * sigmas)
        shares = [covered.mean()] * 4 + [covered[quarter].mean() for quarter in quarters]
        return float(sum((share - 0.81) ** 2 for share in shares))

    return min(((floor, factor) for floor in FLOORS for factor in FACTORS), key=lambda pair: loss(*pair))


def print_coverage(pooled: dict[str, Floats]) -> None:
    """Share of errors within the 80 % interval, by measure and by grade."""
    bounds = (0.0, *GRADE_BOUNDS_DEG.tolist())
    for name, pairs in {**pooled, "all": np.concatenate(list(pooled.values()))}.items():
        sigmas, errors = pairs.T
        inside = errors <= SPREAD_80 * sigmas
        grades = [(sigmas >= low) & (sigmas < high) for low, high in pairwise(bounds)]
        shares = [f"{inside[grade].mean():7.2f} of {grade.sum():6}" if grade.any() else " " * 17 for grade in grades]
        shown = sigmas < bounds[-1]
        print(f"{name:24} mean error {errors[shown].mean():5.1f}  high{shares[0]}  medium{shares[1]}  low{shares[2]}")


if __name__ == "__main__":
    main()
