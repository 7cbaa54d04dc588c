"""The gates: what each figure shall be, what it is held at until then, and how it is read. Data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path

Interval = tuple[float, float]
NOISE = "medium"
SETS = 25
"""Held-out recordings of each movement in each view on which the gates rest: some eight minutes on two cores."""
UNNAMED = 6
"""How many of them are also run without the exercise given, which costs as much again."""


@dataclass(frozen=True)
class Gate:
    """One figure of the synthetic athletes (medium noise, held-out seeds) and where it shall lie.

    Attributes:
        figure: Its name.
        aim: Lowest and highest value that meets the gate.
        held: The best level reached while the aim is not: it shall not get worse than this.
        reading: What it is made from.
    """

    figure: str
    aim: Interval
    held: Interval
    reading: str

    @property
    def aim_text(self) -> str:
        """The aim in words."""
        return interval_text(self.aim)

    def met(self, value: float) -> bool:
        """Whether a value meets the aim."""
        return _within(value, self.aim)

    def kept(self, value: float) -> bool:
        """Whether a value is no worse than what was reached."""
        return _within(value, self.aim) or _within(value, self.held)


HELD_FILE = Path(__file__).with_name("held.json")
HELD: dict[str, float] = json.loads(HELD_FILE.read_text(encoding="utf-8"))
"""The best that was reached where an aim is missed, by figure; written by `bench/accuracy.py --hold`."""
COVERAGE: Interval = (0.75, 0.88)
SLACK = 0.02


def interval_text(interval: Interval) -> str:
    """An interval in words."""
    low, high = interval
    if not isfinite(low):
        return f"≤ {high:g}"
    return f"{low:g} to {high:g}" if isfinite(high) else f"≥ {low:g}"


def _within(value: float, interval: Interval) -> bool:
    return isfinite(value) and interval[0] <= value <= interval[1]


def at_most(figure: str, aim: float, reading: str) -> Gate:
    """A gate on an error."""
    return Gate(figure, (-inf, aim), (-inf, HELD.get(figure, aim)), reading)


def at_least(figure: str, aim: float, reading: str) -> Gate:
    """A gate on a share."""
    return Gate(figure, (aim, inf), (HELD.get(figure, aim), inf), reading)


def covers(figure: str, what: str) -> Gate:
    """A gate on the stated errors of one grade, held on the side on which it is missed."""
    low, high = COVERAGE
    held = HELD.get(figure, low)
    reading = f"truth within the stated 80 % interval, all {what}, all views, grade {figure.rpartition('_')[2]}"
    return Gate(figure, COVERAGE, (min(low, held), max(high, held)), reading)


def reached(values: dict[str, float]) -> dict[str, float]:
    """What to hold the missed gates at from now on: a run's figures, with a little slack for other processors."""
    missed = [gate for gate in GATES if not gate.met(values[gate.figure]) and isfinite(values[gate.figure])]
    return {gate.figure: round(values[gate.figure] + SLACK * _towards_worse(gate, values), 4) for gate in missed}


def _towards_worse(gate: Gate, values: dict[str, float]) -> float:
    """The size of a missed figure, with the sign of getting worse."""
    value = values[gate.figure]
    return value if value > gate.aim[1] else -value


