"""The register of measures as data: channels, measures of a repetition, a phase and a set, exercise ids, each once.

`measures.toml` beside this file is the only place where they are defined; a row with `{side}` stands for two.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

__all__ = ["CHANNELS", "CLASSES", "EXERCISES", "MEASURES", "PHASE_MEASURES", "SET_MEASURES", "SIDES", "Measure"]

SIDES: Final = ("left", "right")


@dataclass(frozen=True)
class Measure:
    """One row of the register.

    Attributes:
        name: Unique name with the unit in it, as `knee_flexion_left_deg`.
        unit: Unit of its values; `1` for ratios.
        definition: What it is, its zero and its sign.
        source: Formula or literature it comes from.
        grade_rule: How its trust is graded; the words are explained at the head of `measures.toml`.
        per_side: True when there is one for the left and one for the right.
    """

    name: str
    unit: str
    definition: str
    source: str
    grade_rule: str
    per_side: bool


def _rows(entry: Mapping[str, str]) -> Iterable[Measure]:
    """Gives the one measure of a plain row, or the two of a row with `{side}`."""
    per_side = "{side}" in entry["name"]
    for side in SIDES if per_side else ("",):
        yield Measure(**{**entry, "name": entry["name"].format(side=side)}, per_side=per_side)


def _table(entries: Iterable[Mapping[str, str]]) -> Mapping[str, Measure]:
    """Indexes rows by name; a name that occurs twice is an error."""
    rows = [row for entry in entries for row in _rows(entry)]
    table = {row.name: row for row in rows}
    if len(table) != len(rows):
        raise ValueError("the register names a measure twice")
    return MappingProxyType(table)


def _load() -> dict[str, Any]:
    """Reads the data file that lies beside this module."""
    return tomllib.loads(files(__package__).joinpath("measures.toml").read_text(encoding="utf-8"))


_DATA: Final = _load()

CHANNELS: Final = _table(_DATA["channel"])
"""Time series by channel name, in the order of the register."""

MEASURES: Final = _table(_DATA["measure"])
"""Measures of a repetition by name, in the order of the register."""

PHASE_MEASURES: Final = _table(_DATA["phase_measure"])
"""Measures of a phase by name, in the order of the register."""

SET_MEASURES: Final = _table(_DATA["set_measure"])
"""Measures of a set by name, in the order of the register."""

EXERCISES: Final[tuple[str, ...]] = tuple(_DATA["exercises"])
"""Every exercise id that a session can be given, `unknown` last."""

CLASSES: Final[tuple[str, ...]] = (*EXERCISES, *_DATA["recognised"])
"""Everything that a movement can be recognised as: the exercise ids, and `idle` for an athlete who does nothing."""
