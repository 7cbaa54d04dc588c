"""The trained model as data, read once; `make train` writes it."""

from __future__ import annotations

from importlib.resources import files
from typing import IO, Final

import numpy as np

from motus_kinematics.core.classes import Classifier

FILE: Final = "classes.npz"


def load(file: IO[bytes]) -> Classifier:
    """Reads a model as `make train` writes it."""
    with np.load(file, allow_pickle=False) as stored:
        exact = {name: stored[name] for name in stored.files if stored[name].dtype.kind == "U"}
        numbers = {name: stored[name].astype(np.float64) for name in stored.files if name not in exact}
    layers = sum(name.startswith("weights_") for name in numbers)
    reach, rule_weight, rule_trust = numbers["trust"].tolist()
    return Classifier(
        classes=tuple(exact["classes"].tolist()),
        figures=tuple(exact["figures"].tolist()),
        center=numbers["center"],
        scale=numbers["scale"],
        layers=tuple((numbers[f"weights_{i}"], numbers[f"offsets_{i}"]) for i in range(layers)),
        axes=numbers["axes"],
        means=numbers["means"],
        reach=reach,
        rule_weight=rule_weight,
        rule_trust=rule_trust,
    )


def _load() -> Classifier:
    with files(__package__).joinpath(FILE).open("rb") as file:
        return load(file)


CLASSIFIER: Final = _load()
