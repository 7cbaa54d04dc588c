"""Trains the model that names movements, on synthetic athletes of even seeds, and writes it beside the core.

    make train

Three quarters of the seeds train it, the others say how far it is to be trusted: the temperature that makes its
probabilities true, the weight of a rule, and the distance from all that it knows beyond which it is not asked.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neural_network import MLPClassifier
from windows import Window, scripts, windows_of

import motus_kinematics
from motus_kinematics.core.classes import FAR_DEVIATIONS, IDLE, Classifier, guess, log_odds, strangeness

MODEL: Final = Path(motus_kinematics.__file__).parent / "core" / "classes.npz"
Floats = NDArray[np.float64]

HIDDEN: Final = 64
DECAY: Final = 1.0
SEED: Final = 1
HIDE_SHARE: Final = 0.6
"""Windows in which a limb is hidden once more, as crops and equipment do."""
ARMS: Final = ("elbow", "wrist", "shoulder")
LEGS: Final = ("knee", "thigh", "height", "foot")
LIMBS: Final = (LEGS, (*LEGS, "hip"), ARMS)
FREE_ARMS: Final = ("squat", "lunge", "sit_to_stand")
"""Exercises in which the arms may do anything."""
MIN_RULE_WEIGHT: Final = 2.5
"""Rules hold for real athletes, of whom the model has seen none."""


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="how many even seeds; the last quarter calibrates")
    parser.add_argument("--out", type=Path, default=MODEL)
    arguments = parser.parse_args()
    seeds = range(0, 2 * arguments.seeds, 2)
    cut = len(seeds) * 3 // 4
    training, held = (windows_of(scripts(part)) for part in (seeds[:cut], seeds[cut:]))
    classifier = calibrated(fitted(training), held)
    with arguments.out.open("wb") as file:
        save(classifier, file)
    print(f"{len(training)} windows trained, {len(held)} calibrate; {arguments.out.stat().st_size} bytes")
    print(report(classifier, held))
    return 0


def fitted(windows: Sequence[Window]) -> Classifier:
    """A model fitted to windows, not calibrated yet."""
    figures = tuple(windows[0].figures)
    table = np.array([[window.figures[name] for name in figures] for window in windows])
    labels = np.array([window.label for window in windows])
    center, scale = np.nanmean(table, axis=0), np.maximum(np.nanstd(table, axis=0), 1e-3)
    rows = np.clip(np.nan_to_num((table - center) / scale), -FAR_DEVIATIONS, FAR_DEVIATIONS)
    network = MLPClassifier(
        (HIDDEN,), alpha=DECAY, early_stopping=True, n_iter_no_change=20, max_iter=300, random_state=SEED
    )
    varied = np.vstack((rows, _hidden(rows, figures), _with_idle_arms(rows, labels, figures)))
    network.fit(varied, np.tile(labels, 3))
    axes = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1).fit(rows, labels).scalings_
    axes = axes[:, : len(network.classes_) - 1]
    means = np.array([(rows[labels == name] @ axes).mean(axis=0) for name in network.classes_])
    layers = tuple(zip(network.coefs_, network.intercepts_, strict=True))
    classes = tuple(network.classes_.tolist())
    return Classifier(classes, figures, center, scale, layers, axes, means, np.inf, 0.0, 1.0)


def _hidden(rows: Floats, figures: Sequence[str]) -> Floats:
    """The rows with a limb hidden in some: a figure that is not seen is as usual."""
    random = np.random.default_rng(0)
    hidden = rows.copy()
    for limb in LIMBS:
        chosen = np.flatnonzero(random.random(len(rows)) < HIDE_SHARE / len(LIMBS))
        hidden[np.ix_(chosen, _of(limb, figures))] = 0.0
    return hidden


def _with_idle_arms(rows: Floats, labels: NDArray[np.str_], figures: Sequence[str]) -> Floats:
    """The rows with arms that do nothing, in some of the exercises that are done with the legs."""
    random = np.random.default_rng(1)
    chosen = np.flatnonzero(np.isin(labels, FREE_ARMS) & (random.random(len(rows)) < 0.5))
    idle = random.choice(np.flatnonzero(labels == IDLE), len(chosen))
    varied = rows.copy()
    columns = _of(ARMS, figures)
    varied[np.ix_(chosen, columns)] = rows[np.ix_(idle, columns)]
    return varied


def _of(limb: Sequence[str], figures: Sequence[str]) -> NDArray[np.intp]:
    """Columns of the figures in which a limb takes part."""
    return np.array([i for i, name in enumerate(figures) if set(limb) & set(name.split("_"))])


def calibrated(classifier: Classifier, windows: Sequence[Window]) -> Classifier:
    """The model with the temperature, the weight of a rule and the reach that fit unseen athletes best."""
    rows, truth, rules = _arrays(classifier, windows)
    odds = np.array([log_odds(classifier, row) for row in rows])

    def surprise(parameters: Floats) -> float:
        sharpness, weight = parameters
        chances = log_softmax(sharpness * odds + weight * rules, axis=1)
        return -float(chances[np.arange(len(truth)), truth].mean())

    sharpness, weight = minimize(surprise, np.array([0.5, 1.0]), method="Nelder-Mead").x
    weights, offsets = classifier.layers[-1]
    named = rules.any(axis=1)
    return replace(
        classifier,
        layers=(*classifier.layers[:-1], (weights * sharpness, offsets * sharpness)),
        reach=float(np.quantile([strangeness(classifier, row) for row in rows], 0.99)),
        rule_weight=max(float(weight), MIN_RULE_WEIGHT),
        rule_trust=float((rules.argmax(axis=1) == truth)[named].mean()),
    )


def save(classifier: Classifier, file: IO[bytes]) -> None:
    """Writes a model as plain arrays, in half precision where that is enough."""
    arrays = {
        "center": classifier.center,
        "scale": classifier.scale,
        "axes": classifier.axes,
        "means": classifier.means,
        **{f"weights_{i}": weights for i, (weights, _) in enumerate(classifier.layers)},
        **{f"offsets_{i}": offsets for i, (_, offsets) in enumerate(classifier.layers)},
    }
    np.savez_compressed(
        file,
        classes=np.array(classifier.classes),
        figures=np.array(classifier.figures),
        allow_pickle=False,
        trust=np.array([classifier.reach, classifier.rule_weight, classifier.rule_trust]),
        **{name: array.astype(np.float16) for name, array in arrays.items()},
    )


def report(classifier: Classifier, windows: Sequence[Window]) -> str:
    """How often windows of unseen athletes are named rightly, with the commonest mistakes."""
    guesses = [guess(classifier, window.figures) for window in windows]
    right = np.mean([g.name == w.label for g, w in zip(guesses, windows, strict=True)])
    mistakes = Counter((w.label, g.name) for g, w in zip(guesses, windows, strict=True) if g.name != w.label)
    lines = [f"{truth} taken for {name}: {count}" for (truth, name), count in mistakes.most_common(12)]
    return "\n".join((f"{right:.1%} of the windows that calibrate are right", *lines))


def _arrays(classifier: Classifier, windows: Sequence[Window]) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Standardised rows, indices of the true classes, and (n, K) ones where a rule says the class."""
    table = np.array([[window.figures[name] for name in classifier.figures] for window in windows])
    rows = np.nan_to_num((table - classifier.center) / classifier.scale)
    index = {name: i for i, name in enumerate(classifier.classes)}
    truth = np.array([index[window.label] for window in windows])
    rules = np.array([[float(window.rule == name) for name in classifier.classes] for window in windows])
    return np.clip(rows, -FAR_DEVIATIONS, FAR_DEVIATIONS), truth, rules


if __name__ == "__main__":
    sys.exit(main())
