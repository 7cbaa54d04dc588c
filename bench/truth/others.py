"""Joint angles as others measured them: marker motion capture, and several cameras without markers."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.vectors import across, cross, dot, unit

Truth = dict[str, Floats]
"""Angles by joint and side, `knee_left`, and `t_s`."""


def read_markers(path: Path) -> Truth:
    """Marker motion capture: joint centres and OpenSim's angles."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    truth: Truth = {"t_s": columns["time"]}
    for side, letter in zip(SIDES, "lr", strict=True):
        truth |= {
            f"knee_{side}": 180.0 - columns[f"knee_3pt_{letter}"],
            f"hip_lab_{side}": columns[f"hip_flex_{letter}"],
            f"ankle_{side}": columns[f"ankle_dorsi_{letter}"],
            f"elbow_{side}": 180.0 - columns[f"elbow_3pt_{letter}"],
        }
    bodies = {"shoulder": "humerus", "hip": "femur", "knee": "tibia"}
    centres = {
        f"{joint}_{side}": np.stack([columns[f"{body}_{letter}_{axis}"] for axis in "xyz"], axis=1)
        for joint, body in bodies.items()
        for side, letter in zip(SIDES, "lr", strict=True)
    }
    return truth | thigh_to_trunk(centres)


def read_cameras(stem: Path) -> Truth:
    """Several cameras without markers: OpenSim's angles (.mot) and triangulated joint centres (.trc)."""
    names, rows = _table(stem.with_suffix(".mot"))
    angles = dict(zip(names, rows.T, strict=True))
    truth: Truth = {"t_s": angles["time"]}
    for side, letter in zip(SIDES, "lr", strict=True):
        truth |= {
            f"knee_{side}": angles[f"knee_angle_{letter}"],
            f"hip_lab_{side}": angles[f"hip_flexion_{letter}"],
            f"ankle_{side}": angles[f"ankle_angle_{letter}"],
            f"elbow_{side}": angles[f"elbow_flex_{letter}"],
        }
    centres = _markers(stem.with_suffix(".trc"))
    return truth | {
        name: np.interp(truth["t_s"], centres["t_s"], values) for name, values in thigh_to_trunk(centres).items()
    }


def _table(path: Path) -> tuple[list[str], Floats]:
    """Names and rows of an OpenSim motion file in degrees."""
    lines = path.read_text(encoding="utf-8").split("endheader")[1].split("\n")[1:]
    return lines[0].split(), np.array([line.split() for line in lines[1:] if line.strip()], dtype=np.float64)


def _markers(path: Path) -> dict[str, Floats]:
    """The joint centres of a marker file that the hip angle needs, and their times."""
    lines = path.read_text(encoding="utf-8").split("\n")
    names = [name for name in lines[3].rstrip().split("\t")[2:] if name]
    rows = [line.split("\t")[: 2 + 3 * len(names)] for line in lines[5:] if line.strip()]
    values = np.array([[float(cell or "nan") for cell in row] for row in rows])
    points = {name: values[:, 2 + 3 * i : 5 + 3 * i] for i, name in enumerate(names)}
    centres = {f"{j}_{s}": points[f"{s[0].upper()}{j.title()}"] for j in ("shoulder", "hip", "knee") for s in SIDES}
    return centres | {"t_s": values[:, 1]}


def thigh_to_trunk(centres: Mapping[str, Floats]) -> Truth:
    """Hip flexion as the register defines it: atan2(t.X, -t.Y), t the thigh, Y the trunk line, X forward."""
    hips = (centres["hip_left"] + centres["hip_right"]) / 2.0
    trunk = unit((centres["shoulder_left"] + centres["shoulder_right"]) / 2.0 - hips)
    forward = cross(trunk, across(centres["hip_right"] - centres["hip_left"], trunk))
    thighs = {side: unit(centres[f"knee_{side}"] - centres[f"hip_{side}"]) for side in SIDES}
    return {
        f"hip_{side}": np.degrees(np.arctan2(dot(thigh, forward), -dot(thigh, trunk))) for side, thigh in thighs.items()
    }
