"""One repetition against the table of faults: what is wrong, how surely, and what is in order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from motus_coach.policy.faults import Fault
from motus_coach.policy.values import Evidence, Grade, Measured, RepSeen
from motus_register import MEASURES

# The error that a grade allows, by the register's unit: for measures that come without their own standard error.
# Degrees are the grade's bounds; seconds are one and two frames at 30 a second.
ASSUMED_ERROR: Mapping[str, Mapping[Grade, float]] = {
    "deg": {Grade.HIGH: 5.0, Grade.MEDIUM: 10.0, Grade.LOW: 20.0},
    "deg/s": {Grade.HIGH: 20.0, Grade.MEDIUM: 40.0, Grade.LOW: 80.0},
    "s": {Grade.HIGH: 0.035, Grade.MEDIUM: 0.07, Grade.LOW: 0.15},
    "%": {Grade.HIGH: 7.0, Grade.MEDIUM: 14.0, Grade.LOW: 28.0},
    "1": {Grade.HIGH: 0.05, Grade.MEDIUM: 0.1, Grade.LOW: 0.2},
}
_SIDES = {"left": "_right_", "right": "_left_"}


@dataclass(frozen=True)
class Finding:
    """What one repetition says about one fault.

    Attributes:
        near: the value lies on the faulty side of the threshold.
        clear: it does so by more than its standard error, and one repetition is enough.
        mended: the value is good enough to end a fault.
        evidence: what was compared.
    """

    near: bool
    clear: bool
    mended: bool
    evidence: Evidence


def judged(rep: RepSeen, faults: Iterable[Fault], usual: Mapping[str, float]) -> dict[str, Finding]:
    """Findings by fault code; a fault whose measures are absent or graded too badly is left out.

    Args:
        rep: the repetition.
        faults: the faults of its exercise.
        usual: what the repetitions before reached, by measure.
    """
    findings = {}
    for fault in faults:
        finding = _finding(rep, fault, usual)
        if finding is not None:
            findings[fault.code] = finding
    return findings


def usual_values(reps: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Medians over repetitions, by measure."""
    by_name: dict[str, list[float]] = {}
    for values in reps:
        for name, value in values.items():
            by_name.setdefault(name, []).append(value)
    return {name: median(values) for name, values in by_name.items()}


def _finding(rep: RepSeen, fault: Fault, usual: Mapping[str, float]) -> Finding | None:
    usable = [
        (measured.value, name)
        for name in fault.measures
        if (measured := rep.measures.get(name)) is not None
        and measured.grade >= fault.min_grade
        and not (fault.worked_side_only and _SIDES.get(rep.side, "no side") in name)
    ]
    if not usable:
        return None
    value, name = max(usable) if fault.take == "max" else min(usable)
    threshold = fault.threshold(usual.get(name))
    if threshold is None:
        return None
    mended = fault.mended if fault.mended is not None else threshold
    short_by = value - threshold if fault.above is not None else threshold - value
    return Finding(
        near=short_by > 0,
        clear=fault.at_once and short_by > _error(name, rep.measures[name]),
        mended=value <= mended if fault.above is not None else value >= mended,
        evidence=Evidence(name, value, threshold, rep.ordinal),
    )


def _error(name: str, measured: Measured) -> float:
    if measured.standard_error is not None:
        return measured.standard_error
    return ASSUMED_ERROR[MEASURES[name].unit][measured.grade]
