"""What is measured in one repetition: each measure with its expected error, or the reason why it is absent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.boundaries import leaves_turn, reaches_turn
from motus_kinematics.core.channels import DIFFERENTIATED, INDEX, SIDES, Absence, Grade, grade_of
from motus_kinematics.core.composite import GUESSED_DEG, Composite
from motus_kinematics.core.counting import Cycle
from motus_kinematics.core.exercises import Exercise
from motus_kinematics.core.history import Table

_PEAKS: Final = ("knee_flexion", "hip_flexion", "elbow_flexion", "shoulder_elevation", "ankle_dorsiflexion")
_MINIMA: Final = ("knee_flexion", "hip_flexion", "elbow_flexion")
CURVE_POINTS: Final = 32
EXTREME: Final = 0.97
"""Quantile that stands for a peak: a single frame decides nothing."""
MIN_HOLD_S: Final = 0.2
"""A movement that turns at once dwells near its extreme for almost as long."""
MIN_ROWS: Final = 5
MOSTLY_FRONT: Final = 0.5
MOSTLY_SIDE: Final = 0.87
"""Bounds of `side_view_ratio`: within 30 degrees of the front or the back, and within 30 degrees of the side."""
FINE_INTERVAL_S: Final = 0.05
"""Frames at least this close give a trustworthy timing."""


EXTREMES: Final = (
    *((f"peak_{joint}_{side}_deg", f"{joint}_{side}_deg", EXTREME) for joint in _PEAKS for side in SIDES),
    *((f"min_{joint}_{side}_deg", f"{joint}_{side}_deg", 1.0 - EXTREME) for joint in _MINIMA for side in SIDES),
    ("trunk_lean_peak_deg", "trunk_lean_deg", EXTREME),
)
"""Measures that are the largest or smallest value of a channel within the repetition."""


@dataclass(frozen=True)
class Measured:
    """One figure of a repetition, by its name in the register.

    Attributes:
        name: Name in the register of measures.
        value: In the register's unit; NaN when absent.
        standard_error: In the same unit; NaN when only the grade is known.
        grade: Trust in the value.
        absence: Why there is no value; PRESENT when there is one.
    """

    name: str
    value: float
    standard_error: float = np.nan
    grade: Grade = Grade.ABSENT
    absence: Absence = Absence.PRESENT


@dataclass(frozen=True)
class Timing:
    """When the way out of a cycle ended and the way back began; both the turn when nothing was held."""

    out_end_s: float
    back_start_s: float


@dataclass(frozen=True)
class Curve:
    """A repetition's primary angle, evenly resampled from its start to its end."""

    channel: str
    values: tuple[float, ...]


def timing(composite: Composite, cycle: Cycle) -> Timing:
    """Splits a cycle into the way out, the hold at the turn and the way back."""
    if cycle.one_way:
        return Timing(cycle.turn_s, cycle.end_s)
    t_s, level = composite.t_s, -composite.level
    start, turn, end = (int(np.searchsorted(t_s, moment)) for moment in (cycle.start_s, cycle.turn_s, cycle.end_s))
    start, end = max(start - 1, 0), min(end, len(t_s) - 1)
    out_end_s = reaches_turn(t_s[start : turn + 1], level[start : turn + 1], 0, turn - start)
    back_start_s = leaves_turn(t_s[turn : end + 1], level[turn : end + 1], 0, end - turn)
    if back_start_s - out_end_s < MIN_HOLD_S:
        return Timing(cycle.turn_s, cycle.turn_s)
    return Timing(out_end_s, back_start_s)


