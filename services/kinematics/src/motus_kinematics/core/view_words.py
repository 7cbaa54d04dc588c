"""A view in words: what can be measured from there, and the one thing that would improve it most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from motus_kinematics.core.channels import Grade

TOO_SMALL: Final = 0.3
"""Athlete's height over the picture's, below which landmarks are coarse."""
TOO_SLOW_HZ: Final = 20.0
FRONT_DEG, SIDE_DEG = 30.0, 60.0
"""Up to the one, off the front or the back, a view is frontal; from the other on it is a side view."""
_NAMED: Final = {
    "knee_flexion": "knees",
    "hip_flexion": "hips",
    "trunk_lean": "trunk lean",
    "trunk_lean_lateral": "sideways lean",
    "trunk_rotation": "trunk rotation",
    "knee_valgus": "knee valgus",
    "hip_abduction": "hip abduction",
    "elbow_flexion": "elbows",
    "shoulder_elevation": "shoulders",
    "ankle_dorsiflexion": "ankles",
}
_CUT: Final = (
    ("head_cut", "Tilt the camera up or step back: the head is outside of the picture."),
    ("hands_cut", "Step back: the hands are outside of the picture."),
    ("feet_cut", "Step back or tilt the camera down: the feet are outside of the picture."),
)
_CLOSER: Final = ("too_small", "Put the camera closer: the athlete fills too little of the picture.")
_FASTER: Final = ("too_few_frames", "Film with at least 30 frames a second: fast parts are missed.")
_TURN: Final = ("turn_side", "For knees, hips and trunk lean, turn your side to the camera.")
_FINE: Final = ("", "")


def hint(azimuth_deg: float, cut: tuple[bool, ...], height_share: float, rate_hz: float) -> tuple[str, str]:
    """Stable code and sentence of what would improve the view most; empty when it is good.

    What is outside of the picture is lost altogether, so it comes first, feet before hands before head.

    Args:
        azimuth_deg: Where the camera stands: 0 in front of the athlete, 90 at their left.
        cut: Whether head, hands and feet are outside of the picture.
        height_share: Athlete's height over the picture's.
        rate_hz: Frames a second; NaN when not known.
    """
    for outside, advice in reversed(list(zip(cut, _CUT, strict=True))):
        if outside:
            return advice
    if height_share < TOO_SMALL:
        return _CLOSER
    if rate_hz < TOO_SLOW_HZ:
        return _FASTER
    return _FINE if _off_front(azimuth_deg) > SIDE_DEG else _TURN


def sentence(azimuth_deg: float, grades: Mapping[str, Grade]) -> str:
    """Where the camera stands, what is gradable from there, what roughly and what not."""
    best: dict[str, Grade] = {}
    for channel, grade in grades.items():
        joint = channel.removesuffix("_deg").removesuffix("_left").removesuffix("_right")
        if joint in _NAMED and grade is not Grade.ABSENT:
            best[joint] = min(best.get(joint, Grade.NONE), grade)
    well, roughly, never = (
        [_NAMED[joint] for joint, grade in best.items() if low <= grade <= high]
        for low, high in ((Grade.HIGH, Grade.MEDIUM), (Grade.LOW, Grade.LOW), (Grade.NONE, Grade.NONE))
    )
    parts = (("gradable", well), ("roughly", roughly), ("not", never))
    told = "; ".join(f"{word}: {', '.join(names)}" for word, names in parts if names)
    return f"Seen from {place(azimuth_deg)}. {told[:1].upper()}{told[1:]}."


def place(azimuth_deg: float) -> str:
    """Where the camera stands, in words."""
    side = "left" if azimuth_deg > 0.0 else "right"
    if _off_front(azimuth_deg) > SIDE_DEG:
        return f"the {side}"
    ahead = "the front" if abs(azimuth_deg) < 90.0 else "behind"
    return ahead if _off_front(azimuth_deg) < FRONT_DEG else f"{ahead} and the {side}"


def _off_front(azimuth_deg: float) -> float:
    """Degrees off the front or the back, 0 to 90."""
    return 90.0 - abs(abs(azimuth_deg) - 90.0)
