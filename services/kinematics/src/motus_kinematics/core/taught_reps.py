"""Repetitions that may teach a movement, and how a taught movement is counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.events import Event, RepEvent
from motus_kinematics.core.exercises import EXERCISES, Exercise, Signal
from motus_kinematics.core.history import History, table
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.taught import CHANNELS, UNIT, Shown, Template, show

KEPT: Final = 8
"""So many of the latest repetitions can teach a movement."""
SMALLEST: Final = 0.5
"""Of the way that was taught: less is no repetition."""
SIGNALS: Final = 3
WORTH: Final = 0.4
"""Channels that move so much, of the one that moves most, are counted by."""
ALIKE: Final = 0.5
"""Sides that go at least so far, of the other's way, do the movement together."""


def remember(shown: tuple[Shown, ...], history: History, events: Sequence[Event]) -> tuple[Shown, ...]:
    """Keeps the repetitions that were just confirmed; the past must still hold them."""
    confirmed = [e.record for e in events if isinstance(e, RepEvent) and e.record.state is RepState.CONFIRMED]
    withdrawn = {e.record.ordinal for e in events if isinstance(e, RepEvent)} - {r.ordinal for r in confirmed}
    if not confirmed and not withdrawn:
        return shown
    past = table(history)
    kept = {each.ordinal: each for each in shown if each.ordinal not in withdrawn}
    kept |= {r.ordinal: show(past, r.ordinal, r.cycle.start_s, r.cycle.end_s) for r in confirmed}
    return tuple(kept[ordinal] for ordinal in sorted(kept)[-KEPT:])


def exercise_of(name: str, taught: Sequence[Template]) -> Exercise:
    """How an exercise of the register or a taught movement is counted; without signals for what has no repetitions."""
    own = next((template for template in taught if template.name == name), None)
    return countable(own) if own is not None else EXERCISES.get(name, Exercise(name, "", ()))


def countable(template: Template) -> Exercise:
    """A taught movement as an exercise: counted by the channels that move most, from where they started."""
    ways = _ways(template.values)
    sizes = {channel: abs(way) / UNIT[CHANNELS.index(channel.format(side=SIDES[0]))] for channel, way in ways.items()}
    leading = sorted(sizes, key=lambda channel: -sizes[channel])
    chosen = [channel for channel in leading[:SIGNALS] if sizes[channel] >= WORTH * sizes[leading[0]]]
    primary = next((channel for channel in leading if channel.endswith("_deg")), leading[0])
    signals = tuple(Signal(channel, SMALLEST * ways[channel]) for channel in chosen)
    heights = [way for channel, way in ways.items() if channel.endswith("_ratio")]
    return Exercise(template.name, primary, signals, eccentric_first=sum(heights) < 0.0)


def _ways(values: Floats) -> dict[str, float]:
    """How far each channel goes from the start to the turn; both sides of a joint as one if they go together."""
    moved = np.nan_to_num(values - values[0])
    turn = int(np.argmax((np.abs(moved) / UNIT).sum(axis=1)))
    ways = dict(zip(CHANNELS, moved[turn].tolist(), strict=True))
    for left in [name for name in CHANNELS if "_left_" in name]:
        right, both = left.replace("_left_", "_right_"), left.replace("_left_", "_{side}_")
        small, large = sorted((ways[left], ways[right]), key=abs)
        if small * large > 0.0 and abs(small) >= ALIKE * abs(large):
            ways[both] = (ways.pop(left) + ways.pop(right)) / 2.0
    return ways
