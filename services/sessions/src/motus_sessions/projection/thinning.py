"""Fewer rows for a screen, with every peak still there."""

import numpy as np
from numpy.typing import NDArray

from motus_sessions.projection.table import Table


def thin(table: Table, max_points: int) -> Table:
    """At most `max_points` rows; each bucket of rows becomes two that hold each column's lowest and highest value.

    The two stand at the bucket's first and last time, in the order in which the extremes occurred, so a value lies off
    its own time by less than a bucket. A column is absent where it is absent in the whole bucket.

    Args:
        table: the rows.
        max_points: 2 or more.
    """
    if len(table) <= max_points:
        return table
    edges = np.linspace(0, len(table), max_points // 2 + 1).astype(np.intp)
    starts = edges[:-1]
    bucket = np.repeat(np.arange(len(starts)), np.diff(edges))
    absent = table.absences != 0
    low = _extreme(np.where(absent, np.inf, table.values), starts, bucket, np.minimum)
    high = _extreme(np.where(absent, -np.inf, table.values), starts, bucket, np.maximum)
    column = np.arange(len(table.names))
    picked = np.empty((2 * len(starts), len(table.names)), np.intp)
    picked[0::2], picked[1::2] = np.minimum(low, high), np.maximum(low, high)
    times = np.empty(2 * len(starts), np.int64)
    times[0::2], times[1::2] = table.t_us[starts], table.t_us[edges[1:] - 1]
    return Table(times, table.names, table.values[picked, column], table.absences[picked, column], table.grades)


def _extreme(
    values: NDArray[np.float64], starts: NDArray[np.intp], bucket: NDArray[np.intp], ufunc: np.ufunc
) -> NDArray[np.intp]:
    """Row of the first extreme value, by bucket and column."""
    best = ufunc.reduceat(values, starts, axis=0)
    row = np.where(values == best[bucket], np.arange(len(values))[:, None], len(values))
    first: NDArray[np.intp] = np.minimum.reduceat(row, starts, axis=0)
    return first
