"""What each exercise looks like in plain words: the first rule that fits says what a window shows (biomech 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from motus_kinematics.core.features import Features


def rule_of(f: Features) -> str | None:
    """The exercise whose rule fits, or None. A figure that was not seen fits no rule."""
    return next((name for name, rule in RULES if rule(f)), None)


def _lying(f: Features) -> bool:
    return f["lean_least"] > 45.0


def _bends_to_the_floor(f: Features) -> bool:
    arms_hang = f["wrist_high"] < -0.7 and f["wrist"] < 0.45
    return arms_hang and f["lean_high"] > 48.0


def _bends_down(f: Features) -> bool:
    """To the floor with hanging arms, or with the trunk more than a squat needs."""
    return _bends_to_the_floor(f) or f["lean"] > 48.0


def _both_legs(f: Features) -> bool:
    return f["knee_together"] > 0.7 and f["hip_together"] > 0.7 and f["hip_apart"] < 45.0 and f["knee_apart"] < 50.0


def _split_legs(f: Features) -> bool:
    stride = f["knee_together"] > 0.6 and f["hip_apart"] > 45.0
    sideways = f["knee_apart"] > 50.0 and f["hip_together"] > 0.8
    return stride or sideways


def _rises_from_a_seat(f: Features) -> bool:
    """The trunk leans forward on the way between two upright ends, and not most where the knees bend most."""
    return f["knee_with_lean"] < 0.25 and f["hip_with_lean"] < 0.45 and f["knee_usual"] > 35.0


def _on_feet(f: Features) -> bool:
    return f["height_usual"] > 0.75


def _turns_the_arms(f: Features) -> bool:
    arms = f["shoulder"] > 60.0 and f["wrist_together"] > 0.5
    return arms and f["twist"] > 25.0 and f["body"] < 0.25


def _low_hands(f: Features) -> bool:
    return f["wrist_high"] < -0.4


def _presses_up(f: Features) -> bool:
    return f["wrist"] > 0.25 and not _on_feet(f)


def _still(f: Features) -> bool:
    legs = not f["knee"] > 15.0 and not f["hip"] > 15.0
    return legs and f["lean"] < 12.0 and f["shoulder"] < 20.0 and not f["elbow"] > 25.0 and f["body"] < 0.08


RULES: Final[tuple[tuple[str, Callable[[Features], bool]], ...]] = (
    ("plank", lambda f: _still(f) and _lying(f) and f["lean_low"] > 0.0),
    ("idle", lambda f: _still(f) and f["upright_low"] > 0.25),
    ("pushup", lambda f: _lying(f) and f["lean_low"] > 0.0 and f["elbow"] > 45.0 and _presses_up(f)),
    ("bench", lambda f: _lying(f) and f["lean_high"] < 0.0 and f["elbow"] > 45.0),
    ("situp", lambda f: f["lean_low"] < -45.0 and f["lean"] > 45.0 and f["lean_usual"] < 0.0 and f["hip"] > 40.0),
    ("russian_twist", lambda f: f["hip_usual"] > 60.0 and f["hip"] < 50.0 and f["twist"] > 35.0 and f["knee"] < 60.0),
    ("pullup", lambda f: f["wrist_low"] > -0.25 and f["wrist_high"] > 0.5 and f["elbow"] > 50.0 and f["body"] > 0.3),
    ("swing", lambda f: _turns_the_arms(f) and f["wrist"] > 1.3 and f["wrist_apart"] < 0.22),
    ("throw", lambda f: _turns_the_arms(f) and f["wrist"] > 1.2 and f["wrist_apart"] > 0.25),
    ("jump", lambda f: f["foot_lift"] > 0.22 and f["knee"] > 40.0 and (f["body_rise"] > 0.18 or f["wrist"] > 1.2)),
    ("run", lambda f: f["knee"] > 80.0 and f["knee_together"] < 0.3 and f["hip_together"] < 0.5),
    ("walk", lambda f: f["knee"] > 30.0 and f["knee_together"] < 0.3 and f["hip_together"] < -0.1),
    (
        "deadlift",
        lambda f: _bends_to_the_floor(f) and f["lean"] > 25.0 and f["knee"] > 45.0 and f["hip_together"] > 0.6,
    ),
    ("hinge", lambda f: f["lean"] > 30.0 and f["knee"] < 45.0 and f["hip"] > 40.0 and f["elbow"] < 45.0),
    (
        "row",
        lambda f: _on_feet(f) and f["lean_usual"] > 25.0 and f["lean"] < 20.0 and f["elbow"] > 50.0 and _low_hands(f),
    ),
    ("sit_to_stand", lambda f: _both_legs(f) and _rises_from_a_seat(f) and f["knee"] > 50.0 and f["hip"] > 35.0),
    ("squat", lambda f: _both_legs(f) and f["knee"] > 50.0 and f["hip"] > 35.0 and not _bends_down(f)),
    ("lunge", lambda f: _split_legs(f) and f["knee"] > 50.0),
    ("press", lambda f: f["wrist_low"] > -0.5 and f["wrist_high"] > 0.5 and f["elbow"] > 50.0 and f["shoulder"] > 50.0),
    (
        "jumping_jack",
        lambda f: f["shoulder"] > 90.0 and f["shoulder_high"] > 125.0 and f["elbow"] < 60.0 and not f["knee"] > 70.0,
    ),
    (
        "lateral_raise",
        lambda f: f["shoulder"] > 50.0 and f["elbow"] < 60.0 and f["wrist_low"] < -0.6 and not f["knee"] > 40.0,
    ),
    (
        "curl",
        lambda f: f["elbow"] > 60.0 and -0.5 < f["wrist_high"] < 0.2 and not f["knee"] > 60.0 and f["lean"] < 30.0,
    ),
)
"""Names and what they need, the first that fits wins: those that hold for the fewest postures come first."""
