"""How far a repetition went: ranges of motion, extremes, depth, asymmetry."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import SIDES, Absence, Grade
from motus_kinematics.core.course import common_course
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.measured import Measured, absent, graded
from motus_kinematics.core.ranked import quantile

_PEAKS: Final = ("knee_flexion", "hip_flexion", "elbow_flexion", "shoulder_elevation", "ankle_dorsiflexion")
_MINIMA: Final = ("knee_flexion", "hip_flexion", "elbow_flexion")
EXTREME: Final = 0.97
"""Quantile that stands for a peak: a single frame decides nothing."""
Law: TypeAlias = tuple[float, float]
"""Factors on an angle's usual standard error and on how far it wandered off the movement's course."""
PEAK: Final[Law] = (0.8, 1.2)
LOW_POINT: Final[Law] = (0.9, 0.5)
RANGE: Final[Law] = (0.55, 2.3)
"""The standard errors of largest values, smallest ones and ranges: the squares of both parts add up. A bias shifts both
ends of a range alike; what wanders widens it. Fitted so that 80 % of the errors lie within 1.2816 of them, on synthetic
athletes with even seeds, medium noise, all views; `tools/calibrate_ranges.py` prints them anew."""
COMPANY: Final = 3
"""So many repetitions before it tell how far the joints go when the body as a whole goes so far."""
MOSTLY_FRONT: Final = 0.5
MOSTLY_SIDE: Final = 0.87
"""Bounds of `side_view_ratio`: within 30 degrees of the front or the back, and within 30 degrees of the side."""

EXTREMES: Final = (
    *((f"peak_{joint}_{side}_deg", f"{joint}_{side}_deg", EXTREME) for joint in _PEAKS for side in SIDES),
    *((f"min_{joint}_{side}_deg", f"{joint}_{side}_deg", 1.0 - EXTREME) for joint in _MINIMA for side in SIDES),
    ("trunk_lean_peak_deg", "trunk_lean_deg", EXTREME),
)
"""Measures that are the largest or smallest value of a channel within the repetition."""


def reach(rows: CycleRows, before: tuple[CycleRows, ...]) -> tuple[Measured, ...]:
    """All measures of how far the repetition went, in the company of those before it."""
    return (
        *_ranges(rows, before),
        *(_extreme(rows, name, channel, share) for name, channel, share in EXTREMES),
        _depth(rows),
        _range(rows, "trunk_lean_range_deg", "trunk_lean_deg"),
        _sideways(rows),
        _range(rows, "hip_drop_ratio", "hip_height_ratio"),
    )


def _ranges(rows: CycleRows, before: tuple[CycleRows, ...]) -> tuple[Measured, ...]:
    """Range of motion: of both sides together, of each, and the difference between them."""
    company, ways = (*before, rows), _ways((*before, rows))
    if not rows.paired:
        whole = _range_of_motion(company, ways, "range_of_motion_deg", rows.primaries[0])
        names = ("range_of_motion_left_deg", "range_of_motion_right_deg", "range_asymmetry_percent")
        return whole, *(absent(name, Absence.NOT_APPLICABLE) for name in names)
    by_side = {
        side: _range_of_motion(company, ways, f"range_of_motion_{side}_deg", channel)
        for side, channel in zip((rows.side,) if rows.side else SIDES, rows.primaries, strict=True)
    }
    idle = absent("", Absence.NOT_APPLICABLE)
    left, right = (by_side.get(side, idle) for side in SIDES)
    known = [m for m in (left, right) if np.isfinite(m.value)]
    if not known:
        whole = absent("range_of_motion_deg", next(iter(by_side.values())).absence)
    else:
        weights = np.array([1.0 / m.standard_error**2 for m in known])
        mean = float(np.average([m.value for m in known], weights=weights))
        whole = graded("range_of_motion_deg", mean, min(m.standard_error for m in known))
    sides = (replace(m, name=f"range_of_motion_{side}_deg") for side, m in zip(SIDES, (left, right), strict=True))
    return whole, *sides, _asymmetry(left, right, rows.quantile("side_view_ratio", 0.5))


def _asymmetry(left: Measured, right: Measured, side_view: float) -> Measured:
    """Right minus left over their mean in percent; only where the camera sees both sides alike (biomech 6)."""
    name = "range_asymmetry_percent"
    for side in (left, right):
        if side.absence is not Absence.PRESENT:
            return absent(name, side.absence)
    worst = max(left.grade, right.grade)
    mean = (left.value + right.value) / 2.0
    if worst > Grade.LOW or mean <= 0.0 or not side_view < MOSTLY_SIDE:
        return absent(name, Absence.VIEW)
    # Off the front or back the far side's range is guessed from depth: good for a curve, not for a judgement.
    worst = max(worst, Grade.HIGH if side_view < MOSTLY_FRONT else Grade.LOW)
    error = float(np.hypot(left.standard_error, right.standard_error)) / mean * 100.0
    return Measured(name, (right.value - left.value) / mean * 100.0, error, worst)


def _ways(company: tuple[CycleRows, ...]) -> list[float]:
    """How far the body as a whole went in each of several repetitions, in a unit that they share; NaN where unknown."""
    positions = np.concatenate([rows.positions for rows in company])
    course = common_course(positions, np.concatenate([rows.position_sigmas for rows in company]))
    if course is None:
        return [np.nan] * len(company)
    parts = np.split(course, np.cumsum([len(rows.t_s) for rows in company])[:-1])
    return [_spread(np.sort(part[np.isfinite(part)])) for part in parts]


def _range_of_motion(company: tuple[CycleRows, ...], ways: list[float], name: str, channel: str) -> Measured:
    """How far a joint moves in the last of several repetitions.

    A joint's own range scatters by the errors at its two ends. That of the whole body's way scatters less, so half of
    the change from repetition to repetition is taken from there.
    """
    *earlier, own = (_range(rows, name, channel) for rows in company)
    known = [(m.value, way) for m, way in zip((*earlier, own), ways, strict=True) if np.isfinite(m.value * way)]
    if len(known) < 2 or not np.isfinite(own.value * ways[-1]):
        return own
    usual, usual_way = np.mean(known, axis=0)
    return replace(own, value=float(own.value + usual * ways[-1] / usual_way) / 2.0)


def _range(rows: CycleRows, name: str, channel: str) -> Measured:
    """How far a channel moves within the cycle."""
    if missing := rows.missing(name, channel):
        return missing
    return graded(name, _spread(rows.steady(channel).values), _error(rows, channel, RANGE))


def _spread(ranked: Floats) -> float:
    """From the low to the high extreme of values in ascending order; NaN of nothing."""
    return quantile(ranked, EXTREME) - quantile(ranked, 1.0 - EXTREME)


def _extreme(rows: CycleRows, name: str, channel: str, share: float) -> Measured:
    """The largest or smallest value of a channel within the cycle."""
    if missing := rows.missing(name, channel):
        return missing
    law = PEAK if share > 0.5 else LOW_POINT
    return graded(name, quantile(rows.steady(channel).values, share), _error(rows, channel, law))


def _error(rows: CycleRows, channel: str, law: Law) -> float:
    """The standard error of what is read from the extremes of a channel."""
    return float(np.hypot(law[0] * rows.sigma(channel), law[1] * rows.steady(channel).wander))


def _depth(rows: CycleRows) -> Measured:
    """Largest thigh elevation on the better seen side."""
    channel = min((f"thigh_elevation_{side}_deg" for side in SIDES), key=rows.sigma)
    return _extreme(rows, "peak_thigh_elevation_deg", channel, EXTREME)


def _sideways(rows: CycleRows) -> Measured:
    """The lateral lean of the largest size, with its sign."""
    name, channel = "trunk_lean_lateral_peak_deg", "trunk_lean_lateral_deg"
    ends = [_extreme(rows, name, channel, share) for share in (EXTREME, 1.0 - EXTREME)]
    return max(ends, key=lambda m: abs(m.value))