def measure_cycle(
    table: Table, composite: Composite, cycle: Cycle, exercise: Exercise, rest_before_s: float, likeness: float
) -> tuple[Measured, ...]:
    """All measures of the register for one cycle.

    Args:
        table: The past that the cycle lies in.
        composite: The signal it was found in.
        cycle: The cycle.
        exercise: What was done.
        rest_before_s: Time since the end of the cycle before, NaN for the first of a set.
        likeness: Correlation with the set's other cycles, NaN when there is none.
    """
    parts = timing(composite, cycle)
    view = _View(table, cycle, exercise)
    measures = (
        *_timings(view, cycle, parts, _out_is_eccentric(exercise, cycle), rest_before_s),
        *_ranges(view),
        *(_extreme(view, name, channel, share) for name, channel, share in EXTREMES),
        _depth(view),
        _range(view, "trunk_lean_range_deg", "trunk_lean_deg"),
        _sideways(view),
        *_speeds(view, cycle, parts, _out_is_eccentric(exercise, cycle)),
        _range(view, "hip_drop_ratio", "hip_height_ratio"),
        _plain("similarity_ratio", likeness, Absence.NOT_APPLICABLE),
    )
    if cycle.complete or cycle.one_way:
        return measures
    back = "concentric" if _out_is_eccentric(exercise, cycle) else "eccentric"
    return tuple(_unless_open(measure, back) for measure in measures)


def _unless_open(measure: Measured, back: str) -> Measured:
    """Leaves out what cannot be known while a cycle is still on its way back."""
    if measure.name in ("rep_duration_s", "similarity_ratio") or measure.name.startswith(back):
        return Measured(measure.name, np.nan, absence=Absence.TOO_FEW_FRAMES)
    return measure


def curve(table: Table, cycle: Cycle, exercise: Exercise) -> Curve:
    """The primary angle of the better seen side over a cycle; unseen rows are bridged, empty when all are."""
    view = _View(table, cycle, exercise)
    channel = min(view.primaries, key=view.sigma)
    values = view.values(channel)
    known = np.isfinite(values)
    if known.sum() < 2:
        return Curve(channel, ())
    moments = np.linspace(cycle.start_s, cycle.end_s, CURVE_POINTS)
    return Curve(channel, tuple(np.interp(moments, view.t_s[known], values[known]).tolist()))


def likeness(composite: Composite, cycle: Cycle, others: tuple[Cycle, ...]) -> float:
    """Correlation of a cycle's signal with the mean of the others', over 32 points; NaN without others."""
    if not others:
        return np.nan
    shape = _shape(composite, cycle)
    template = np.mean([_shape(composite, other) for other in others], axis=0)
    norm = float(np.linalg.norm(shape) * np.linalg.norm(template))
    return float(shape @ template) / norm if norm > 0.0 else np.nan


def _shape(composite: Composite, cycle: Cycle) -> Floats:
    """A cycle's signal at evenly spaced moments, without its mean."""
    level = np.interp(np.linspace(cycle.start_s, cycle.end_s, CURVE_POINTS), composite.t_s, composite.level)
    centered: Floats = level - level.mean()
    return centered


def _out_is_eccentric(exercise: Exercise, cycle: Cycle) -> bool:
    return exercise.eccentric_first != cycle.upside_down


class _View:
    """The rows of a table that a cycle covers."""

    def __init__(self, table: Table, cycle: Cycle, exercise: Exercise) -> None:
        first = int(np.searchsorted(table.t_s, cycle.start_s))
        last = int(np.searchsorted(table.t_s, cycle.end_s, side="right"))
        self._table, self._rows = table, slice(first, last)
        self.t_s = table.t_s[first:last]
        sides = (cycle.side,) if cycle.side else SIDES
        self.primaries = tuple(dict.fromkeys(exercise.primary_channel(side) for side in sides))
        self.paired = exercise.paired
        self.side = cycle.side

    def values(self, channel: str) -> Floats:
        """(n,) smoothed values."""
        values: Floats = self._table.values[self._rows, INDEX[channel]]
        return values

    def rates(self, channel: str) -> Floats:
        """(n,) velocities; all NaN for a channel that is not differentiated."""
        if channel not in DIFFERENTIATED:
            return np.full(len(self.t_s), np.nan)
        rates: Floats = self._table.rates[self._rows, DIFFERENTIATED.index(channel)]
        return rates

    def sigma(self, channel: str) -> float:
        """Usual expected error; infinite when the channel was hardly seen."""
        sigmas = self._table.sigmas[self._rows, INDEX[channel]]
        known = sigmas[np.isfinite(sigmas) & np.isfinite(self.values(channel))]
        return float(np.median(known)) if len(known) >= MIN_ROWS else np.inf

    def quantile(self, channel: str, share: float) -> float:
        """A quantile of the values that are known."""
        values = self.values(channel)
        known = values[np.isfinite(values)]
        return float(np.quantile(known, share)) if len(known) else np.nan


