"""Errors of the channels of one synthetic recording, by measure, by the athlete's near and far side, and by grade."""

import re
from collections.abc import Iterable

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import PUBLISHED
from motus_samples.synthetic import Recording
from truth.heard import COLUMN, Heard
from truth.sums import Sums, difference, sums

Key = tuple[str, str, int]
"""A measure without its side; `near`, `far`, or `` where the measure has no side or the view none nearer; the grade."""
Errors = dict[Key, Sums]

_SIDED = re.compile(r"_(left|right)(?=_|$)")


def measure_and_role(name: str, near_side: str) -> tuple[str, str]:
    """A name of the register without its side, and which side that is for the camera."""
    side = _SIDED.search(name)
    if side is None or not near_side:
        return _SIDED.sub("", name), ""
    return _SIDED.sub("", name), "near" if side[1] == near_side else "far"


def true_channels(recording: Recording) -> dict[str, Floats]:
    """The truth of every published channel that has one, by name."""
    return {name: values for name, values in recording.truth.channels.items() if name in COLUMN}


def true_ranges(recording: Recording) -> dict[str, float]:
    """How far each measure's channel truly moves, the larger of both sides."""
    ranges: dict[str, float] = {}
    for name, true in true_channels(recording).items():
        measure, _ = measure_and_role(name, "")
        ranges[measure] = max(ranges.get(measure, 0.0), float(np.nanmax(true) - np.nanmin(true)))
    return ranges


def channel_errors(heard: Heard, recording: Recording) -> Errors:
    """Errors of all published channels over the moments at which somebody was found."""
    errors: Errors = {}
    rows = np.searchsorted(recording.t_s, heard.t_s)
    found = recording.found[rows]
    for name, true in true_channels(recording).items():
        measure, role = measure_and_role(name, recording.truth.near_side)
        column = COLUMN[name]
        wanted = found & np.isfinite(true[rows])
        stated = wanted & np.isfinite(heard.values[:, column])
        error = difference(heard.values[:, column], true[rows], cyclic=name.endswith("_deg"))
        for grade in np.unique(heard.grades[wanted, column]):
            graded = wanted & (heard.grades[:, column] == grade)
            known = graded & stated
            added = sums(error[known], heard.sigmas[known, column], int(graded.sum()))
            key = (measure, role, int(grade))
            errors[key] = errors.get(key, Sums()) + added
    return errors


def merge(parts: Iterable[Errors]) -> Errors:
    """The errors of several recordings put together."""
    whole: Errors = {}
    for part in parts:
        for key, added in part.items():
            whole[key] = whole.get(key, Sums()) + added
    return whole


def unsided(name: str) -> str:
    """A name of the register without its side."""
    return _SIDED.sub("", name)


PUBLISHED_MEASURES = tuple(dict.fromkeys(unsided(name) for name in PUBLISHED))
"""The published channels without their sides."""
