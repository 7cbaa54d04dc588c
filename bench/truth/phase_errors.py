"""The measures of the phases of counted repetitions against what was truly done in them."""

from __future__ import annotations

import numpy as np

from motus_kinematics.core.channels import SIDES, velocity_name
from motus_kinematics.core.events import RepEvent
from motus_kinematics.core.exercises import EXERCISES
from motus_kinematics.core.smoothness import sparc
from motus_kinematics.core.speeds import NEAR_PEAK, PEAK_SHARE
from motus_samples.synthetic import Recording, TruePhase
from truth.channels import Errors
from truth.heard import Heard
from truth.reps import matched, moving_phases, said_of, shared_s, take_in

PREFIX = "phase_"
"""Goes before the name of a phase's measure, which also repetitions have."""


def phase_errors(heard: Heard, recording: Recording) -> Errors:
    """Errors of the measures of all phases that move, of all counted repetitions."""
    errors: Errors = {}
    counted = ((rep, event) for rep, event in matched(heard, recording) if event is not None)
    for rep, event in counted:
        for phase in moving_phases(recording, rep):
            said = said_of(event, phase)
            if said is None or shared_s(said, phase) <= 0.0:
                continue
            true = true_measures(recording, event, phase)
            for measure in said.measures:
                if np.isfinite(true.get(measure.name, np.nan)):
                    key = (f"{PREFIX}{measure.name}", "", int(measure.grade))
                    take_in(errors, key, measure, true[measure.name])
    return errors


def true_measures(recording: Recording, event: RepEvent, phase: TruePhase) -> dict[str, float]:
    """The measures of the register that a phase truly has; of the sides that work, their mean."""
    true = {"duration_s": phase.end_s - phase.start_s}
    exercise, rows = EXERCISES.get(event.record.exercise), _rows(recording, phase)
    if exercise is None or rows.stop - rows.start < 2:
        return true
    sides = (event.record.cycle.side,) if event.record.cycle.side else SIDES
    names = dict.fromkeys(exercise.primary_channel(side) for side in sides)
    found = [_of_channel(recording, name, rows) for name in names if velocity_name(name) in recording.truth.channels]
    return true | {name: float(np.mean([one[name] for one in found])) for name in (found[0] if found else ())}


def _rows(recording: Recording, phase: TruePhase) -> slice:
    first, last = np.searchsorted(recording.t_s, [phase.start_s, phase.end_s])
    return slice(int(first), int(last) + 1)


def _of_channel(recording: Recording, name: str, rows: slice) -> dict[str, float]:
    """The measures that follow from one angle and its velocity."""
    angle, rate = recording.truth.channels[name][rows], recording.truth.channels[velocity_name(name)][rows]
    t_s = recording.t_s[rows] - recording.t_s[rows][0]
    way = float(angle[-1] - angle[0])
    speed = rate * (1.0 if way >= 0.0 else -1.0)
    peak = float(np.quantile(speed, PEAK_SHARE))
    to_peak_s = float(np.median(t_s[speed >= NEAR_PEAK * peak]))
    rate_hz = (len(t_s) - 1) / float(t_s[-1])
    return {
        "range_deg": abs(way),
        "mean_velocity_deg_s": abs(way) / float(t_s[-1]),
        "peak_velocity_deg_s": peak,
        "time_to_peak_velocity_s": to_peak_s,
        "acceleration_deg_s2": peak / max(to_peak_s, 1.0 / rate_hz),
        "sparc": sparc(speed, rate_hz) if len(speed) >= 4 else np.nan,
    }
