"""Courses over time that a draw fixes and any frame's time reads: sway, steps between levels, half repetitions."""

from collections.abc import Callable

import numpy as np

from motus_samples.body import Array
from motus_samples.timing import min_jerk

Course = Callable[[Array], Array]
"""A quantity as a function of time, (frames,) seconds to (frames,)."""

GRID = np.linspace(0.0, 1.0, 65)


def waves(rng: np.random.Generator, low_hz: float, high_hz: float, size: float) -> Course:
    """Return a smooth random course of standard deviation `size` whose power lies between two frequencies."""
    turns = 2 * np.pi * rng.uniform(low_hz, high_hz, 4)
    starts = rng.uniform(0, 2 * np.pi, 4)
    return lambda t_s: np.asarray(size * np.sin(t_s[:, None] * turns + starts).sum(axis=-1) / np.sqrt(2.0))


def steps(rng: np.random.Generator, until_s: float, every_s: tuple[float, float], size: float) -> Course:
    """Return a course that goes from level to level by minimum jerk and dwells there: weight shifts, fidgets.

    Args:
        rng: Source of the levels and times.
        until_s: The course stays where it is from here on.
        every_s: Shortest and longest time between changes.
        size: Standard deviation of the levels.
    """
    times = np.cumsum(rng.uniform(*every_s, 2 + int(until_s / every_s[0])))
    lasts = np.minimum(rng.uniform(0.5, 1.2, len(times)), 0.9 * every_s[0])
    levels = rng.normal(0, size, len(times) + 1)
    knots = np.stack([times, times + lasts], axis=-1).ravel()
    held = np.repeat(levels, 2)[1:-1]
    return lambda t_s: keyed(t_s, knots, held)


def keyed(t_s: Array, times: Array, levels: Array) -> Array:
    """Return the minimum-jerk course through `levels` at `times`, constant outside of them."""
    index = np.clip(np.searchsorted(times, t_s, side="right") - 1, 0, len(times) - 2)
    share = (t_s - times[index]) / (times[index + 1] - times[index])
    return np.asarray(levels[index] + (levels[index + 1] - levels[index]) * min_jerk(share))


def sticking(share: Array, dip: float, centre: float) -> Array:
    """Return a minimum-jerk course from 0 to 1 whose speed dips by a share about the `centre` of its time."""
    speed = GRID**2 * (1 - GRID) ** 2 * (1 - dip * np.exp(-(((GRID - centre) / 0.08) ** 2)))
    way = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    return np.asarray(np.interp(share, GRID, way / way[-1]))