def _plain(name: str, value: float, otherwise: Absence, grade: Grade = Grade.HIGH) -> Measured:
    """A figure without a standard error, or the reason why there is none."""
    if not np.isfinite(value):
        return Measured(name, np.nan, absence=otherwise)
    return Measured(name, value, grade=grade)


def _graded(name: str, value: float, sigma: float) -> Measured:
    """A figure with its standard error; ratios are graded as their equivalent in degrees of a leg's swing."""
    degrees = sigma if name.endswith(("_deg", "_deg_s")) else float(np.degrees(sigma))
    return Measured(name, value, sigma, grade_of(degrees))


def _missing(view: _View, name: str, channel: str) -> Measured | None:
    """Why a measure of a channel is absent, or None when it can be made."""
    sigma = view.sigma(channel)
    if not np.isfinite(sigma):
        reason = Absence.TOO_FEW_FRAMES if len(view.t_s) < MIN_ROWS else Absence.OCCLUDED
        return Measured(name, np.nan, absence=reason)
    if channel.endswith("_deg") and sigma >= GUESSED_DEG:
        return Measured(name, np.nan, absence=Absence.OCCLUDED)
    return None


def _timings(view: _View, cycle: Cycle, parts: Timing, eccentric_out: bool, rest_s: float) -> tuple[Measured, ...]:
    """Duration, tempo and the rest before."""
    interval_s = float(np.median(np.diff(view.t_s))) if len(view.t_s) > 1 else np.inf
    grade = Grade.HIGH if interval_s <= FINE_INTERVAL_S else Grade.MEDIUM
    out_s = parts.out_end_s - cycle.start_s
    back_s = np.nan if cycle.one_way else cycle.end_s - parts.back_start_s
    eccentric_s, concentric_s = (out_s, back_s) if eccentric_out else (back_s, out_s)
    rows = {
        "rep_duration_s": cycle.end_s - cycle.start_s,
        "eccentric_s": eccentric_s,
        "turn_hold_s": np.nan if cycle.one_way else parts.back_start_s - parts.out_end_s,
        "concentric_s": concentric_s,
        "rest_before_s": rest_s,
    }
    return tuple(_plain(name, value, Absence.NOT_APPLICABLE, grade) for name, value in rows.items())


def _ranges(view: _View) -> tuple[Measured, ...]:
    """Range of motion: of both sides together, of each, and the difference between them."""
    if not view.paired:
        whole = _range(view, "range_of_motion_deg", view.primaries[0])
        names = ("range_of_motion_left_deg", "range_of_motion_right_deg", "range_asymmetry_percent")
        return whole, *(Measured(name, np.nan, absence=Absence.NOT_APPLICABLE) for name in names)
    by_side = {
        side: _range(view, f"range_of_motion_{side}_deg", channel)
        for side, channel in zip((view.side,) if view.side else SIDES, view.primaries, strict=True)
    }
    idle = Measured("", np.nan, absence=Absence.NOT_APPLICABLE)
    left, right = (by_side.get(side, idle) for side in SIDES)
    known = [m for m in (left, right) if np.isfinite(m.value)]
    if not known:
        whole = Measured("range_of_motion_deg", np.nan, absence=next(iter(by_side.values())).absence)
    else:
        weights = np.array([1.0 / m.standard_error**2 for m in known])
        mean = float(np.average([m.value for m in known], weights=weights))
        whole = _graded("range_of_motion_deg", mean, min(m.standard_error for m in known))
    sides = (replace(m, name=f"range_of_motion_{side}_deg") for side, m in zip(SIDES, (left, right), strict=True))
    return whole, *sides, _asymmetry(left, right, view.quantile("side_view_ratio", 0.5))


