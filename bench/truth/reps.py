"""Repetitions of one synthetic recording against those that were counted: times, phases, measures, manner."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import SIDES, Absence, Grade, velocity_name
from motus_kinematics.core.events import PhaseSpan, RepEvent
from motus_kinematics.core.exercises import EXERCISES
from motus_kinematics.core.measured import Measured
from motus_kinematics.core.ranges import EXTREMES
from motus_samples.synthetic import Recording, TruePhase, TrueRep
from truth.channels import Errors, Key, measure_and_role, true_channels
from truth.heard import Heard
from truth.sums import Sums, sums

SAME_OVERLAP = 0.5
"""A true and a counted repetition that share more than this of the shorter one are the same."""
MOVING_PHASES = frozenset({"eccentric", "concentric", "swing", "follow_through", "flight"})
"""Phases whose boundaries are judged; those of a hold are theirs, too."""
PEAKS = ("peak_knee_flexion", "peak_hip_flexion")


@dataclass(frozen=True)
class RepScore:
    """What was said of one true repetition.

    Attributes:
        found: Whether it was counted at all.
        boundaries_s: Errors of starts and ends of its moving phases, stated minus true.
        boundaries_wanted: How many there truly are.
        range_deg: Stated and true range of motion, where stated and graded at least medium.
        peaks_deg: Stated minus true peak on the near side by measure; both sides where none is nearer.
        explosive, shaky: What is true and what was said, where both are known.
    """

    found: bool
    boundaries_s: tuple[float, ...] = ()
    boundaries_wanted: int = 0
    range_deg: tuple[float, float] | None = None
    peaks_deg: dict[str, float] = field(default_factory=dict)
    explosive: tuple[bool, bool] | None = None
    shaky: tuple[bool, bool] | None = None


def score_reps(heard: Heard, recording: Recording) -> tuple[RepScore, ...]:
    """What was said of each true repetition."""
    return tuple(_score(recording, rep, event) for rep, event in matched(heard, recording))


def matched(heard: Heard, recording: Recording) -> list[tuple[TrueRep, RepEvent | None]]:
    """Each true repetition with the counted one that covers it best, none of them twice."""
    free, pairs = list(heard.reps), list[tuple[TrueRep, RepEvent | None]]()
    for rep in recording.truth.reps:
        event = max(free, key=lambda event: _overlap(rep, event), default=None)
        if event is None or _overlap(rep, event) <= SAME_OVERLAP:
            pairs.append((rep, None))
            continue
        free.remove(event)
        pairs.append((rep, event))
    return pairs


def _overlap(rep: TrueRep, event: RepEvent) -> float:
    """Share of the shorter one that both cover; none when another side worked."""
    cycle = event.record.cycle
    if rep.side and cycle.side and rep.side != cycle.side:
        return 0.0
    shared = min(rep.end_s, cycle.end_s) - max(rep.start_s, cycle.start_s)
    return float(shared / max(min(rep.end_s - rep.start_s, cycle.end_s - cycle.start_s), 1e-9))


def rep_errors(heard: Heard, recording: Recording) -> Errors:
    """Errors of the measures of all counted repetitions."""
    errors: Errors = {}
    for rep, event in matched(heard, recording):
        true = {} if event is None else true_measures(recording, rep, event)
        for measure in () if event is None else event.measures:
            if measure.name in true:
                name, role = measure_and_role(measure.name, recording.truth.near_side)
                take_in(errors, (name, role, int(measure.grade)), measure, true[measure.name])
    return errors


def take_in(errors: Errors, key: Key, measure: Measured, true: float) -> None:
    """Adds what was stated of one measure, or that nothing was."""
    known = measure.absence is Absence.PRESENT
    error = np.array([measure.value - true] if known else [])
    errors[key] = errors.get(key, Sums()) + sums(error, np.full(len(error), measure.standard_error), 1)


def true_measures(recording: Recording, rep: TrueRep, event: RepEvent) -> dict[str, float]:
    """The measures of the register that a repetition truly has, as far as they follow from angles and phases."""
    rows = (recording.t_s >= rep.start_s) & (recording.t_s <= rep.end_s)
    channels = true_channels(recording)
    true = {"rep_duration_s": rep.end_s - rep.start_s} | _phase_lengths(recording, rep)
    for name, channel, share in EXTREMES:
        if channel in channels:
            true[name] = float((np.max if share > 0.5 else np.min)(channels[channel][rows]))
    sides = (event.record.cycle.side,) if event.record.cycle.side else SIDES
    exercise = EXERCISES.get(event.record.exercise)
    primaries = dict.fromkeys(exercise.primary_channel(side) for side in sides) if exercise else {}
    ranges = [float(np.ptp(channels[name][rows])) for name in primaries if name in channels]
    whole = {"range_of_motion_deg": float(np.mean(ranges))} if ranges else {}
    return true | whole | _peak_speeds(recording, rep, list(primaries))


def _peak_speeds(recording: Recording, rep: TrueRep, primaries: list[str]) -> dict[str, float]:
    """Largest speed of the primary angle in the moving phases, mean of the sides that work."""
    names = [velocity_name(channel) for channel in primaries]
    speeds: dict[str, float] = {}
    for phase in moving_phases(recording, rep):
        rows = (recording.t_s >= phase.start_s) & (recording.t_s <= phase.end_s)
        peaks = [np.abs(recording.truth.channels[name][rows]).max() for name in names if rows.any()]
        if peaks:
            speeds[f"{phase.kind}_peak_velocity_deg_s"] = float(np.mean(peaks))
    return speeds


def moving_phases(recording: Recording, rep: TrueRep) -> list[TruePhase]:
    """The moving phases whose middle lies within a repetition."""
    middles = ((phase, (phase.start_s + phase.end_s) / 2.0) for phase in recording.truth.phases)
    return [phase for phase, at in middles if phase.kind in MOVING_PHASES and rep.start_s <= at <= rep.end_s]


def _phase_lengths(recording: Recording, rep: TrueRep) -> dict[str, float]:
    """Durations of the phases within a repetition."""
    lengths = {"eccentric_s": 0.0, "turn_hold_s": 0.0, "concentric_s": 0.0}
    for phase in recording.truth.phases:
        shared = min(phase.end_s, rep.end_s) - max(phase.start_s, rep.start_s)
        if f"{phase.kind}_s" in lengths:
            lengths[f"{phase.kind}_s"] += max(0.0, shared)
    return lengths


def _score(recording: Recording, rep: TrueRep, event: RepEvent | None) -> RepScore:
    if event is None:
        return RepScore(found=False)
    true = true_measures(recording, rep, event)
    stated = {measure.name: measure for measure in event.measures if measure.absence is Absence.PRESENT}
    errors, wanted = _boundaries(recording, rep, event)
    return RepScore(
        found=True,
        boundaries_s=errors,
        boundaries_wanted=wanted,
        range_deg=_range(stated, true),
        peaks_deg=_peaks(stated, true, recording.truth.near_side),
        explosive=_manner(stated, "explosive_ratio", rep.explosive),
        shaky=_manner(stated, "shaky_ratio", rep.shaky),
    )


def _boundaries(recording: Recording, rep: TrueRep, event: RepEvent) -> tuple[tuple[float, ...], int]:
    """Errors of the boundaries of the moving phases, and how many boundaries there are."""
    errors, wanted = list[float](), 0
    for phase in moving_phases(recording, rep):
        wanted += 2
        said = said_of(event, phase)
        if said is not None:
            errors += [said.start_s - phase.start_s, said.end_s - phase.end_s]
    return tuple(errors), wanted


def said_of(event: RepEvent, phase: TruePhase) -> PhaseSpan | None:
    """The phase of a counted repetition that shares most with a true one of its kind."""
    alike = [span for span in event.phases if span.phase.value == phase.kind]
    return max(alike, key=lambda span: shared_s(span, phase), default=None)


def shared_s(span: PhaseSpan, phase: TruePhase) -> float:
    """For how long a stated and a true phase last together; negative when they lie apart."""
    return min(span.end_s, phase.end_s) - max(span.start_s, phase.start_s)


def _range(stated: dict[str, Measured], true: dict[str, float]) -> tuple[float, float] | None:
    """Stated and true range of motion, if it is vouched for."""
    measure = stated.get("range_of_motion_deg")
    if measure is None or measure.grade > Grade.MEDIUM or measure.name not in true:
        return None
    return measure.value, true[measure.name]


def _peaks(stated: dict[str, Measured], true: dict[str, float], near_side: str) -> dict[str, float]:
    """Stated minus true peak by name, of the sides that the camera sees."""
    names = [f"{peak}_{side}_deg" for peak in PEAKS for side in SIDES if near_side in ("", side)]
    return {name: stated[name].value - true[name] for name in names if name in stated and name in true}


def _manner(stated: dict[str, Measured], name: str, true: bool | None) -> tuple[bool, bool] | None:
    """What is true of a manner and what was said, if both are known: more likely than not is a yes."""
    if true is None or name not in stated:
        return None
    return true, stated[name].value > 0.5


def spread(values: list[float]) -> float:
    """Sample variance; NaN of fewer than three."""
    return float(np.var(np.asarray(values), ddof=1)) if len(values) > 2 else np.nan


def root_mean(variances: Floats) -> float:
    """Pooled standard deviation of variances, NaN ones left out."""
    known = variances[np.isfinite(variances)]
    return float(np.sqrt(known.mean())) if len(known) else np.nan
