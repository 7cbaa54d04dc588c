"""Motion capture: joint angles of real clips against what others measured, beside the plain three-point angle.

Like is compared with like: the register's knee is the angle at the joint between hip and ankle, so motion capture's
is taken from the same joint centres; the register's hip flexion is thigh against trunk line, so truth's is made of
joint centres by the same formula, and the laboratory's (thigh against pelvis) stands beside it as `hip_lab`.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from motus_kinematics.core.body import Floats, Point
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.vectors import across, angle_deg, cross, dot, unit
from truth.heard import COLUMN, hear
from truth.landmarks import Landmarks, frames_of, landmarks_of
from truth.sums import Sums, sums

SQUARE_ON_DEG = 20.0
"""Turned by less than this to the camera, neither side is nearer."""
Truth = dict[str, Floats]
"""Angles by joint and side, `knee_left`, and `t_s`."""
CHANNELS = {
    "knee": "knee_flexion_{side}_deg",
    "hip": "hip_flexion_{side}_deg",
    "hip_lab": "hip_flexion_{side}_deg",
    "ankle": "ankle_dorsiflexion_{side}_deg",
    "elbow": "elbow_flexion_{side}_deg",
}
"""The channel that is held against each joint of the truth."""


@dataclass(frozen=True)
class Trial:
    """A clip with its truth.

    Attributes:
        clip: The clip's name.
        exercise: What the product is told.
        view: From where it was filmed.
        source: `gold` for markers, `silver` for several cameras.
        read: Reads the truth.
    """

    clip: str
    exercise: str
    view: str
    source: str
    read: Callable[[], Truth]


@dataclass(frozen=True)
class Row:
    """One joint of one side of one clip: the product's errors and those of the plain angle."""

    trial: Trial
    joint: str
    side: str
    role: str
    ours: Sums
    plain: Sums

    @property
    def ratio(self) -> float:
        """Our root mean square error over that of the plain angle."""
        return self.ours.rmse / self.plain.rmse


def trials(truth: Path) -> list[Trial]:
    """The trials for which there is a clip, from the folder of truths."""
    marked, cameras = truth / "opencap_visualizer", truth / "opencap_overlay" / "examples"
    squat, walk = (partial(read_markers, marked / name / "mocap_angles.csv") for name in ("squat", "walk"))
    squat2 = partial(read_cameras, cameras / "squat" / "squats-with-arm-raise")
    walk2 = partial(read_cameras, cameras / "walk" / "walk")
    return [
        Trial("squat_mocap_01", "squat", "oblique 45°", "gold", squat),
        Trial("walk_mocap_01", "walk", "oblique", "gold", walk),
        Trial("squat_opencap_cam0", "squat", "front", "silver", squat2),
        Trial("squat_opencap_cam1", "squat", "front", "silver", squat2),
        Trial("walk_opencap_cam0", "walk", "front", "silver", walk2),
    ]


def measure_mocap(truth: Path, clips: Path, *, cached: bool) -> list[Row]:
    """All rows; none where truth or clips are not there."""
    if not truth.exists() or not (clips / "MANIFEST.json").exists():
        return []
    files = {Path(entry["file"]).stem: entry["file"] for entry in json.loads((clips / "MANIFEST.json").read_text())}
    rows = []
    for trial in trials(truth):
        print(f"motion capture {trial.clip}", file=sys.stderr)
        rows += compare(trial, landmarks_of(clips / files[trial.clip], cached=cached))
    return rows


def compare(trial: Trial, landmarks: Landmarks) -> list[Row]:
    """The product's and the plain angles against the truth of one trial, over the moments that all of them have."""
    truth, heard = trial.read(), hear(frames_of(landmarks), trial.exercise)
    plain, near = plain_angles(landmarks), near_side(landmarks)
    rows = []
    for joint, pattern in CHANNELS.items():
        for side in SIDES:
            if f"{joint}_{side}" not in truth:
                continue
            true = np.interp(heard.t_s, truth["t_s"], truth[f"{joint}_{side}"], left=np.nan, right=np.nan)
            column = COLUMN[pattern.format(side=side)]
            simple = np.interp(heard.t_s, plain["t_s"], plain[f"{joint}_{side}"])
            wanted = np.isfinite(true)
            there = wanted & np.isfinite(heard.values[:, column])
            ours = sums((heard.values[:, column] - true)[there], heard.sigmas[there, column], int(wanted.sum()))
            bare = sums((simple - true)[there], np.full(int(there.sum()), np.nan), int(wanted.sum()))
            rows.append(Row(trial, joint, side, _role(side, near), ours, bare))
    return rows


