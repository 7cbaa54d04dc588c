"""The one signal that counting looks at: an exercise's channels, scaled, weighted by how well each is seen, added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import median_filter

from motus_kinematics.core.body import Flags, Floats
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.exercises import Signal, channels_of
from motus_kinematics.core.history import Table

SEEN_SHARE: Final = 0.5
"""A channel that is known for less than this share of the rows is left out."""
GUESSED_DEG: Final = 20.0
GUESSED_RATIO: Final = 0.15
"""Expected errors from which a value is a guess."""
GLITCH_ROWS: Final = 7
"""Length of the median filter, about 0.2 s: no repetition turns twice within it, a lost limb does."""
ROUGHNESS_WEIGHT: Final = 3.0


@dataclass(frozen=True)
class Composite:
    """A signal over the history.

    Attributes:
        t_s: (n,) times.
        level: (n,) signal; 1 is the smallest repetition; high at the turn.
        seen: (n,) whether at least one channel was really seen.
    """

    t_s: Floats
    level: Floats
    seen: Flags


@dataclass(frozen=True)
class _Part:
    level: Floats
    seen: Flags
    weight: float


def compose(table: Table, signals: tuple[Signal, ...], sides: tuple[str, ...] = SIDES) -> Composite | None:
    """One signal of several on the given sides, or None when nothing of them is seen."""
    parts = [part for signal in signals if (part := _of_signal(table, signal, sides)) is not None]
    if not parts:
        return None
    whole = _mean(parts)
    return Composite(table.t_s, median_filter(whole.level, GLITCH_ROWS, mode="nearest"), whole.seen)


def _of_signal(table: Table, signal: Signal, sides: tuple[str, ...]) -> _Part | None:
    """One signal with its sides put together."""
    parts = [part for name in channels_of(signal, sides) if (part := _of_channel(table, name, signal.span)) is not None]
    if not parts:
        return None
    if signal.lead:
        level = np.max([part.level for part in parts], axis=0)
        return _Part(level, np.any([part.seen for part in parts], axis=0), max(part.weight for part in parts))
    return _mean(parts)


def _of_channel(table: Table, name: str, span: float) -> _Part | None:
    """One channel in units of its span; unseen rows are bridged by a straight line."""
    values, sigmas = table.value(name), table.sigma(name)
    limit = GUESSED_DEG if name.endswith("_deg") else GUESSED_RATIO
    seen: Flags = np.isfinite(values) & (sigmas < limit)
    share = float(seen.mean()) if len(seen) else 0.0
    if share < SEEN_SHARE:
        return None
    level = values / span if share == 1.0 else np.interp(table.t_s, table.t_s[seen], values[seen] / span)
    expected = float(np.median(sigmas[seen])) / abs(span)
    roughness = float(np.median(np.abs(np.diff(level, 2)))) if len(level) > 2 else 0.0
    return _Part(level, seen, share / (expected**2 + (ROUGHNESS_WEIGHT * roughness) ** 2))


def _mean(parts: list[_Part]) -> _Part:
    """Weighted mean of several; seen where any is."""
    weights = np.array([part.weight for part in parts])
    level = np.average([part.level for part in parts], axis=0, weights=weights)
    return _Part(level, np.any([part.seen for part in parts], axis=0), float(weights.sum()))
