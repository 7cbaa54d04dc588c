"""The movements that can be recorded: how each is performed, and what it is called in the truth."""

from dataclasses import dataclass
from typing import Final

from motus_samples.synthetic.moves import arms, floor, lower, still
from motus_samples.synthetic.performance import Perform, jumps, repeated, unrepeated
from motus_samples.synthetic.schedule import Pace


@dataclass(frozen=True)
class Movement:
    """A movement.

    Attributes:
        perform: How it is done.
        exercise: Its name in the truth: an id of the register, `idle` or `unknown`.
    """

    perform: Perform
    exercise: str


SLOW: Final = (0.8, 1.6)
"""Seconds of a controlled lifting half."""

CATALOGUE: Final[dict[str, Movement]] = {
    "squat": Movement(repeated(lower.squat, Pace((0.8, 2.4), SLOW, 100)), "squat"),
    "hinge": Movement(repeated(lower.hinge, Pace((0.9, 2.2), SLOW, 70)), "hinge"),
    "deadlift": Movement(repeated(lower.deadlift, Pace((0.9, 2.2), (0.9, 1.8), 60)), "deadlift"),
    "lunge": Movement(repeated(lower.lunge, Pace((0.9, 1.8), (0.85, 1.5), 85, alternates=True, sided=True)), "lunge"),
    "pushup": Movement(repeated(floor.pushup, Pace((0.6, 1.8), (0.8, 1.3), 80, pause_s=(0.05, 0.6))), "pushup"),
    "press": Movement(repeated(arms.press, Pace((0.8, 1.8), SLOW, 115, lifting_first=True)), "press"),
    "curl": Movement(repeated(arms.curl, Pace((0.8, 2.0), SLOW, 120, lifting_first=True, alternates=True)), "curl"),
    "lateral_raise": Movement(
        repeated(arms.lateral_raise, Pace((0.8, 1.6), (0.8, 1.3), 75, lifting_first=True)), "lateral_raise"
    ),
    "jump": Movement(jumps, "jump"),
    "idle": Movement(unrepeated(still.idle), "idle"),
}
