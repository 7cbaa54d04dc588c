"""Lowest, mean and highest value over steps of time: fewer rows for a screen, with every peak still there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from motus_sessions.projection.table import Table

STEP_US = 1_000_000
"""Steps that are kept beside the samples, for whoever asks for a long span in few points."""
_KEPT = ("low:", "mean:", "high:", "count:")
"""What is kept of a column, each under a name of its own."""
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Summary:
    """Columns over steps of time.

    Attributes:
        t_us: shape (rows,), int64, microseconds on the source's clock: when the first row of each step was.
        names: one per column.
        lows, means, highs: shape (rows, columns), float32, in the unit of the column; 0 where absent.
        counts: shape (rows, columns), int64: of how many values.
        absences: shape (rows, columns), uint8: 0 where there is a value, else the reason's code.
        grades: one per column.
    """

    t_us: NDArray[np.int64]
    names: tuple[str, ...]
    lows: NDArray[np.float32]
    means: NDArray[np.float32]
    highs: NDArray[np.float32]
    counts: NDArray[np.int64]
    absences: NDArray[np.uint8]
    grades: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.t_us)

    @property
    def thinned(self) -> bool:
        """Whether any of its values stands for more than one."""
        return bool((self.counts > 1).any())


def summary_of(table: Table) -> Summary:
    """Every row as a step of its own."""
    counts = (table.absences == 0).astype(np.int64)
    values = table.values
    return Summary(table.t_us, table.names, values, values, values, counts, table.absences, table.grades)


def gathered(parts: Summary, width_us: int, origin_us: int = 0) -> Summary:
    """Steps of `width_us` from a moment on; an absent one has the reason of its first row."""
    if not len(parts):
        return parts
    starts = np.flatnonzero(np.diff((parts.t_us - origin_us) // width_us, prepend=np.int64(-(2**62))))
    counts = np.add.reduceat(parts.counts, starts, axis=0)
    there, known = parts.counts > 0, counts > 0
    lows = np.minimum.reduceat(np.where(there, parts.lows, np.inf), starts, axis=0)
    highs = np.maximum.reduceat(np.where(there, parts.highs, -np.inf), starts, axis=0)
    sums = np.add.reduceat(parts.means.astype(np.float64) * parts.counts, starts, axis=0)
    lows, means, highs = (
        np.where(known, figure, 0).astype(np.float32) for figure in (lows, sums / np.maximum(counts, 1), highs)
    )
    absences = np.where(known, np.uint8(0), parts.absences[starts])
    return Summary(parts.t_us[starts], parts.names, lows, means, highs, counts, absences, parts.grades)


def kept(summary: Summary) -> Table:
    """A summary in steps of STEP_US as it is stored: each step at its beginning, so that a later one replaces it."""
    figures = (summary.lows, summary.means, summary.highs, summary.counts.astype(np.float32))
    return Table(
        summary.t_us // STEP_US * STEP_US,
        kept_names(summary.names),
        np.concatenate(figures, axis=1),
        np.tile(summary.absences, len(_KEPT)),
        summary.grades * len(_KEPT),
    )


def kept_names(names: Sequence[str]) -> tuple[str, ...]:
    """Under which names columns are stored."""
    return tuple(prefix + name for prefix in _KEPT for name in names)


def of_kept(table: Table, names: Sequence[str]) -> Summary:
    """A summary from what was stored; `table` has `kept_names(names)`."""
    lows, means, highs, counts = np.split(table.values, len(_KEPT), axis=1)
    columns = len(names)
    absences, grades = table.absences[:, :columns], table.grades[:columns]
    whole = np.rint(counts).astype(np.int64)
    return Summary(table.t_us, tuple(names), lows, means, highs, whole, absences, grades)


def joined(parts: Sequence[Summary]) -> Summary:
    """Summaries of the same columns put together in order of time; none has a row of another's."""
    order = np.argsort(np.concatenate([part.t_us for part in parts]), kind="stable")

    def all_of(rows: Callable[[Summary], NDArray[T]]) -> NDArray[T]:
        return np.concatenate([rows(part) for part in parts])[order]

    return Summary(
        t_us=all_of(lambda part: part.t_us),
        names=parts[0].names,
        lows=all_of(lambda part: part.lows),
        means=all_of(lambda part: part.means),
        highs=all_of(lambda part: part.highs),
        counts=all_of(lambda part: part.counts),
        absences=all_of(lambda part: part.absences),
        grades=tuple(max(column) for column in zip(*(part.grades for part in parts), strict=True)),
    )


def stands_for(name: str) -> tuple[str, bool]:
    """The column that a stored name stands for, and whether it counts its values."""
    prefix = next((prefix for prefix in _KEPT if name.startswith(prefix)), "")
    return name.removeprefix(prefix), prefix == "count:"
