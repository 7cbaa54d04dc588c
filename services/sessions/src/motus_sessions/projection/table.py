"""Columns over a common time axis: the form in which samples and landmarks are kept, merged and thinned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOT_PROVIDED = 5
"""Code of an absence: nobody provided the column at this row."""


@dataclass(frozen=True, eq=False)
class Table:
    """Columns over time.

    Attributes:
        t_us: shape (rows,), int64, microseconds on the source's clock, ascending.
        names: one per column.
        values: shape (rows, columns), float32, 0 where absent; units are those of the names.
        absences: shape (rows, columns), uint8: 0 where there is a value, else the reason's code.
        grades: one per column, 0 when not graded, a higher one is worse.
    """

    t_us: NDArray[np.int64]
    names: tuple[str, ...]
    values: NDArray[np.float32]
    absences: NDArray[np.uint8]
    grades: tuple[int, ...]

    def __post_init__(self) -> None:
        shape = (len(self.t_us), len(self.names))
        if self.values.shape != shape or self.absences.shape != shape or len(self.grades) != shape[1]:
            raise ValueError(f"columns do not fit together: {self.values.shape}, {self.absences.shape}, {shape}")

    def __len__(self) -> int:
        return len(self.t_us)

    def rows(self, chosen: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Table":
        """Some of its rows."""
        return Table(self.t_us[chosen], self.names, self.values[chosen], self.absences[chosen], self.grades)

    def between(self, start_us: int | None, end_us: int | None) -> "Table":
        """The rows from `start_us` on, up to and without `end_us`."""
        first = 0 if start_us is None else int(np.searchsorted(self.t_us, start_us))
        last = len(self) if end_us is None else int(np.searchsorted(self.t_us, end_us))
        return self.rows(slice(first, last))

    def columns(self, names: Sequence[str]) -> "Table":
        """The named columns in that order; one that it does not have is absent in every row."""
        if tuple(names) == self.names:
            return self
        place = {name: index for index, name in enumerate(self.names)}
        values = np.zeros((len(self), len(names)), np.float32)
        absences = np.full((len(self), len(names)), NOT_PROVIDED, np.uint8)
        there = [(to, place[name]) for to, name in enumerate(names) if name in place]
        to, source = [pair[0] for pair in there], [pair[1] for pair in there]
        values[:, to], absences[:, to] = self.values[:, source], self.absences[:, source]
        grades = tuple(self.grades[place[name]] if name in place else 0 for name in names)
        return Table(self.t_us, tuple(names), values, absences, grades)


def empty(names: Sequence[str]) -> Table:
    """A table without rows."""
    none = np.zeros((0, len(names)))
    return Table(np.zeros(0, np.int64), tuple(names), none.astype(np.float32), none.astype(np.uint8), (0,) * len(names))


def merge(tables: Sequence[Table]) -> Table:
    """One table of all rows in order of time.

    Of rows with the same time the last table's stays, so that a piece that came twice counts once. A column's grade is
    the worst of its parts.
    """
    names = tuple(dict.fromkeys(name for table in tables for name in table.names))
    if not tables:
        return empty(names)
    parts = [table.columns(names) for table in tables]
    t_us = np.concatenate([part.t_us for part in parts])
    # A stable sort keeps the order of the tables, and of equal times the last is chosen.
    order = np.argsort(t_us, kind="stable")
    chosen = order[np.append(np.diff(t_us[order]) > 0, True)] if len(order) else order
    return Table(
        t_us[chosen],
        names,
        np.concatenate([part.values for part in parts])[chosen],
        np.concatenate([part.absences for part in parts])[chosen],
        tuple(max(column) for column in zip(*(part.grades for part in parts), strict=True)),
    )
