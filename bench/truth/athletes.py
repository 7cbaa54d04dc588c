"""Synthetic athletes: which sets are recorded, and what the core says of each beside what is true."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from motus_kinematics.core.body import POINTS, Frame, empty_frame
from motus_kinematics.core.exercises import EXERCISES
from motus_samples.synthetic import VIEWS, Profile, Recording, Script, View, record
from truth.channels import Errors, channel_errors, true_ranges
from truth.heard import hear
from truth.phase_errors import phase_errors
from truth.reps import RepScore, rep_errors, score_reps
from truth.steps import StepScore, score_steps

UNKNOWN, IDLE = "unknown", "idle"
NAMELESS = frozenset({UNKNOWN, IDLE})
SECONDS = 8.0
"""Length of what has no repetitions."""
STILL_S = 1.0
"""Standing still before and after a set."""


@dataclass(frozen=True)
class Case:
    """One recording to make and whether the core has to find the exercise's name, too."""

    movement: str
    view: View
    noise: Profile
    seed: int
    unnamed: bool

    @property
    def script(self) -> Script:
        """Three to five repetitions; the rest is drawn from the seed."""
        return Script(
            self.movement,
            self.seed,
            self.view,
            self.noise,
            reps=3 + self.seed // 2 % 3,
            seconds=SECONDS,
            idle_before_s=STILL_S,
            idle_after_s=STILL_S,
        )


@dataclass(frozen=True)
class SetScore:
    """One recording's errors and counts.

    Attributes:
        case: What was recorded.
        exercise: What it truly is: an id of the register, `idle` or `unknown`.
        minutes: How long it is.
        errors: Errors of all channels, and of the measures of its repetitions and of their phases.
        ranges: How far each channel truly moved.
        true_reps, given_reps: Complete repetitions, and those counted with the exercise given.
        unnamed_reps, said: The same without, and what it was taken for; None when that was not asked.
        reps: What was said of each true repetition, in order.
        steps: What was said of the steps of walking and running.
    """

    case: Case
    exercise: str
    minutes: float
    errors: Errors
    ranges: dict[str, float]
    true_reps: int
    given_reps: int
    unnamed_reps: int | None
    said: str | None
    reps: tuple[RepScore, ...]
    steps: StepScore


def cases(movements: Sequence[str], noises: Sequence[Profile], sets: int, unnamed: int, *, holdout: bool) -> list[Case]:
    """The recordings of a run: `sets` for each movement, view and noise, of which the first `unnamed` need a name.

    Odd seeds are held out, even ones are for tuning. A movement's athletes are the same in all views.
    """
    return [
        Case(movement, view, noise, 2 * (zlib.crc32(movement.encode()) % 1_000_000 + k) + holdout, k < unnamed)
        for k in range(sets)
        for movement in movements
        for noise in noises
        for view in VIEWS
    ]


def measure_athletes(wanted: Sequence[Case], workers: int) -> list[SetScore]:
    """Records and judges all cases, in order."""
    scores = []
    with ProcessPoolExecutor(workers) as pool:
        for number, score in enumerate(pool.map(judge, wanted, chunksize=4), start=1):
            scores.append(score)
            if number % 100 == 0 or number == len(wanted):
                print(f"synthetic set {number}/{len(wanted)}", file=sys.stderr)
    return scores


def judge(case: Case) -> SetScore:
    """Records one case and holds what the core says of it against the truth."""
    recording = record(case.script)
    truth = recording.truth
    given = hear(frames_of(recording), _given(case, truth.exercise))
    # As many of what has no name as of each exercise, or its mistakes would weigh more than theirs.
    alone = None if not case.unnamed else given if truth.exercise == UNKNOWN else hear(frames_of(recording), UNKNOWN)
    until_s = truth.sets[-1][1] + 2.0 if truth.sets else np.inf
    return SetScore(
        case=case,
        exercise=truth.exercise,
        minutes=float(recording.t_s[-1] - recording.t_s[0]) / 60.0,
        errors=channel_errors(given, recording) | rep_errors(given, recording) | phase_errors(given, recording),
        ranges=true_ranges(recording),
        true_reps=len(truth.reps),
        given_reps=len(given.reps),
        unnamed_reps=None if alone is None else len(alone.reps),
        said=None if alone is None else alone.name_at(until_s),
        reps=score_reps(given, recording),
        steps=score_steps(given, recording),
    )


def _given(case: Case, exercise: str) -> str:
    """What the session was told; who idles was about to do anything."""
    if exercise != IDLE:
        return exercise
    countable = sorted(EXERCISES)
    return countable[case.seed // 2 % len(countable)]


def frames_of(recording: Recording) -> Iterator[Frame]:
    """A recording as the kinematics core takes it."""
    present = np.ones(POINTS, dtype=bool)
    for i, t_s in enumerate(recording.t_s.tolist()):
        if not recording.found[i]:
            yield empty_frame(t_s, recording.width, recording.height)
            continue
        yield Frame(
            t_s,
            recording.width,
            recording.height,
            recording.image[i],
            recording.world[i],
            recording.visibility[i],
            present,
        )
