"""Turning points of a signal: alternating extremes that are further apart than a hysteresis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motus_kinematics.core.body import Floats


@dataclass(frozen=True)
class Pivot:
    """A turning point: row index, and whether the signal is high there. The last one of a signal may still move."""

    row: int
    high: bool


def turning_points(signal: Floats, hysteresis: float) -> tuple[Pivot, ...]:
    """Zig-zag of a signal.

    Args:
        signal: (n,) without NaN.
        hysteresis: Smallest distance between a high and the next low, in the signal's unit.

    Returns:
        Alternating pivots; the first is the extreme before the first big swing, the last the newest extreme.
    """
    rows = _local_extremes(signal)
    pivots: list[Pivot] = []
    low = high = rows[0] if len(rows) else 0
    rising: bool | None = None
    for row in rows:
        if rising is not False and signal[row] > signal[high]:
            high = row
        if rising is not True and signal[row] < signal[low]:
            low = row
        if rising is not False and signal[high] - signal[row] >= hysteresis and high < row:
            pivots.append(Pivot(int(high), True))
            rising, low = False, row
        elif rising is not True and signal[row] - signal[low] >= hysteresis and low < row:
            pivots.append(Pivot(int(low), False))
            rising, high = True, row
    if rising is not None:
        pivots.append(Pivot(int(high), True) if rising else Pivot(int(low), False))
    return tuple(pivots)


def _local_extremes(signal: Floats) -> list[int]:
    """Rows at which the signal turns, and both ends: all that a zig-zag needs to look at."""
    if len(signal) < 3:
        return list(range(len(signal)))
    step = np.sign(np.diff(signal))
    turns = np.flatnonzero(step[1:] != step[:-1]) + 1
    return [0, *turns.tolist(), len(signal) - 1]
