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
    return _zigzag(signal, _local_extremes(signal), hysteresis)


def coarser(signal: Floats, pivots: tuple[Pivot, ...], hysteresis: float) -> tuple[Pivot, ...]:
    """Zig-zag of a signal whose turning points at a smaller hysteresis are known: equal to a new one, and cheap."""
    if not pivots:
        return ()
    return _zigzag(signal, sorted({0, *(pivot.row for pivot in pivots), len(signal) - 1}), hysteresis)


def _zigzag(signal: Floats, rows: list[int], hysteresis: float) -> tuple[Pivot, ...]:
    """Zig-zag over the rows that may be turning points."""
    pivots: list[Pivot] = []
    rising: bool | None = None
    heights = signal[rows].tolist()
    low = high = rows[0] if rows else 0
    lowest = highest = heights[0] if rows else 0.0
    for row, height in zip(rows, heights, strict=True):
        if rising is not False and height > highest:
            high, highest = row, height
        if rising is not True and height < lowest:
            low, lowest = row, height
        if rising is not False and highest - height >= hysteresis and high < row:
            pivots.append(Pivot(high, True))
            rising, low, lowest = False, row, height
        elif rising is not True and height - lowest >= hysteresis and low < row:
            pivots.append(Pivot(low, False))
            rising, high, highest = True, row, height
    if rising is not None:
        pivots.append(Pivot(high, True) if rising else Pivot(low, False))
    return tuple(pivots)


def _local_extremes(signal: Floats) -> list[int]:
    """Rows at which the signal turns, and both ends: all that a zig-zag needs to look at."""
    if len(signal) < 3:
        return list(range(len(signal)))
    step = np.sign(np.diff(signal))
    turns = np.flatnonzero(step[1:] != step[:-1]) + 1
    return [0, *turns.tolist(), len(signal) - 1]
