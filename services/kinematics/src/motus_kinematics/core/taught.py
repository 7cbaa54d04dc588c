"""Movements that an athlete teaches by two or three repetitions: recognised by likeness to the mean of those.

A repetition is kept as a cycle: every channel at evenly spaced moments from its start to its end. A template is the
mean of the cycles shown. How far another cycle is from it is told as a share of the template's own size, after
dynamic time warping (Sakoe and Chiba 1978): 0 is the same movement, 1 is as far as not moving at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import INDEX, INTERNAL, POSITIONS
from motus_kinematics.core.composite import GUESSED_RATIO, VAGUE_DEG
from motus_kinematics.core.features import bridged
from motus_kinematics.core.history import Table
from motus_kinematics.core.vectors import TINY

Halves: TypeAlias = NDArray[np.float16]

PREFIX: Final = "taught/"
MOVEMENT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
CHANNELS: Final = tuple(name for name in POSITIONS if name not in INTERNAL)
POINTS: Final = 32
FEWEST_SHOWN, MOST_SHOWN = 2, 3
MOST_TAUGHT: Final = 8
BAND: Final = 4
"""How many points of a cycle a moment may come early or late."""
STATIC_WEIGHT: Final = 0.1
"""Weight of a channel that does not move, of the one that moves most: posture counts a little."""
MIN_SIZE: Final = 1.5
SEEN_WEIGHT: Final = 0.6
TOLERANCE: Final = (0.3, 0.45)
SLACK: Final = 3.0
"""Cycles may be so many times as far from the template as the farthest of those shown."""
TEMPI: Final = np.geomspace(0.6, 1.7, 7)
LATELY: Final = 1.5
"""A cycle that ended within so many times its length is the movement that goes on."""
END_STEP: Final = 0.08
"""Of the length: steps between the ends that are tried."""
COARSE_POINTS, COARSE_CHANNELS = 16, 6
MARGIN_S: Final = 0.1

_COLUMNS: Final = np.array([INDEX[name] for name in CHANNELS])
_IN_DEGREES: Final = np.array([name.endswith("_deg") for name in CHANNELS])
_GUESSED: Final = np.where(_IN_DEGREES, VAGUE_DEG, GUESSED_RATIO)
UNIT: Final = np.where(_IN_DEGREES, 10.0, 0.12)
"""(C,) what is surely told from noise in each channel."""


class TeachError(ValueError):
    """The repetitions cannot teach a movement; the text says why."""


@dataclass(frozen=True)
class Shown:
    """One repetition as it was done.

    Attributes:
        ordinal: Number of the repetition.
        duration_s: How long it took.
        curves: (POINTS, C) values of CHANNELS from its start to its end; NaN all along for a channel that was not seen.
    """

    ordinal: int
    duration_s: float
    curves: Halves


@dataclass(frozen=True)
class Template:
    """A movement as it was taught.

    Attributes:
        movement: Its id.
        duration_s: Usual length of a repetition.
        curves: (POINTS, C) mean of the cycles shown; NaN all along for a channel that was not seen in all of them.
        tolerance: How far a cycle may be from it.
    """

    movement: str
    duration_s: float
    curves: Halves
    tolerance: float

    @property
    def name(self) -> str:
        """What it is recognised as."""
        return PREFIX + self.movement

    @property
    def values(self) -> Floats:
        """(POINTS, C) the curves in full precision."""
        return self.curves.astype(np.float64)


def show(past: Table, ordinal: int, start_s: float, end_s: float) -> Shown:
    """Keeps a repetition that lies in a past."""
    curves = _sampled(past, np.linspace(start_s, end_s, POINTS)).astype(np.float16)
    return Shown(ordinal, end_s - start_s, curves)


def teach(shown: Sequence[Shown], reps: Collection[int], movement: str) -> Template:
    """The template of a movement.

    Args:
        shown: The repetitions that are kept.
        reps: Numbers of the two or three that show the movement.
        movement: Id of the movement.

    Raises:
        TeachError: what is asked for cannot be taught.
    """
    chosen = [each for each in shown if each.ordinal in reps]
    if not MOVEMENT.fullmatch(movement):
        raise TeachError("A movement's id is of lower-case letters, digits, _ and -.")
    if len(chosen) < len(set(reps)):
        raise TeachError("Only the latest repetitions can teach a movement.")
    if not FEWEST_SHOWN <= len(chosen) <= MOST_SHOWN:
        raise TeachError("A movement is taught by two or three repetitions.")
    duration_s = float(np.median([each.duration_s for each in chosen]))
    cycles = [each.curves.astype(np.float64) for each in chosen]
    template = Template(movement, duration_s, np.mean(cycles, axis=0).astype(np.float16), np.inf)
    if not _size(template.values) >= MIN_SIZE:
        raise TeachError("The repetitions hardly move.")
    apart = SLACK * max(distance(template, cycle) for cycle in cycles)
    if not apart <= 2.0 * TOLERANCE[1]:
        raise TeachError("The repetitions differ too much from each other.")
    return replace(template, tolerance=float(np.clip(apart, *TOLERANCE)))


def together(known: tuple[Template, ...], learnt: tuple[Template, ...]) -> tuple[Template, ...]:
    """All templates: a later one replaces an earlier one of the same movement, or the oldest of too many."""
    again = {each.movement for each in learnt}
    return (*(each for each in known if each.movement not in again), *learnt)[-MOST_TAUGHT:]


def recognise(templates: Sequence[Template], past: Table) -> tuple[Template, float] | None:
    """The taught movement that goes on and how far it is from its template; None when none is near enough."""
    found = [(template, nearest(template, past)) for template in templates]
    near = [(template, apart) for template, apart in found if apart <= template.tolerance]
    return min(near, key=lambda pair: pair[1], default=None)


def nearest(template: Template, past: Table) -> float:
    """Distance of the likest cycle that ended lately, at any tempo; infinite when none was seen.

    All are looked at coarsely, by the channels that move most, and the likest one in full.
    """
    lengths = template.duration_s * TEMPI
    ends = past.t_s[-1] - np.arange(0.0, LATELY, END_STEP) * template.duration_s
    spans = np.array([(end - length, end) for end in ends for length in lengths if end - length >= past.t_s[0]])
    weights = weights_of(template.values)
    leading = np.argsort(-weights)[:COARSE_CHANNELS]
    if not len(spans):
        return np.inf
    moments = np.linspace(spans[:, 0], spans[:, 1], COARSE_POINTS, axis=1)
    known = _sampled(past, moments.ravel(), leading).reshape(*moments.shape, -1)
    rows = np.linspace(0, POINTS - 1, COARSE_POINTS).round().astype(np.intp)
    errors = (known - template.values[np.ix_(rows, leading)]) / UNIT[leading]
    apart = (np.nan_to_num(errors**2) * weights[leading]).sum(axis=(1, 2))
    start_s, end_s = spans[int(np.argmin(apart))]
    return distance(template, _sampled(past, np.linspace(start_s, end_s, POINTS)))


def distance(template: Template, cycle: Floats) -> float:
    """How far a cycle is from a template, by the template's own size; infinite when too little of it is seen."""
    weights = weights_of(template.values) * np.isfinite(cycle).all(axis=0)
    if weights.sum() < SEEN_WEIGHT:
        return np.inf
    scale = np.sqrt(weights / weights.sum()) / UNIT
    return float(np.sqrt(_warped(*(np.nan_to_num(each) * scale for each in (template.values, cycle))))) / _size(
        template.values
    )


