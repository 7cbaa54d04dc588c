"""Recognises the exercise where none was given, by rules over the movement of the last seconds (biomech 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.composite import GUESSED_RATIO, VAGUE_DEG
from motus_kinematics.core.history import Table

WINDOW_S: Final = 7.0
LOOK_INTERVAL_S: Final = 0.5
LOOKS_TO_NAME: Final = 2
LOOKS_TO_RENAME: Final = 4
"""A set in which something was counted needs more looks to get another name."""
MIN_ROWS: Final = 20
TAIL: Final = 0.03
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Naming:
    """What was recognised so far.

    Attributes:
        exercise: The name that holds.
        confidence: Share of the looks since then that agreed, from 0 to 1.
        candidate: What the last look suggested.
        streak: How many looks in a row suggested it.
        looks, agreed: How many looks there were with the name that holds, and how many said the same.
        looked_s: When the last look was.
    """

    exercise: str = UNKNOWN
    confidence: float = 0.0
    candidate: str = UNKNOWN
    streak: int = 0
    looks: int = 0
    agreed: int = 0
    looked_s: float = -np.inf


def follow_name(before: Naming, past: Table, t_s: float, *, counted: bool, ended: bool = False) -> Naming:
    """The naming after one more moment; a look is taken twice a second.

    Args:
        before: What was recognised so far.
        past: The past of the set.
        t_s: Now.
        counted: Something was counted under the name that holds.
        ended: No later look will come, so one is enough.
    """
    if (t_s - before.looked_s < LOOK_INTERVAL_S and not ended) or len(past.t_s) < MIN_ROWS:
        return before
    seen = suggest(past)
    streak = before.streak + 1 if seen == before.candidate else 1
    after = replace(before, candidate=seen, streak=streak, looked_s=t_s)
    needed = LOOKS_TO_RENAME if counted else 1 if ended else LOOKS_TO_NAME
    if seen not in (UNKNOWN, before.exercise) and streak >= needed:
        return replace(after, exercise=seen, looks=streak, agreed=streak, confidence=1.0)
    looks, agreed = before.looks + 1, before.agreed + (seen == before.exercise)
    return replace(after, looks=looks, agreed=agreed, confidence=agreed / looks)


def suggest(past: Table) -> str:
    """The exercise that the last seconds look like, or `unknown`."""
    features = _features(past)
    return next((name for name, rule in RULES if rule(features)), UNKNOWN)


@dataclass(frozen=True)
class _Features:
    """The last seconds in figures; NaN, which no rule accepts, where a joint was not seen.

    Ranges are between the 3 % and 97 % quantiles of the side that moved more; `*_apart` is how far the sides differ at
    the 80 % quantile, `*_together` their correlation; `body_rise` and `foot_lift` are how far shoulders and ankles go
    above where they usually are at most.
    """

    lean: float
    lean_usual: float
    lean_least: float
    lean_most: float
    lean_low: float
    knee: float
    hip: float
    hip_usual: float
    elbow: float
    shoulder: float
    shoulder_most: float
    twist: float
    wrist: float
    wrist_low: float
    wrist_high: float
    body: float
    body_rise: float
    foot_lift: float
    knee_apart: float
    hip_apart: float
    knee_together: float
    hip_together: float


def _features(past: Table) -> _Features:
    """Figures over the last WINDOW_S."""
    recent = past.between(past.t_s[-1] - WINDOW_S, past.t_s[-1])

    def column(name: str) -> Floats:
        limit = VAGUE_DEG if name.endswith("_deg") else GUESSED_RATIO
        return np.where(recent.sigma(name) < limit, recent.value(name), np.nan)

    def pair(pattern: str) -> tuple[Floats, Floats]:
        left, right = (column(pattern.format(side=side)) for side in SIDES)
        return left, right

    knees, hips = pair("knee_flexion_{side}_deg"), pair("hip_flexion_{side}_deg")
    elbows, shoulders = pair("elbow_flexion_{side}_deg"), pair("shoulder_elevation_{side}_deg")
    shoulders_up = column("shoulder_level_m")
    wrists, lean = pair("wrist_height_{side}_ratio"), column("trunk_lean_deg")
    ankles = column("hip_level_m") - column("hip_height_ratio") * LEG_M
    return _Features(
        lean=_range(lean),
        lean_usual=_quantile(lean, 0.5),
        lean_least=_quantile(np.abs(lean), TAIL),
        lean_most=_quantile(lean, 1.0 - TAIL),
        lean_low=_quantile(lean, TAIL),
        knee=_larger(_range, knees),
        hip=_larger(_range, hips),
        hip_usual=_larger(lambda y: _quantile(y, 0.5), hips),
        elbow=_larger(_range, elbows),
        shoulder=_larger(_range, shoulders),
        shoulder_most=_larger(lambda y: _quantile(y, 1.0 - TAIL), shoulders),
        twist=_range(column("trunk_rotation_deg")),
        wrist=_larger(_range, wrists),
        wrist_low=_larger(lambda y: _quantile(y, TAIL), wrists),
        wrist_high=_larger(lambda y: _quantile(y, 1.0 - TAIL), wrists),
        body=_range(shoulders_up),
        body_rise=_quantile(shoulders_up, 1.0 - TAIL) - _quantile(shoulders_up, 0.8),
        foot_lift=_quantile(ankles, 1.0 - TAIL) - _quantile(ankles, 0.5),
        knee_apart=_quantile(np.abs(knees[0] - knees[1]), 0.8),
        hip_apart=_quantile(np.abs(hips[0] - hips[1]), 0.8),
        knee_together=_correlation(*knees),
        hip_together=_correlation(*hips),
    )


LEG_M: Final = 0.8
"""Thigh and shank of an adult, for telling whether the feet leave the ground."""


def _quantile(y: Floats, share: float) -> float:
    known = y[np.isfinite(y)]
    return float(np.quantile(known, share)) if len(known) >= MIN_ROWS else np.nan


def _range(y: Floats) -> float:
    return _quantile(y, 1.0 - TAIL) - _quantile(y, TAIL)


def _larger(figure: Callable[[Floats], float], pair: tuple[Floats, Floats]) -> float:
    return float(np.fmax(figure(pair[0]), figure(pair[1])))


def _correlation(a: Floats, b: Floats) -> float:
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < MIN_ROWS or min(np.ptp(a[known]), np.ptp(b[known])) == 0.0:
        return np.nan
    return float(np.corrcoef(a[known], b[known])[0, 1])


def _lying(f: _Features) -> bool:
    return f.lean_least > 45.0


def _bends_to_the_floor(f: _Features) -> bool:
    arms_hang = f.wrist_high < -0.7 and f.wrist < 0.45
    return arms_hang and f.lean_most > 48.0


def _both_legs(f: _Features) -> bool:
    return f.knee_together > 0.7 and f.hip_together > 0.7 and f.hip_apart < 45.0 and f.knee_apart < 50.0


def _split_legs(f: _Features) -> bool:
    stride = f.knee_together > 0.6 and f.hip_apart > 45.0
    sideways = f.knee_apart > 50.0 and f.hip_together > 0.8
    return stride or sideways


RULES: Final[tuple[tuple[str, Callable[[_Features], bool]], ...]] = (
    ("pushup", lambda f: _lying(f) and f.lean_low > 0.0 and f.elbow > 45.0),
    ("bench", lambda f: _lying(f) and f.lean_most < 0.0 and f.elbow > 45.0),
    ("situp", lambda f: f.lean_low < -45.0 and f.lean > 45.0 and f.lean_usual < 0.0 and f.hip > 40.0),
    ("russian_twist", lambda f: f.hip_usual > 60.0 and f.hip < 50.0 and f.twist > 35.0 and f.knee < 60.0),
    ("pullup", lambda f: f.wrist_low > -0.25 and f.wrist_high > 0.5 and f.elbow > 50.0 and f.body > 0.3),
    ("swing", lambda f: f.wrist > 1.3 and f.twist > 25.0 and f.body < 0.25 and f.shoulder > 60.0),
    ("jump", lambda f: f.foot_lift > 0.22 and f.knee > 40.0 and (f.body_rise > 0.18 or f.wrist > 1.2)),
    ("run", lambda f: f.knee > 80.0 and f.knee_together < 0.3 and f.hip_together < 0.5),
    ("walk", lambda f: f.knee > 30.0 and f.knee_together < 0.3 and f.hip_together < 0.3),
    ("deadlift", lambda f: _bends_to_the_floor(f) and f.lean > 25.0 and f.knee > 45.0 and f.hip_together > 0.6),
    ("hinge", lambda f: f.lean > 30.0 and f.knee < 45.0 and f.hip > 40.0 and f.elbow < 45.0),
    ("squat", lambda f: _both_legs(f) and f.knee > 50.0 and f.hip > 35.0 and not _bends_to_the_floor(f)),
    ("lunge", lambda f: _split_legs(f) and f.knee > 50.0),
    ("press", lambda f: f.wrist_low > -0.5 and f.wrist_high > 0.5 and f.elbow > 50.0 and f.shoulder > 50.0),
    ("jumping_jack", lambda f: f.shoulder > 90.0 and f.shoulder_most > 125.0 and f.elbow < 60.0),
    ("lateral_raise", lambda f: f.shoulder > 50.0 and f.elbow < 50.0 and f.wrist_low < -0.6 and not f.knee > 40.0),
    ("curl", lambda f: f.elbow > 60.0 and f.wrist_high < 0.2 and not f.knee > 60.0 and f.lean < 30.0),
)
"""Names and what they need, the first that fits wins: those that hold for the fewest postures come first."""
