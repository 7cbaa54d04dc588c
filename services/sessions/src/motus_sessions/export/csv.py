"""Samples as CSV in long form: a row for every time and channel, empty where there is no value, with the reason."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from motus.v1 import measure_pb2
from motus_sessions.projection.table import Table

HEADER = ("t_s", "channel", "value", "grade", "absence")
GRADES: dict[int, str] = {
    number: name.removeprefix("GRADE_").lower() for name, number in measure_pb2.Grade.items() if number
}
ABSENCES: dict[int, str] = {
    number: name.removeprefix("ABSENCE_REASON_").lower() for name, number in measure_pb2.AbsenceReason.items() if number
}
"""Words for the contract's numbers."""


def header() -> bytes:
    """The first line."""
    return _lines([HEADER])


def rows(table: Table) -> bytes:
    """The lines of a table, in order of time; values to the precision in which they were measured."""
    return _lines(_records(table))


def _records(table: Table) -> Iterator[tuple[str, ...]]:
    grades = [GRADES.get(grade, "") for grade in table.grades]
    for row, t_us in enumerate(table.t_us.tolist()):
        t_s = f"{t_us / 1e6:.6f}"
        for column, name in enumerate(table.names):
            absence = ABSENCES.get(int(table.absences[row, column]), "")
            value = "" if absence else str(table.values[row, column])
            yield t_s, name, value, "" if absence else grades[column], absence


def _lines(records: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(records)
    return text.getvalue().encode()
