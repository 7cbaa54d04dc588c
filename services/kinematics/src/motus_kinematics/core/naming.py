"""Recognises the exercise where none was given: follows what successive windows show until a name is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from motus_kinematics.core.classes import (
    FIRST_LOOK_S,
    IDLE,
    LOOK_INTERVAL_S,
    UNKNOWN,
    WINDOW_S,
    Classifier,
    Guess,
    guess,
)
from motus_kinematics.core.features import features
from motus_kinematics.core.history import Table
from motus_kinematics.core.taught import PREFIX, Template, recognise
from motus_kinematics.core.trained import CLASSIFIER

ENOUGH_S: Final = 2.5
"""What was watched for less is trusted in proportion."""
SURE: Final = 0.6
MARGIN: Final = 0.2
SURE_AT_THE_END: Final = 0.45
LONGEST_WAIT_S: Final = 2.0 * LOOK_INTERVAL_S
NO_GUESS: Final = Guess()
LOOKS_TO_NAME: Final = 2
LOOKS_TO_RENAME: Final = 6
"""A name under which something was counted, or which gives way to nothing better, needs more looks."""


@dataclass(frozen=True)
class Naming:
    """What was recognised so far.

    Attributes:
        exercise: The class that holds.
        confidence: Mean probability of that class over the looks since it was first suggested.
        candidate: What the last look was sure of; empty when it was not.
        streak: How many looks in a row were sure of it.
        trust: Sum of their probabilities.
        looks: Looks that `confidence` is the mean of.
        guess: What the last look showed, with the runner-up.
        looked_s: When the last look was.
    """

    exercise: str = UNKNOWN
    confidence: float = 0.0
    candidate: str = ""
    streak: int = 0
    trust: float = 0.0
    looks: int = 0
    guess: Guess = NO_GUESS
    looked_s: float = -np.inf


def follow_name(
    before: Naming,
    past: Table,
    t_s: float,
    *,
    counted: bool,
    busy: bool = False,
    ended: bool = False,
    taught: Sequence[Template] = (),
    classifier: Classifier = CLASSIFIER,
) -> Naming:
    """The naming after one more moment; a look is taken twice a second.

    Args:
        before: What was recognised so far.
        past: The past of the set.
        t_s: Now.
        counted: Something was counted under the name that holds.
        busy: Something else takes the time of this frame, so the look waits for another, though not for ever.
        ended: No later look will come, so one is enough.
        taught: The athlete's own movements.
        classifier: The trained model.
    """
    if t_s - before.looked_s < (LONGEST_WAIT_S if busy else LOOK_INTERVAL_S) and not ended:
        return before
    seen = look(past, taught, classifier, at_least_s=0.0 if ended else FIRST_LOOK_S)
    if seen is None:
        return before
    after = _follow(replace(before, looked_s=t_s), seen, SURE_AT_THE_END if ended else SURE)
    if after.candidate not in ("", before.exercise) and after.streak >= _looks_needed(before, after, counted, ended):
        return replace(after, exercise=after.candidate, looks=after.streak, confidence=after.trust / after.streak)
    return after


def look(past: Table, taught: Sequence[Template], classifier: Classifier, *, at_least_s: float) -> Guess | None:
    """What the last seconds show, or None when they are too few. What the athlete taught goes before all else."""
    if not len(past.t_s) or past.t_s[-1] - past.t_s[0] < at_least_s:
        return None
    figures = features(past, float(past.t_s[-1]) - WINDOW_S)
    if figures is None:
        return None
    general = _tempered(guess(classifier, figures), float(past.t_s[-1] - past.t_s[0]))
    own = recognise(taught, past)
    if own is None:
        return general
    template, apart = own
    trust = 1.0 - 0.5 * apart / template.tolerance
    return Guess(template.name, trust, general.name, (1.0 - trust) * general.probability)


def _tempered(seen: Guess, watched_s: float) -> Guess:
    """A guess as it is to be trusted after so long."""
    share = min(1.0, watched_s / ENOUGH_S)
    return replace(seen, probability=share * seen.probability, second_probability=share * seen.second_probability)


def _follow(before: Naming, seen: Guess, sure: float) -> Naming:
    """Takes a look into account, without changing the name."""
    certain = seen.probability >= sure and seen.probability - seen.second_probability >= MARGIN
    stirs = before.exercise == IDLE and seen.name != IDLE
    candidate = seen.name if certain else UNKNOWN if stirs else ""
    again = candidate != "" and candidate == before.candidate
    chances = {seen.second: seen.second_probability, seen.name: seen.probability}
    held = chances.get(before.exercise, 0.0)
    looks = before.looks + 1
    return replace(
        before,
        candidate=candidate,
        streak=before.streak + 1 if again else 1,
        trust=(before.trust if again else 0.0) + chances.get(candidate, 0.0),
        looks=looks,
        confidence=before.confidence + (held - before.confidence) / looks,
        guess=seen,
    )


def _looks_needed(before: Naming, after: Naming, counted: bool, ended: bool) -> float:
    """How many looks in a row another name needs. Nothing in particular does not end a set: its rest does."""
    nothing = (UNKNOWN, IDLE)
    if after.candidate in nothing and (counted or before.exercise not in nothing):
        return np.inf if counted or ended else LOOKS_TO_RENAME
    if counted and not after.candidate.startswith(PREFIX):
        return LOOKS_TO_RENAME
    return 1 if ended else LOOKS_TO_NAME
