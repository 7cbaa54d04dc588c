"""One table of the synthetic athletes: measure, movement, noise; a cell for each view and side. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_samples.synthetic import VIEWS, View
from truth.athletes import SetScore
from truth.channels import PUBLISHED_MEASURES, Errors, merge
from truth.figures import confusion, figures, pooled, seen, working
from truth.gates import GATES, Gate, gate_of, interval_text

COLUMNS: Final[tuple[tuple[View, str], ...]] = (
    ("lateral", "near"),
    ("lateral", "far"),
    ("oblique", "near"),
    ("oblique", "far"),
    ("frontal", ""),
)
ALL = "all"
OF_A_SET = {
    "reps_exact_share": "reps_exact_share",
    "reps_off_by_one_share": "reps_off_by_one_share",
    "unnamed_reps_exact_share": "reported only: gated on real clips",
    "nameless_reps_exact_share": "reported only: without a name nothing is promised but an attempt",
    "class_right_share": "class_macro_f1",
    "phase_boundary_s": "phase_boundary_s",
    "stance_boundary_s": "reported only: of steps, which are no repetitions",
    "stance_found_share": "reported only: of steps, which are no repetitions",
    "stance_false_share": "reported only: of steps, which are no repetitions",
    "rom_change_mae_deg": "rom_change_mae_deg",
    "knee_peak_repeat_deg": "knee_peak_repeat_deg",
    "hip_peak_repeat_deg": "hip_peak_repeat_deg",
    "explosive_right_share": "explosive_right_share",
    "shaky_right_share": "shaky_right_share",
    "idle_false_reps_per_min": "idle_false_reps_per_min",
    "restless_false_reps_per_min": "reported only: fidgeting and dancing are no idling",
}
"""Figures of whole sets that get rows, and what holds them."""


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        noise, measure, movement: What it is about.
        cells: Mean absolute error in each of COLUMNS; the figure itself where it is one of a set.
        bias: Mean error in the first column that has one.
        covered: Share within the stated 80 % interval.
        stated: Share for which a value was stated.
        gate: The gate that holds it, or why it is only reported.
    """

    noise: str
    measure: str
    movement: str
    cells: tuple[float, ...]
    bias: float
    covered: float
    stated: float
    gate: str


@dataclass(frozen=True)
class Group:
    """The sets of one movement, or of all, under one noise: their errors and figures in each view."""

    noise: str
    movement: str
    errors: dict[View, Errors]
    figures: dict[View, dict[str, float]]


def rows(scores: Sequence[SetScore]) -> list[Row]:
    """All rows, by measure, then movement, then noise."""
    noises = tuple(dict.fromkeys(score.case.noise for score in scores))
    movements = (ALL, *dict.fromkeys(score.case.movement for score in scores))
    groups = [_group(scores, movement, noise) for movement in movements for noise in noises]
    stated = {name for group in groups for errors in group.errors.values() for name, _, _ in errors}
    of_reps = sorted(stated - set(PUBLISHED_MEASURES))
    made = [_of_errors(group, measure) for measure in PUBLISHED_MEASURES for group in groups]
    made += [_of_errors(group, measure) for measure in of_reps for group in groups if group.movement == ALL]
    made += [_of_sets(group, name) for name in OF_A_SET for group in groups]
    return [row for row in made if row is not None]


def _group(scores: Sequence[SetScore], movement: str, noise: str) -> Group:
    chosen = [s for s in scores if s.case.noise == noise and movement in (ALL, s.case.movement)]
    views = {view: seen(chosen, view) for view in VIEWS}
    return Group(
        noise,
        movement,
        {view: working(those) for view, those in views.items()},
        {view: figures(those) for view, those in views.items()},
    )


def _of_errors(group: Group, measure: str) -> Row | None:
    """A measure's errors; no row where it does not take part."""
    cells = [pooled(group.errors[view], measure, (role, "")) for view, role in COLUMNS]
    whole = pooled(merge(group.errors.values()), measure, ("near", "far", ""))
    if not whole.wanted:
        return None
    bias = next((cell.bias for cell in cells if cell.n), np.nan)
    maes = tuple(cell.mae for cell in cells)
    return Row(group.noise, measure, group.movement, maes, bias, whole.coverage, whole.stated, gate_of(measure))


def _of_sets(group: Group, name: str) -> Row | None:
    """A figure of whole sets in each view."""
    cells = tuple(group.figures[view][name] if role != "far" else np.nan for view, role in COLUMNS)
    if not np.isfinite(cells).any():
        return None
    return Row(group.noise, name, group.movement, cells, np.nan, np.nan, np.nan, OF_A_SET[name])


def text(table: Sequence[Row]) -> str:
    """The table for a terminal; mean absolute errors in the measure's unit unless the name says otherwise."""
    views = (f"{view[:7]} {role}".strip() for view, role in COLUMNS)
    lines = [
        f"{'measure':32} {'movement':15} {'noise':8} {' '.join(f'{view:>12}' for view in views)} "
        f"{'bias':>7} {'covered':>7} {'stated':>6}  gate"
    ]
    for row in table:
        cells = " ".join(f"{_number(cell):>12}" for cell in row.cells)
        lines.append(
            f"{row.measure:32} {row.movement:15} {row.noise:8} {cells} "
            f"{_number(row.bias):>7} {_percent(row.covered):>7} {_percent(row.stated):>6}  {row.gate}"
        )
    return "\n".join(lines)


def gates_text(values: dict[str, float]) -> str:
    """Each gate with its figure, its aim and its verdict."""
    lines = [f"{'gate':34} {'figure':>8} {'aim':>14} {'held at':>14}  verdict"]
    for gate in GATES:
        value = values[gate.figure]
        aim, held = interval_text(gate.aim), interval_text(gate.held)
        lines.append(f"{gate.figure:34} {_number(value):>8} {aim:>14} {held:>14}  {_verdict(gate, value)}")
    return "\n".join(lines)


def _verdict(gate: Gate, value: float) -> str:
    if not np.isfinite(value):
        return "no figure"
    if gate.met(value):
        return "met"
    return "missed" if gate.kept(value) else "missed, and worse than what is held"


def confusion_text(scores: Sequence[SetScore]) -> str:
    """What was taken for what, with the exercise not given."""
    mistaken = [(pair, number) for pair, number in confusion(scores).most_common() if pair[0] != pair[1]]
    return "\n".join(f"{true} taken for {said}: {number}" for (true, said), number in mistaken)


def _number(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:.3f}" if abs(value) < 1.0 else f"{value:.1f}"


def _percent(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:.0%}"
