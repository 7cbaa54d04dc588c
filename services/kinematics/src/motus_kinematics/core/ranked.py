"""Quantiles, where those of numpy spend most of their time on checks and choices."""

from __future__ import annotations

import numpy as np

from motus_kinematics.core.body import Floats


def median(values: Floats) -> float:
    """Median of one or more values without NaN."""
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    ranked = np.partition(values, (middle - 1, middle))
    return float(ranked[middle - 1] + ranked[middle]) / 2.0


def quantile(ranked: Floats, share: float) -> float:
    """A quantile of values in ascending order, linear between two of them; NaN of nothing."""
    last = len(ranked) - 1
    if last < 1:
        return float(ranked[0]) if last == 0 else np.nan
    at = share * last
    below = min(int(at), last - 1)
    return float(ranked[below] + (at - below) * (ranked[below + 1] - ranked[below]))


class Ranked:
    """The columns of a table, each put in order once: `np.nanquantile` does that anew for every column and call.

    Args:
        table: (n, C) values, NaN where unknown.
    """

    def __init__(self, table: Floats) -> None:
        self._ranked = np.sort(table, axis=0)
        self._known = np.isfinite(table).sum(axis=0).tolist()

    def known(self, column: int) -> int:
        """How many values of a column are known."""
        return int(self._known[column])

    def quantile(self, column: int, share: float) -> float:
        """A quantile of the known values of a column, linear between two of them; NaN when none is known."""
        return quantile(self._ranked[: self._known[column], column], share)
