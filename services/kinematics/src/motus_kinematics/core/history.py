"""The settled past of the current set: what counting looks back on. Bounded, immutable, cheap to append to.

A row is kept as 16-bit codes far finer than what a camera sees: with the 84 columns of 33 positions and 9 velocities,
60 s take 320 kB in memory and about 60 kB in a checkpoint, which holds exactly what counting goes on from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import DIFFERENTIATED, INDEX, POSITIONS

Codes16 = NDArray[np.int16]

SPAN_S: Final = 60.0
CUT_S: Final = 1.0
"""A past that is shorter by this than it may be has not been cut."""
INTERVAL_S: Final = 1.0 / 32.0
"""Rows closer than this are left out: counting needs no more than 30 a second."""
BLOCK_ROWS: Final = 64
STEP_DEG, STEP_RATIO, STEP_DEG_S, STEP_RATE_SIGMA = 0.05, 0.001, 0.5, 4.0
SIGMA_STEP_DEG, SIGMA_STEP_RATIO = 0.25, 0.0025
UNKNOWN_CODE: Final = np.iinfo(np.int16).min
LARGEST_CODE: Final = np.iinfo(np.int16).max
_RATE_INDEX: Final = {name: i for i, name in enumerate(DIFFERENTIATED)}
_POSITION_STEPS: Final = [STEP_DEG if name.endswith("_deg") else STEP_RATIO for name in POSITIONS]
_SIGMA_STEPS: Final = [SIGMA_STEP_DEG if name.endswith("_deg") else SIGMA_STEP_RATIO for name in POSITIONS]
_RATE_STEPS: Final = [step for step in (STEP_DEG_S, STEP_RATE_SIGMA) for _ in DIFFERENTIATED]
STEPS: Final = np.array([*_POSITION_STEPS, *_SIGMA_STEPS, *_RATE_STEPS])
"""(WIDTH,) unit of each column's codes: values, expected errors, velocities and theirs."""
WIDTH: Final = len(STEPS)


@dataclass(frozen=True)
class History:
    """Rows in blocks, so that an append copies no more than one block.

    Attributes:
        times: One (k,) array per block, ascending.
        rows: One (k, WIDTH) array of codes per block.
    """

    times: tuple[Floats, ...] = ()
    rows: tuple[Codes16, ...] = ()

    @property
    def start_s(self) -> float:
        """Time of the oldest row; infinity when there is none."""
        return float(self.times[0][0]) if self.times else np.inf

    @property
    def end_s(self) -> float:
        """Time of the newest row; minus infinity when there is none."""
        return float(self.times[-1][-1]) if self.times else -np.inf


@dataclass(frozen=True)
class Table:
    """A history in one piece; columns are decoded when they are asked for.

    Attributes:
        t_s: (n,) ascending.
        codes: (n, WIDTH).
    """

    t_s: Floats
    codes: Codes16

    @property
    def cut(self) -> bool:
        """Whether it is so long that what was before it has been forgotten."""
        return bool(len(self.t_s) and self.t_s[-1] - self.t_s[0] > SPAN_S - CUT_S)

    def value(self, channel: str) -> Floats:
        """(n,) smoothed values of a position, NaN where unknown."""
        return _decode(self.codes, INDEX[channel])

    def sigma(self, channel: str) -> Floats:
        """(n,) expected errors of a position, NaN where unknown."""
        return _decode(self.codes, len(POSITIONS) + INDEX[channel])

    def rate(self, channel: str) -> Floats:
        """(n,) velocities of a differentiated position, NaN where unknown."""
        return _decode(self.codes, 2 * len(POSITIONS) + _RATE_INDEX[channel])

    def rate_sigma(self, channel: str) -> Floats:
        """(n,) expected errors of a velocity, NaN where unknown."""
        return _decode(self.codes, 2 * len(POSITIONS) + len(DIFFERENTIATED) + _RATE_INDEX[channel])

    def between(self, start_s: float, end_s: float) -> Table:
        """The rows from one moment to another, both included."""
        rows = slice(int(np.searchsorted(self.t_s, start_s)), int(np.searchsorted(self.t_s, end_s, side="right")))
        return Table(self.t_s[rows], self.codes[rows])

    @cached_property
    def values(self) -> Floats:
        """(n, P) smoothed positions, NaN where unknown."""
        return _decode(self.codes, slice(0, len(POSITIONS)))

    @cached_property
    def sigmas(self) -> Floats:
        """(n, P) expected errors, NaN where unknown."""
        return _decode(self.codes, slice(len(POSITIONS), 2 * len(POSITIONS)))

    @cached_property
    def rates(self) -> Floats:
        """(n, D) velocities of the differentiated positions, NaN where unknown."""
        return _decode(self.codes, slice(2 * len(POSITIONS), 2 * len(POSITIONS) + len(DIFFERENTIATED)))

    @cached_property
    def rate_sigmas(self) -> Floats:
        """(n, D) their expected errors, NaN where unknown."""
        return _decode(self.codes, slice(2 * len(POSITIONS) + len(DIFFERENTIATED), WIDTH))


def append(history: History, t_s: float, *columns: Floats) -> History:
    """The history with one more row, without blocks older than SPAN_S; rows that come too soon are left out.

    Args:
        history: The past.
        t_s: The moment.
        columns: Values, expected errors, velocities and theirs.
    """
    if t_s - history.end_s < INTERVAL_S:
        return history
    time, row = np.array([t_s]), _encode(np.concatenate(columns))[None]
    times, rows = history.times, history.rows
    if times and len(times[-1]) < BLOCK_ROWS:
        times = (*times[:-1], np.concatenate((times[-1], time)))
        rows = (*rows[:-1], np.concatenate((rows[-1], row)))
    else:
        times, rows = (*times, time), (*rows, row)
    while times and times[0][-1] < t_s - SPAN_S:
        times, rows = times[1:], rows[1:]
    return History(times, rows)


def forget_before(history: History, t_s: float) -> History:
    """The history without the rows before a moment."""
    kept = [(times >= t_s) for times in history.times]
    pairs = [(t[k], r[k]) for t, r, k in zip(history.times, history.rows, kept, strict=True) if k.any()]
    return History(tuple(t for t, _ in pairs), tuple(r for _, r in pairs))


def table(history: History) -> Table:
    """The rows of the last SPAN_S in one piece."""
    if not history.times:
        return Table(np.zeros(0), np.zeros((0, WIDTH), np.int16))
    t_s, codes = np.concatenate(history.times), np.concatenate(history.rows)
    first = int(np.searchsorted(t_s, t_s[-1] - SPAN_S))
    return Table(t_s[first:], codes[first:])


def _encode(row: Floats) -> Codes16:
    """Codes of a row; what is out of range keeps the nearest code."""
    codes = np.where(
        np.isfinite(row), np.minimum(np.maximum(np.rint(row / STEPS), -LARGEST_CODE), LARGEST_CODE), UNKNOWN_CODE
    )
    return codes.astype(np.int16)


def _decode(codes: Codes16, columns: int | slice) -> Floats:
    """The columns' values, NaN where unknown."""
    part = codes[:, columns]
    values: Floats = np.where(part == UNKNOWN_CODE, np.nan, part * STEPS[columns])
    return values