def _asymmetry(left: Measured, right: Measured, side_view: float) -> Measured:
    """Right minus left over their mean in percent; only where the camera sees both sides alike (biomech 6)."""
    name = "range_asymmetry_percent"
    for side in (left, right):
        if side.absence is not Absence.PRESENT:
            return Measured(name, np.nan, absence=side.absence)
    worst = max(left.grade, right.grade)
    mean = (left.value + right.value) / 2.0
    if worst > Grade.MEDIUM or mean <= 0.0 or not side_view < MOSTLY_SIDE:
        return Measured(name, np.nan, absence=Absence.VIEW)
    # Off the front or back the far side's range is guessed from depth: good for a curve, not for a judgement.
    worst = max(worst, Grade.HIGH if side_view < MOSTLY_FRONT else Grade.LOW)
    error = float(np.hypot(left.standard_error, right.standard_error)) / mean * 100.0
    return Measured(name, (right.value - left.value) / mean * 100.0, error, worst)


def _range(view: _View, name: str, channel: str) -> Measured:
    """How far a channel moves within the cycle. A slow bias is in both ends, so the error is that of one."""
    if missing := _missing(view, name, channel):
        return missing
    moved = view.quantile(channel, EXTREME) - view.quantile(channel, 1.0 - EXTREME)
    return _graded(name, moved, view.sigma(channel))


def _extreme(view: _View, name: str, channel: str, share: float) -> Measured:
    """The largest or smallest value of a channel within the cycle."""
    if missing := _missing(view, name, channel):
        return missing
    return _graded(name, view.quantile(channel, share), view.sigma(channel))


def _depth(view: _View) -> Measured:
    """Largest thigh elevation on the better seen side."""
    channel = min((f"thigh_elevation_{side}_deg" for side in SIDES), key=view.sigma)
    return _extreme(view, "peak_thigh_elevation_deg", channel, EXTREME)


def _sideways(view: _View) -> Measured:
    """The lateral lean of the largest size, with its sign."""
    name, channel = "trunk_lean_lateral_peak_deg", "trunk_lean_lateral_deg"
    ends = [_extreme(view, name, channel, share) for share in (EXTREME, 1.0 - EXTREME)]
    return max(ends, key=lambda m: abs(m.value))


def _speeds(view: _View, cycle: Cycle, parts: Timing, eccentric_out: bool) -> tuple[Measured, ...]:
    """Mean and peak speed of the primary angle, eccentric and concentric."""
    spans = [(cycle.start_s, parts.out_end_s), (parts.back_start_s, cycle.end_s)]
    phases = zip(("eccentric", "concentric"), spans if eccentric_out else spans[::-1], strict=True)
    channel = min(view.primaries, key=view.sigma)
    return tuple(measured for phase, span in phases for measured in _speed(view, channel, phase, span))


def _speed(view: _View, channel: str, phase: str, span: tuple[float, float]) -> tuple[Measured, ...]:
    """Mean and peak speed of a channel in one phase."""
    names = (f"{phase}_mean_velocity_deg_s", f"{phase}_peak_velocity_deg_s")
    if missing := _missing(view, names[0], channel):
        return tuple(replace(missing, name=name) for name in names)
    rows = (view.t_s >= span[0]) & (view.t_s <= span[1])
    speeds = np.abs(view.rates(channel)[rows])
    speeds = speeds[np.isfinite(speeds)]
    if len(speeds) < MIN_ROWS - 1:
        reason = Absence.NOT_APPLICABLE if channel not in DIFFERENTIATED or not rows.any() else Absence.TOO_FEW_FRAMES
        return tuple(Measured(name, np.nan, absence=reason) for name in names)
    grade = grade_of(view.sigma(channel))
    figures = (float(speeds.mean()), float(np.quantile(speeds, EXTREME)))
    return tuple(Measured(name, figure, grade=grade) for name, figure in zip(names, figures, strict=True))