GATES = (
    at_most("knee_flexion_lateral_mae_deg", 8.0, "near side, movements in which it moves 15° or more"),
    at_most("hip_flexion_lateral_mae_deg", 8.0, "near side, movements in which it moves 15° or more"),
    at_most("elbow_flexion_lateral_mae_deg", 8.0, "near side, movements in which it moves 15° or more"),
    at_most("shoulder_elevation_lateral_mae_deg", 10.0, "near side, movements in which it moves 15° or more"),
    at_most("trunk_rotation_frontal_mae_deg", 10.0, "frontal view, movements in which it moves 15° or more"),
    at_most("rom_change_mae_deg", 4.0, "against the mean of a set's first two, graded medium or better, all views"),
    at_most("squat_velocity_rmse_deg_s", 35.0, "knee and hip of the near side, lateral"),
    at_most("knee_peak_repeat_deg", 5.0, "SD within a set of stated minus true peak, near side, lateral"),
    at_most("hip_peak_repeat_deg", 8.0, "SD within a set of stated minus true peak, near side, lateral"),
    at_least("reps_exact_share", 0.95, "exercise given, all views"),
    at_least("reps_off_by_one_share", 0.98, "exercise given, all views"),
    at_most("idle_false_reps_per_min", 0.2, "any exercise given, nothing done"),
    at_most("idle_unnamed_false_reps_per_min", 0.2, "no exercise given, nothing done"),
    at_least("class_macro_f1", 0.95, "name at the end of the set, not given; idle and unknown among the classes"),
    at_most("phase_boundary_s", 0.1, "mean absolute error of starts and ends of all phases that move, all views"),
    at_least("explosive_right_share", 0.9, "mean of the shares right among explosive and controlled repetitions"),
    at_least("shaky_right_share", 0.9, "mean of the shares right among shaky and stable repetitions"),
    covers("coverage_high", "angles"),
    covers("coverage_medium", "angles"),
    covers("coverage_low", "angles"),
    covers("phase_coverage_high", "measures of phases"),
    covers("phase_coverage_medium", "measures of phases"),
    covers("phase_coverage_low", "measures of phases"),
)

REPORTED = (
    ("tremor", "shaky or stable, which follows from it, is gated"),
    ("sparc", "shaky or stable is gated"),
    ("smoothness", "shaky or stable is gated"),
    ("sticking", "seen in a part of all athletes only (biomech 5)"),
    ("_velocity", "gated in squats, where a frame rate of 30 suffices"),
    ("rest_before", "follows from starts and ends, which are gated"),
    ("rep_duration", "follows from starts and ends, which are gated"),
    ("asymmetry", "within the camera's error below 15 % (biomech 6)"),
    ("similarity", "a likeness among repetitions, without a truth of its own"),
    ("hip_drop", "heights in the picture serve counting; the counts are gated"),
    ("_height_ratio", "heights in the picture serve counting; the counts are gated"),
    ("ankle_dorsiflexion", "heel and toe are the noisiest points: 7 to 25° in the literature"),
    ("thigh_elevation", "depth follows from hip and knee, which are gated"),
    ("trunk_lean_lateral", "moves too little in the movements shown for a gate to say much"),
    ("trunk_lean", "hip flexion, of which it is a part, is gated"),
    ("acceleration", "white-noise gain leaves nothing of a slow repetition's (biomech 2)"),
    ("valgus", "a traffic light, no degrees (biomech 7)"),
    ("frontal_plane", "a traffic light, no degrees (biomech 7)"),
    ("yaw", "serves the view; trunk rotation is gated"),
    ("shape", "a proxy without a truth of its own (biomech 1.1)"),
    ("neck", "a posture cue"),
    ("abduction", "seen from the front only, where nothing is promised yet"),
    ("plane", "defined only for a lifted arm; elevation is gated"),
    ("hinge", "follows from hip flexion and trunk lean"),
)
"""Why a measure whose name contains this has no gate of its own, the first that fits."""
GATED = {
    "knee_flexion_deg": "knee_flexion_lateral_mae_deg",
    "hip_flexion_deg": "hip_flexion_lateral_mae_deg",
    "elbow_flexion_deg": "elbow_flexion_lateral_mae_deg",
    "shoulder_elevation_deg": "shoulder_elevation_lateral_mae_deg",
    "trunk_rotation_deg": "trunk_rotation_frontal_mae_deg",
    "range_of_motion_deg": "rom_change_mae_deg",
    "peak_knee_flexion_deg": "knee_peak_repeat_deg",
    "peak_hip_flexion_deg": "hip_peak_repeat_deg",
    "eccentric_s": "phase_boundary_s",
    "concentric_s": "phase_boundary_s",
    "turn_hold_s": "phase_boundary_s",
    "explosive_ratio": "explosive_right_share",
    "shaky_ratio": "shaky_right_share",
}
"""The gate that holds a measure."""


def gate_of(measure: str) -> str:
    """The gate of a measure, or the reason why it is only reported."""
    if measure.startswith("phase_"):
        return "phase_coverage_…, by its grade"
    if measure in GATED:
        return GATED[measure]
    reason = next((why for part, why in REPORTED if part in measure), "the channel whose extreme it is is gated")
    return f"reported only: {reason}"
