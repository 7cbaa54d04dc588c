"""The settled past of the current set: what counting looks back on. Bounded, immutable, cheap to append to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import DIFFERENTIATED, POSITIONS

Floats32 = NDArray[np.float32]

SPAN_S: Final = 60.0
INTERVAL_S: Final = 1.0 / 32.0
"""Rows closer than this are left out: counting needs no more than 30 a second."""
BLOCK_ROWS: Final = 64
WIDTH: Final = 2 * len(POSITIONS) + len(DIFFERENTIATED)
"""Columns of a row: values, expected errors, rates."""


@dataclass(frozen=True)
class History:
    """Rows in blocks, so that an append copies no more than one block.

    Attributes:
        times: One (k,) array per block, ascending.
        rows: One (k, WIDTH) array per block.
    """

    times: tuple[Floats, ...] = ()
    rows: tuple[Floats32, ...] = ()

    @property
    def end_s(self) -> float:
        """Time of the newest row; minus infinity when there is none."""
        return float(self.times[-1][-1]) if self.times else -np.inf


@dataclass(frozen=True)
class Table:
    """A history in one piece.

    Attributes:
        t_s: (n,) ascending.
        values: (n, P) smoothed positions, NaN where unknown.
        sigmas: (n, P) expected errors.
        rates: (n, D) velocities of the differentiated positions.
    """

    t_s: Floats
    values: Floats
    sigmas: Floats
    rates: Floats


def append(history: History, t_s: float, values: Floats, sigmas: Floats, rates: Floats) -> History:
    """The history with one more row, without what is older than SPAN_S; rows that come too soon are left out."""
    if t_s - history.end_s < INTERVAL_S:
        return history
    time, row = np.array([t_s]), np.concatenate((values, sigmas, rates)).astype(np.float32)[None]
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
    """All rows in one piece."""
    if not history.times:
        return Table(
            *(np.zeros((0, *shape)) for shape in ((), (len(POSITIONS),), (len(POSITIONS),), (len(DIFFERENTIATED),)))
        )
    rows = np.concatenate(history.rows).astype(np.float64)
    width = len(POSITIONS)
    return Table(np.concatenate(history.times), rows[:, :width], rows[:, width : 2 * width], rows[:, 2 * width :])
