"""The last seconds of movement in figures that hold from any side, at any frame rate and in a mirror (biomech 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np

from motus_kinematics.core.body import Flags, Floats
from motus_kinematics.core.channels import DIFFERENTIATED_INDEX, INDEX, SIDES
from motus_kinematics.core.composite import GUESSED_RATIO, VAGUE_DEG
from motus_kinematics.core.history import Table

Features: TypeAlias = Mapping[str, float]
"""Figures by name; NaN where a joint was not seen."""

TAIL: Final = 0.03
"""Quantile that stands for an extreme: a single frame decides nothing."""
MIN_ROWS: Final = 12
MIN_SEEN_SHARE: Final = 0.25
LEG_M: Final = 0.8
"""Thigh and shank of an adult, for telling whether the feet leave the ground."""

PAIRS: Final = {
    "knee": "knee_flexion_{side}_deg",
    "hip": "hip_flexion_{side}_deg",
    "elbow": "elbow_flexion_{side}_deg",
    "shoulder": "shoulder_elevation_{side}_deg",
    "thigh": "thigh_elevation_{side}_deg",
    "wrist": "wrist_height_{side}_ratio",
}
SINGLES: Final = {
    "lean": "trunk_lean_deg",
    "sideways": "trunk_lean_lateral_deg",
    "twist": "trunk_rotation_deg",
    "height": "hip_height_ratio",
    "seat": "hip_level_m",
    "body": "shoulder_level_m",
}
COUPLED: Final = (
    ("knee", "hip"),
    ("knee", "elbow"),
    ("knee", "shoulder"),
    ("knee", "lean"),
    ("knee", "body"),
    ("hip", "lean"),
    ("elbow", "shoulder"),
    ("elbow", "wrist"),
    ("elbow", "lean"),
    ("elbow", "body"),
    ("shoulder", "body"),
)
_NAMES: Final = (*(pattern.format(side=side) for pattern in PAIRS.values() for side in SIDES), *SINGLES.values())
_COLUMNS: Final = np.array([INDEX[name] for name in _NAMES])
_IN_DEGREES: Final = np.array([name.endswith("_deg") for name in _NAMES])
_GUESSED: Final = np.where(_IN_DEGREES, VAGUE_DEG, GUESSED_RATIO)
_STILL: Final = np.where(_IN_DEGREES, 4.0, 0.04)
"""Standard deviations of what does nothing: channels that move less are like nothing."""
_LEFT: Final = np.arange(0, 2 * len(PAIRS), 2)
_RIGHT: Final = _LEFT + 1
_PAIR: Final = {name: i for i, name in enumerate(PAIRS)}
_SINGLE: Final = {name: 2 * len(PAIRS) + i for i, name in enumerate(SINGLES)}


def features(past: Table, since_s: float) -> Features | None:
    """Figures of the movement since a moment, or None when there is too little of it.

    Of a joint with two sides, `x` is the range of the side that moved more, `x_low`, `x_usual` and `x_high` are the
    3 %, 50 % and 97 % quantiles of the side where they are larger, `x_apart` is how far the sides differ at the 80 %
    quantile and `x_together` how much they move alike, from -1 to 1. `x_with_y` is how much two moving joints do.
    Heights of `body` (shoulders), `seat` (hips), `foot` and `upright` (shoulders above hips) are in metres of the
    body's own scale.
    """
    recent = past.between(since_s, np.inf)
    rows = np.isfinite(recent.value("trunk_lean_deg"))
    if rows.sum() < MIN_ROWS:
        return None
    values = recent.values[rows]
    seen = recent.sigmas[rows][:, _COLUMNS] < _GUESSED
    joints = bridged(recent.t_s[rows], values[:, _COLUMNS], seen)
    tempo = _tempo(values[:, DIFFERENTIATED_INDEX], recent.rates[rows])
    return {**_levels(joints), **_heights(joints), **_alike(joints), "tempo_hz": tempo}


def bridged(t_s: Floats, values: Floats, seen: Flags) -> Floats:
    """Values with straight lines over what was not seen; NaN all along where hardly anything was."""
    seen = seen & np.isfinite(values)
    whole = values.copy()
    for i in np.flatnonzero(~seen.all(axis=0)):
        known = seen[:, i]
        enough = known.sum() >= max(MIN_ROWS, MIN_SEEN_SHARE * len(t_s))
        whole[:, i] = np.interp(t_s, t_s[known], values[known, i]) if enough else np.nan
    return whole


def _levels(joints: Floats) -> dict[str, float]:
    """Ranges and quantiles of every joint, and how far the sides differ."""
    low, usual, high = np.quantile(joints, (TAIL, 0.5, 1.0 - TAIL), axis=0)
    apart = np.quantile(np.abs(joints[:, _LEFT] - joints[:, _RIGHT]), 0.8, axis=0)
    figures: dict[str, float] = {}
    for name, pair in _PAIR.items():
        sides = slice(2 * pair, 2 * pair + 2)
        figures[name] = float(np.fmax.reduce(high[sides] - low[sides]))
        figures[f"{name}_low"] = float(np.fmax.reduce(low[sides]))
        figures[f"{name}_usual"] = float(np.fmax.reduce(usual[sides]))
        figures[f"{name}_high"] = float(np.fmax.reduce(high[sides]))
        figures[f"{name}_apart"] = float(apart[pair])
    for name, i in _SINGLE.items():
        figures[name] = float(high[i] - low[i])
    for name in ("lean", "height"):
        i = _SINGLE[name]
        figures |= {f"{name}_low": float(low[i]), f"{name}_usual": float(usual[i]), f"{name}_high": float(high[i])}
    figures["lean_least"] = float(np.quantile(np.abs(joints[:, _SINGLE["lean"]]), TAIL))
    return figures


def _heights(joints: Floats) -> dict[str, float]:
    """How upright the trunk is in the picture, and how far shoulders and feet go above where they usually are."""
    body, seat, height = (joints[:, _SINGLE[name]] for name in ("body", "seat", "height"))
    foot = seat - height * LEG_M
    low, usual, high = np.quantile(body - seat, (TAIL, 0.5, 1.0 - TAIL))
    most, mostly = np.quantile(body, (1.0 - TAIL, 0.8))
    lifted, grounded = np.quantile(foot, (1.0 - TAIL, 0.5))
    return {
        "upright_low": float(low),
        "upright_usual": float(usual),
        "upright_high": float(high),
        "body_rise": float(most - mostly),
        "foot_lift": float(lifted - grounded),
    }


def _alike(joints: Floats) -> dict[str, float]:
    """Correlations of sides, shrunk towards 0 for what hardly moves, and of joints; NaN where one stands still."""
    moved = joints - joints.mean(axis=0)
    covariance = moved.T @ moved / len(moved)
    variance = np.diag(covariance)
    spread = np.sqrt(variance + _STILL**2)
    sides = {
        f"{name}_together": float(covariance[a, b] / (spread[a] * spread[b]))
        for name, a, b in zip(PAIRS, _LEFT, _RIGHT, strict=True)
    }
    leading = _LEFT + (np.nan_to_num(variance[_RIGHT]) > np.nan_to_num(variance[_LEFT]))
    at = {name: int(leading[i]) for name, i in _PAIR.items()} | _SINGLE
    size = np.sqrt(np.where(variance > _STILL**2, variance, np.nan))
    coupled = {f"{a}_with_{b}": (at[a], at[b]) for a, b in COUPLED}
    return sides | {name: float(covariance[a, b] / (size[a] * size[b])) for name, (a, b) in coupled.items()}


def _tempo(angles: Floats, rates: Floats) -> float:
    """Usual frequency of all angles together in hertz: that of a sine with their speed and spread (Rice 1944)."""
    known = np.isfinite(angles) & np.isfinite(rates)
    share = np.maximum(known.sum(axis=0), 1)
    angles, rates = np.where(known, angles, 0.0), np.where(known, rates, 0.0)
    moved = np.where(known, angles - angles.sum(axis=0) / share, 0.0)
    spread = float((moved**2).sum() / known.sum().clip(1)) + float(_STILL[0]) ** 2
    return float(np.sqrt((rates**2).sum() / known.sum().clip(1) / spread)) / (2.0 * np.pi)
