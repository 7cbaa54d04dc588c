"""Writes what is generated into docs/accuracy.md: tables of figures between markers. Words stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from truth.figures import JOINTS
from truth.gates import GATES
from truth.mocap import CHANNELS, ROLES, trials

Flat = Mapping[str, float]
VIEWS = ("lateral", "oblique", "frontal")
_MOCAP = re.compile(r"mocap_(?P<clip>\w+?)_(?P<joint>" + "|".join(CHANNELS) + r")_(?P<side>left|right)_rmse_deg")


def write(page: Path, flat: Flat) -> list[str]:
    """Writes every block whose figures are there; returns the names of those that were left as they are."""
    text, left = page.read_text(encoding="utf-8"), []
    for name, block in BLOCKS.items():
        try:
            made = block(flat)
        except KeyError:
            left.append(name)
            continue
        start, end = (text.index(mark) for mark in (f"<!-- {name} -->", f"<!-- /{name} -->"))
        text = f"{text[:start]}<!-- {name} -->\n{made}{text[end:]}"
    page.write_text(text, encoding="utf-8")
    return left


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |"]
    lines.append(re.sub(r"[^|]+", " --- ", lines[0]))
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _gates(flat: Flat) -> str:
    rows = []
    for gate in GATES:
        value = flat.get(gate.figure, float("nan"))
        verdict = "met" if gate.met(value) else "**missed**"
        rows.append((f"`{gate.figure}`", f"{value:.3g}", gate.aim_text, verdict, gate.reading))
    missed = [gate.figure for gate in GATES if not gate.met(flat.get(gate.figure, float("nan")))]
    sets = f"{flat['synthetic_sets']:g} sets in all. Missed: {', '.join(missed) or 'none'}.\n\n"
    return sets + _table(("gate", "figure", "aim", "", "read as"), rows)


def _views(flat: Flat) -> str:
    rows = [
        (joint.replace("_", " "), *(f"{flat.get(f'{joint}_{view}_mae_deg', float('nan')):.1f}" for view in VIEWS))
        for joint in JOINTS
    ]
    return f"Synthetic, {flat['synthetic_sets']:g} sets.\n\n" + _table(("MAE, degrees", *VIEWS), rows)


def _clips(flat: Flat) -> str:
    rows = [
        (
            words,
            f"{flat[number]:g}",
            *(
                f"{flat[f'{prefix}{way}_{kind}_share']:.1%}"
                for way in ("given", "unnamed")
                for kind in ("exact", "off_by_one")
            ),
        )
        for words, number, prefix in (("label sure", "sure", "sure_"), ("all that are judged", "judged", ""))
    ]
    head = ("clips", "n", "given: exact", "off by at most one", "not given: exact", "off by at most one")
    named = (
        f"\nName right: {flat['sure_named_right_share']:.1%} of {flat['sure_named']:g} with a sure label. "
        f"Repetitions where nobody is: {flat['reps_where_label_is_0']:g}.\n"
    )
    return _table(head, rows) + named


def _mocap(flat: Flat) -> str:
    """Each joint of each clip; a row for both sides."""
    views = {trial.clip: f"{trial.view}, {trial.source}" for trial in trials(Path())}
    found = [match for name in flat if (match := _MOCAP.fullmatch(name))]
    if not found:
        raise KeyError("mocap")
    rows = []
    for match in found:
        stem = match[0].removesuffix("_rmse_deg")
        ours = (f"{flat[f'{stem}_{name}_deg']:.1f}" for name in ("rmse", "mae", "bias"))
        plain, ratio = f"{flat[f'{stem}_plain_rmse_deg']:.1f}", f"{flat[f'{stem}_ratio']:.2f}"
        seen = ROLES[int(flat[f"{stem}_seen"])]
        rows.append(
            (match["clip"], views[match["clip"]], match["joint"], f"{match['side']}, {seen}", *ours, plain, ratio)
        )
    return _table(("clip", "view, truth", "joint", "side", "RMSE", "MAE", "bias", "plain RMSE", "ratio"), rows)


HEARD = (
    (
        "knee ±3–5°",
        "{knee_flexion_lateral_mae_deg:.1f}° MAE lateral, near side; {knee_flexion_all_views_mae_deg:.1f}° all views",
        "SD {knee_peak_repeat_deg:.1f}°",
        "{mocap_knee_near_rmse_deg:.1f}° RMSE, {mocap_knee_near_ratio:.2f} of the plain angle's",
    ),
    (
        "hip hinge ±3–8°",
        "{hip_flexion_lateral_mae_deg:.1f}° MAE lateral, near side; {hip_flexion_all_views_mae_deg:.1f}° all views",
        "SD {hip_peak_repeat_deg:.1f}°",
        "{mocap_hip_near_rmse_deg:.1f}° RMSE; {mocap_hip_lab_near_rmse_deg:.1f}° against a laboratory's hip flexion",
    ),
    (
        "torso rotation ±5–10°",
        "{trunk_rotation_frontal_mae_deg:.1f}° MAE frontal, {trunk_rotation_lateral_mae_deg:.1f}° lateral",
        "not measured",
        "not measured: the truths at hand do not have it",
    ),
    (
        "reps 95 %",
        "{reps_exact_share:.1%} exact, {reps_off_by_one_share:.1%} off by at most one, exercise given",
        "",
        "{sure_given_exact_share:.1%} exact, {sure_given_off_by_one_share:.1%} off by at most one, exercise given",
    ),
)
"""What users hear elsewhere: the claim; what synthetic athletes say of it, its repetition within a set; real video."""


def _heard(flat: Flat) -> str:
    rows = [[cell.format_map(flat) for cell in row] for row in HEARD]
    return _table(("heard elsewhere", "synthetic, medium noise", "within a set", "real video"), rows)


BLOCKS: dict[str, Callable[[Flat], str]] = {
    "heard": _heard,
    "gates": _gates,
    "views": _views,
    "clips": _clips,
    "mocap": _mocap,
}
