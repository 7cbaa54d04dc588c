"""The movements that can be recorded: how each is performed, and what it is called in the truth."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from motus_samples.synthetic.moves import arms, floor, gait, lower, nameless, still, swinging
from motus_samples.synthetic.performance import Draw, Perform, either, jumps, one_side, repeated, unrepeated
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
QUICK: Final = (0.38, 0.65)
STEP: Final = Pace((0.9, 1.8), (0.85, 1.5), 85, sides="one")
PULL: Final = Pace((0.9, 2.2), (0.9, 1.8), 60)

_LIFTS: Final[dict[str, tuple[Draw, Pace]]] = {
    "squat": (lower.squat, Pace((0.8, 2.4), SLOW, 100)),
    "hinge": (lower.hinge, Pace((0.9, 2.2), SLOW, 70)),
    "pushup": (floor.pushup, Pace((0.6, 1.8), (0.8, 1.3), 80, pause_s=(0.05, 0.6), setup="floor")),
    "pullup": (arms.pullup, Pace((0.8, 2.0), (0.8, 1.5), 110, lifting_first=True, setup="none")),
    "press": (arms.press, Pace((0.8, 1.8), SLOW, 115, lifting_first=True)),
    "bench": (floor.bench, Pace((0.8, 2.0), SLOW, 85, setup="floor")),
    "row": (arms.row, Pace((0.7, 1.6), (0.8, 1.3), 85, lifting_first=True)),
    "curl": (arms.curl, Pace((0.8, 2.0), SLOW, 120, lifting_first=True, sides="either")),
    "lateral_raise": (arms.lateral_raise, Pace((0.8, 1.6), (0.8, 1.3), 75, lifting_first=True)),
    "jumping_jack": (arms.jumping_jack, Pace(QUICK, QUICK, 150, True, False, (0.0, 0.1), (0.0, 0.05), setup="none")),
    "situp": (floor.situp, Pace((0.8, 1.8), (0.8, 1.6), 95, True, False, (0.05, 0.6), setup="floor")),
    "russian_twist": (
        floor.russian_twist,
        Pace((0.5, 1.2), (0.5, 1.2), 95, True, False, (0.0, 0.2), (0.0, 0.2), setup="floor"),
    ),
    "sit_to_stand": (floor.sit_to_stand, Pace((1.0, 2.2), (0.9, 1.8), 85, lifting_first=True, setup="none")),
}
"""Named movements in repetitions."""
_NAMELESS_LIFTS: Final[dict[str, tuple[Draw, Pace]]] = {
    "side_bend": (nameless.side_bend, Pace((0.8, 1.6), (0.8, 1.6), 60, False, False, sides="one", setup="none")),
    "knee_raise": (
        nameless.knee_raise,
        Pace((0.4, 0.9), (0.4, 0.9), 90, True, False, (0.0, 0.4), (0.0, 0.3), "one", "none"),
    ),
}
_NAMELESS: Final[dict[str, Draw]] = {
    "fidget": nameless.fidget,
    "dance": nameless.dance,
    "stretch": nameless.stretch,
    "tie_shoe": nameless.tie_shoe,
}

CATALOGUE: Final[dict[str, Movement]] = {
    **{name: Movement(repeated(draw, pace), name) for name, (draw, pace) in _LIFTS.items()},
    "lunge": Movement(either(repeated(lower.lunge, STEP), one_side(repeated(lower.split_squat, STEP))), "lunge"),
    "deadlift": Movement(
        either(repeated(lower.deadlift, PULL), repeated(lower.deadlift_from_floor, replace(PULL, lifting_first=True))),
        "deadlift",
    ),
    "jump": Movement(jumps, "jump"),
    "walk": Movement(partial(gait.perform, False), "walk"),
    "run": Movement(partial(gait.perform, True), "run"),
    "throw": Movement(partial(swinging.perform, False), "throw"),
    "swing": Movement(partial(swinging.perform, True), "swing"),
    "plank": Movement(unrepeated(floor.plank, "turn_hold", held=True), "plank"),
    "idle": Movement(unrepeated(still.idle), "idle"),
    **{name: Movement(repeated(draw, pace), "unknown") for name, (draw, pace) in _NAMELESS_LIFTS.items()},
    **{name: Movement(unrepeated(draw, "transition"), "unknown") for name, draw in _NAMELESS.items()},
}
