"""One table of the synthetic athletes: measure, movement, noise; a cell for each view and side. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_samples.synthetic import VIEWS, View
from truth.athletes import SetScore
from truth.channels import PUBLISHED_MEASURES
from truth.figures import confusion, figures, pooled, seen, works
from truth.gates import GATES, gate_of

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
    "unnamed_reps_exact_share": "reported only: the issue gates it on real clips",
    "nameless_reps_exact_share": "reported only: no name, no promise but that it counts",
    "phase_boundary_s": "phase_boundary_s",
    "rom_change_mae_deg": "rom_change_mae_deg",
    "knee_peak_repeat_deg": "knee_peak_repeat_deg",
    "hip_peak_repeat_deg": "hip_peak_repeat_deg",
    "explosive_right_share": "explosive_right_share",
    "shaky_right_share": "shaky_right_share",
    "idle_false_reps_per_min": "idle_false_reps_per_min",
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


def rows(scores: Sequence[SetScore]) -> list[Row]:
    """All rows, by measure, then movement, then noise."""
    noises = tuple(dict.fromkeys(score.case.noise for score in scores))
    movements = (ALL, *dict.fromkeys(score.case.movement for score in scores))
    of_reps = tuple(dict.fromkeys(name for s in scores for name, _, _ in s.errors if name not in PUBLISHED_MEASURES))
    made = [
        row
        for measure in (*PUBLISHED_MEASURES, *sorted(of_reps))
        for movement in (movements if measure in PUBLISHED_MEASURES else (ALL,))
        for noise in noises
        if (row := _of_errors(_chosen(scores, movement, noise), measure, movement, noise)) is not None
    ]
    return made + [
        row
        for name in OF_A_SET
        for movement in movements
        for noise in noises
        if (row := _of_sets(_chosen(scores, movement, noise), name, movement, noise)) is not None
    ]


def _chosen(scores: Sequence[SetScore], movement: str, noise: str) -> list[SetScore]:
    return [s for s in scores if s.case.noise == noise and movement in (ALL, s.case.movement)]


def _of_errors(scores: list[SetScore], measure: str, movement: str, noise: str) -> Row | None:
    """A measure's errors; no row where it takes part in less than half of the sets of one movement."""
    if movement != ALL and np.mean([works(score, measure) for score in scores]) < 0.5:
        return None
    cells = [pooled(seen(scores, view), measure, (role, "")) for view, role in COLUMNS]
    whole = pooled(scores, measure, ("near", "far", ""))
    if not whole.wanted:
        return None
    bias = next((cell.bias for cell in cells if cell.n), np.nan)
    maes = tuple(cell.mae for cell in cells)
    return Row(noise, measure, movement, maes, bias, whole.coverage, whole.stated, gate_of(measure))


def _of_sets(scores: list[SetScore], name: str, movement: str, noise: str) -> Row | None:
    """A figure of whole sets in each view."""
    by_view = {view: figures(seen(scores, view))[name] for view in VIEWS}
    if not np.isfinite(list(by_view.values())).any():
        return None
    cells = tuple(by_view[view] if role != "far" else np.nan for view, role in COLUMNS)
    return Row(noise, name, movement, cells, np.nan, np.nan, np.nan, OF_A_SET[name])


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
        verdict = "met" if gate.met(value) else "missed" if gate.kept(value) else "missed, and worse than was reached"
        lines.append(
            f"{gate.figure:34} {_number(value):>8} {_interval(gate.aim):>14} {_interval(gate.held):>14}  {verdict}"
        )
    return "\n".join(lines)


def confusion_text(scores: Sequence[SetScore]) -> str:
    """What was taken for what, with the exercise not given."""
    mistaken = [(pair, number) for pair, number in confusion(scores).most_common() if pair[0] != pair[1]]
    return "\n".join(f"{true} taken for {said}: {number}" for (true, said), number in mistaken)


def _interval(interval: tuple[float, float]) -> str:
    low, high = interval
    if not np.isfinite(low):
        return f"<= {high:g}"
    return f">= {low:g}" if not np.isfinite(high) else f"{low:g} to {high:g}"


def _number(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:.3f}" if abs(value) < 1.0 else f"{value:.1f}"


def _percent(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:.0%}"
