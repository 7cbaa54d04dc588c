"""Motion capture: joint angles of real clips against what others measured, beside the plain three-point angle.

Like is compared with like: the register's knee is the angle at the joint between hip and ankle, so motion capture's
is taken from the same joint centres; the register's hip flexion is thigh against trunk line, so truth's is made of
joint centres by the same formula, and the laboratory's (thigh against pelvis) stands beside it as `hip_lab`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from motus_kinematics.core.body import Floats, Point
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.vectors import angle_deg
from truth.heard import COLUMN, hear
from truth.landmarks import Landmarks, frames_of, landmarks_of
from truth.others import Truth, read_cameras, read_markers
from truth.sums import Sums, sums

SQUARE_ON_DEG = 20.0
"""Turned by less than this to the camera, neither side is nearer."""
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
