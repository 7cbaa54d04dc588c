"""What a window of movement shows: rules and a small trained model together, as probabilities of the classes.

The model knows synthetic athletes, the rules know what movements are. A rule that fits multiplies the odds of its
class and divides those of `unknown`; a window that is far from everything that the model was trained on is left to the
rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import softmax

from motus_kinematics.core.body import Floats
from motus_kinematics.core.features import Features
from motus_kinematics.core.rules import rule_of

UNKNOWN: Final = "unknown"
IDLE: Final = "idle"
WINDOW_S: Final = 4.0
"""How far a look goes back."""
FIRST_LOOK_S: Final = 1.5
"""Less than this shows nothing."""
LOOK_INTERVAL_S: Final = 0.5
FAR_DEVIATIONS: Final = 4.0
"""A figure this many standard deviations off says no more than that it is far off."""


@dataclass(frozen=True)
class Guess:
    """What a window shows.

    Attributes:
        name: The likeliest class.
        probability: Its probability, 0 to 1.
        second, second_probability: The runner-up.
    """

    name: str = UNKNOWN
    probability: float = 0.0
    second: str = ""
    second_probability: float = 0.0


@dataclass(frozen=True)
class Classifier:
    """A trained model, as it comes out of `make train`.

    Attributes:
        classes: (K) names; one of them is `unknown`.
        figures: (F) names of the figures it looks at.
        center, scale: (F,) means and standard deviations of the figures.
        layers: Weights (n, m) and offsets (m,) from the figures to the logarithms of the odds; rectified in between.
        axes: (F, D) from standardised figures to the space in which the classes are round.
        means: (K, D) the classes in that space.
        reach: Distance from the nearest class within which 99 of 100 windows lie.
        rule_weight: By how much a rule that fits raises the logarithm of the odds of its class.
        rule_trust: Share of the windows of a rule that are of its class.
    """

    classes: tuple[str, ...]
    figures: tuple[str, ...]
    center: Floats
    scale: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    axes: Floats
    means: Floats
    reach: float
    rule_weight: float
    rule_trust: float


def guess(classifier: Classifier, figures: Features) -> Guess:
    """The likeliest classes of a window."""
    rule = rule_of(figures)
    row = _standardised(classifier, figures)
    if strangeness(classifier, row) > classifier.reach:
        trust = classifier.rule_trust
        return Guess(rule, trust, UNKNOWN, 1.0 - trust) if rule else Guess(UNKNOWN, trust)
    odds = log_odds(classifier, row)
    if rule in classifier.classes:
        odds[classifier.classes.index(rule)] += classifier.rule_weight
        odds[classifier.classes.index(UNKNOWN)] -= classifier.rule_weight
    chances = softmax(odds)
    second, first = np.argsort(chances)[-2:].tolist()
    return Guess(classifier.classes[first], float(chances[first]), classifier.classes[second], float(chances[second]))


def log_odds(classifier: Classifier, row: Floats) -> Floats:
    """(K,) logarithms of the odds of the classes, up to a constant, by the model alone."""
    for weights, offsets in classifier.layers[:-1]:
        row = np.maximum(row @ weights + offsets, 0.0)
    weights, offsets = classifier.layers[-1]
    odds: Floats = row @ weights + offsets
    return odds


def strangeness(classifier: Classifier, row: Floats) -> float:
    """Mahalanobis distance of standardised figures from the nearest class."""
    return float(np.linalg.norm(row @ classifier.axes - classifier.means, axis=1).min())


def _standardised(classifier: Classifier, figures: Features) -> Floats:
    """(F,) figures in standard deviations; what was not seen is as usual."""
    row = (np.array([figures[name] for name in classifier.figures]) - classifier.center) / classifier.scale
    clipped: Floats = np.clip(np.nan_to_num(row), -FAR_DEVIATIONS, FAR_DEVIATIONS)
    return clipped