def _warped(a: Floats, b: Floats) -> float:
    """Mean squared distance of two curves along the path that brings them together best, within the band."""
    costs = cdist(a, b, "sqeuclidean").tolist()
    before = [0.0, *[np.inf] * POINTS]
    for i in range(POINTS):
        row = [np.inf] * (POINTS + 1)
        for j in range(max(0, i - BAND), min(POINTS, i + BAND + 1)):
            cost = costs[i][j]
            row[j + 1] = min(before[j] + 2.0 * cost, before[j + 1] + cost, row[j] + cost)
        before = row
    return before[POINTS] / (2.0 * POINTS)


def weights_of(values: Floats) -> Floats:
    """(C,) weights of the channels, 1 in all: by how far they move; 0 for those that are not known."""
    moved = np.nan_to_num(np.ptp(values, axis=0) / UNIT)
    weights: Floats = np.where(np.isfinite(values).all(axis=0), np.maximum(moved, STATIC_WEIGHT * moved.max()), 0.0)
    normed: Floats = weights / max(float(weights.sum()), TINY)
    return normed


def _size(values: Floats) -> float:
    """How far a cycle is from not moving at all, in units of what is surely told from noise."""
    return float(np.sqrt(weights_of(values) @ np.nan_to_num(np.var(values / UNIT, axis=0))))


def _sampled(past: Table, moments: Floats, channels: NDArray[np.intp] | None = None) -> Floats:
    """(n, C) the channels at moments; NaN all along for those that were hardly seen around them."""
    chosen = np.arange(len(CHANNELS)) if channels is None else channels
    rows = past.between(float(moments.min()) - MARGIN_S, float(moments.max()) + MARGIN_S)
    if not len(rows.t_s):
        return np.full((len(moments), len(chosen)), np.nan)
    columns = _COLUMNS[chosen]
    values = bridged(rows.t_s, rows.values[:, columns], rows.sigmas[:, columns] < _GUESSED[chosen])
    return np.stack([np.interp(moments, rows.t_s, column) for column in values.T], axis=1)