ROLES = ("front", "near", "far")
"""How a side is seen: from the front both alike; the figure `seen` is the place in this list."""


def _role(side: str, near: str) -> str:
    if not near:
        return "front"
    return "near" if side == near else "far"


def near_side(landmarks: Landmarks) -> str:
    """The side that is nearer to the camera by the hip and shoulder lines' depth; empty when square on."""
    world = landmarks["world"][landmarks["found"]].astype(np.float64)
    lines = world[:, [Point.HIP_RIGHT, Point.SHOULDER_RIGHT]] - world[:, [Point.HIP_LEFT, Point.SHOULDER_LEFT]]
    across_x, away = np.median(np.abs(lines[..., 0])), float(np.median(lines[..., 2]))
    if np.degrees(np.arctan2(abs(away), across_x)) < SQUARE_ON_DEG:
        return ""
    return "left" if away > 0.0 else "right"


def plain_angles(landmarks: Landmarks) -> Truth:
    """The three-point angles that anyone makes of world landmarks, as flexion."""
    found = landmarks["found"]
    points = landmarks["world"][found].astype(np.float64)
    angles: Truth = {"t_s": landmarks["t_s"][found]}
    for side in SIDES:
        shoulder, elbow, wrist, hip, knee, ankle, toe = (
            points[:, Point[f"{name}_{side.upper()}"]]
            for name in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE", "TOE")
        )
        angles |= {
            f"knee_{side}": 180.0 - included(hip, knee, ankle),
            f"hip_{side}": 180.0 - included(shoulder, hip, knee),
            f"ankle_{side}": 90.0 - included(knee, ankle, toe),
            f"elbow_{side}": 180.0 - included(shoulder, elbow, wrist),
        }
        angles[f"hip_lab_{side}"] = angles[f"hip_{side}"]
    return angles


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


def included(a: Floats, at: Floats, b: Floats) -> Floats:
    """(n,) angle at a point between two others, degrees."""
    return angle_deg(a - at, b - at)


def mocap_figures(rows: list[Row]) -> dict[str, float]:
    """Flat figures of every row, and the ratio of pooled errors on the sides that the camera sees best."""
    flat: dict[str, float] = {}
    for row in rows:
        stem = f"mocap_{row.trial.clip}_{row.joint}_{row.side}"
        for name, value in (("rmse", row.ours.rmse), ("mae", row.ours.mae), ("bias", row.ours.bias)):
            flat[f"{stem}_{name}_deg"] = round(value, 2)
        flat[f"{stem}_plain_rmse_deg"] = round(row.plain.rmse, 2)
        flat[f"{stem}_ratio"] = round(row.ratio, 3)
        flat[f"{stem}_seen"] = ROLES.index(row.role)
    for joint in CHANNELS:
        best = [row for row in rows if row.joint == joint and row.role != "far"]
        if best:
            ours, plain = (sum((getattr(row, kind) for row in best), Sums()) for kind in ("ours", "plain"))
            flat[f"mocap_{joint}_near_rmse_deg"] = round(ours.rmse, 2)
            flat[f"mocap_{joint}_near_ratio"] = round(ours.rmse / plain.rmse, 3)
    return flat


def mocap_table(rows: list[Row]) -> str:
    """One line per clip, joint and side."""
    lines = [
        f"{'clip':20} {'truth':6} {'view':11} {'joint':8} {'side':5} {'seen':5} "
        f"{'ours RMSE':>9} {'MAE':>5} {'bias':>6} {'plain RMSE':>10} {'MAE':>5} {'bias':>6} {'ratio':>6} {'covered':>7}"
    ]
    for row in rows:
        ours, plain = row.ours, row.plain
        lines.append(
            f"{row.trial.clip:20} {row.trial.source:6} {row.trial.view:11} {row.joint:8} {row.side:5} {row.role:5} "
            f"{ours.rmse:9.1f} {ours.mae:5.1f} {ours.bias:+6.1f} "
            f"{plain.rmse:10.1f} {plain.mae:5.1f} {plain.bias:+6.1f} {row.ratio:6.2f} {ours.coverage:7.0%}"
        )
    return "\n".join(lines)
