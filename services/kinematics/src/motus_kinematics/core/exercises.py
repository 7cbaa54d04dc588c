"""What each exercise looks like to a counter: which channels tell it, where its rest is, which phase comes first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from motus_kinematics.core.channels import SIDES

ANY_LEAN: Final = (0.0, 180.0)


class Rest(Enum):
    """Where a repetition begins and ends."""

    LOW = "low"
    """Where the signal is low, as its signs define it."""
    FLOOR = "floor"
    """With the weight on the floor, or upright when the first bottom is passed without a stop."""
    EITHER = "either"
    """At whichever end gives more complete cycles: to and fro movements."""


@dataclass(frozen=True)
class Signal:
    """A channel that moves with the exercise.

    Attributes:
        channel: Channel name, `{side}` for both sides.
        span: Smallest change that counts, in the channel's unit; negative when the value falls on the way to the turn.
        lead: The side that moves more counts, instead of the mean of both.
    """

    channel: str
    span: float
    lead: bool = False


@dataclass(frozen=True)
class Exercise:
    """How one exercise is counted and measured.

    Attributes:
        id: Exercise id of the register.
        primary: Angle whose range is the range of motion, `{side}` for both sides.
        signals: What counting looks at; each is scaled by its span, so 1 is the smallest repetition.
        edges: Where start and end are looked for; empty: in the signals. Heights and angles against gravity move with
            the square of the joints near rest and would show the start late; an elbow alone is too noisy near straight.
            A smaller span lets a signal count less.
        eccentric_first: The way from rest to the turn lengthens the muscles that work.
        rest: Where repetitions begin and end.
        alternating: Each side is counted for itself; both at once are one repetition.
        lean_deg: Size of the trunk lean, from and to, that the body must have at the turn.
        one_way: A way to the turn that is never taken back counts when the set has nothing else.
        strikes: It winds up, strikes or releases, and follows through.
        follows_through: The arms come down from the wind-up, strike and go up again: two ways out and back in one go.
        wind_up: It starts with a countermovement and ends with a landing, which the edges show.
    """

    id: str
    primary: str
    signals: tuple[Signal, ...]
    edges: tuple[Signal, ...] = ()
    eccentric_first: bool = True
    rest: Rest = Rest.LOW
    alternating: bool = False
    lean_deg: tuple[float, float] = ANY_LEAN
    one_way: bool = False
    wind_up: bool = False
    strikes: bool = False
    follows_through: bool = False

    def primary_channel(self, side: str) -> str:
        """The primary angle's channel of a side."""
        return self.primary.format(side=side)

    @property
    def paired(self) -> bool:
        """Whether the primary angle exists on both sides."""
        return "{side}" in self.primary


KNEE, HIP = "knee_flexion_{side}_deg", "hip_flexion_{side}_deg"
ELBOW, SHOULDER = "elbow_flexion_{side}_deg", "shoulder_elevation_{side}_deg"
THIGH, WRIST = "thigh_elevation_{side}_deg", "wrist_height_{side}_ratio"
UPRIGHT: Final = (0.0, 75.0)
LYING: Final = (40.0, 140.0)

_ALL: Final = (
    Exercise(
        "squat",
        KNEE,
        (Signal(KNEE, 35.0), Signal(THIGH, 25.0), Signal("hip_height_ratio", -0.12)),
        edges=(Signal(KNEE, 35.0), Signal(HIP, 35.0)),
        lean_deg=UPRIGHT,
    ),
    Exercise(
        "lunge",
        KNEE,
        (Signal(KNEE, 35.0, lead=True), Signal(THIGH, 25.0, lead=True), Signal("hip_height_ratio", -0.12)),
        edges=(Signal(KNEE, 35.0, lead=True), Signal(HIP, 35.0, lead=True), Signal("hip_height_ratio", -0.06)),
        lean_deg=UPRIGHT,
    ),
    Exercise(
        "deadlift",
        HIP,
        (Signal("trunk_lean_deg", -25.0), Signal(HIP, -35.0)),
        eccentric_first=False,
        rest=Rest.FLOOR,
        one_way=True,
    ),
    Exercise("hinge", HIP, (Signal("trunk_lean_deg", 25.0), Signal(HIP, 35.0)), lean_deg=(15.0, 130.0)),
    Exercise(
        "pushup",
        ELBOW,
        (Signal(ELBOW, 35.0), Signal("shoulder_height_ratio", -0.2)),
        edges=(Signal(ELBOW, 35.0), Signal(SHOULDER, -35.0)),
        lean_deg=LYING,
    ),
    Exercise("bench", ELBOW, (Signal(ELBOW, 35.0), Signal(WRIST, -0.3)), lean_deg=LYING),
    Exercise(
        "press",
        SHOULDER,
        (Signal(WRIST, 0.4), Signal(ELBOW, -40.0), Signal(SHOULDER, 40.0)),
        eccentric_first=False,
        lean_deg=UPRIGHT,
    ),
    Exercise(
        "curl",
        ELBOW,
        (Signal(ELBOW, 60.0), Signal(WRIST, 0.4)),
        edges=(Signal(ELBOW, 60.0), Signal(WRIST, 0.1)),
        eccentric_first=False,
        alternating=True,
        lean_deg=UPRIGHT,
    ),
    Exercise("row", ELBOW, (Signal(ELBOW, 30.0), Signal(SHOULDER, -20.0), Signal(WRIST, 0.2)), eccentric_first=False),
    Exercise(
        "pullup",
        ELBOW,
        (Signal(ELBOW, 40.0), Signal(WRIST, -0.3), Signal("shoulder_level_m", 0.12)),
        edges=(Signal(ELBOW, 40.0), Signal("shoulder_level_m", 0.12)),
        eccentric_first=False,
    ),
    Exercise(
        "lateral_raise",
        SHOULDER,
        (Signal(SHOULDER, 35.0), Signal(WRIST, 0.4)),
        eccentric_first=False,
        lean_deg=UPRIGHT,
    ),
    Exercise(
        "jumping_jack",
        SHOULDER,
        (Signal(SHOULDER, 50.0), Signal(WRIST, 0.5)),
        eccentric_first=False,
        lean_deg=UPRIGHT,
    ),
    Exercise(
        "situp",
        HIP,
        (Signal("trunk_lean_deg", 30.0), Signal(HIP, 25.0)),
        eccentric_first=False,
    ),
    Exercise("russian_twist", "trunk_rotation_deg", (Signal("trunk_rotation_deg", 40.0),), rest=Rest.EITHER),
    Exercise(
        "sit_to_stand",
        KNEE,
        (Signal(KNEE, -35.0), Signal(THIGH, -25.0), Signal("hip_height_ratio", 0.12)),
        eccentric_first=False,
    ),
    Exercise(
        "jump",
        KNEE,
        (Signal("hip_level_m", 0.2),),
        edges=(Signal(KNEE, 35.0), Signal(HIP, 35.0)),
        eccentric_first=False,
        wind_up=True,
        lean_deg=UPRIGHT,
    ),
    Exercise(
        "throw", SHOULDER, (Signal(WRIST, 0.5, lead=True),), eccentric_first=False, lean_deg=UPRIGHT, strikes=True
    ),
    Exercise(
        "swing",
        SHOULDER,
        (Signal(WRIST, 0.5),),
        eccentric_first=False,
        lean_deg=UPRIGHT,
        strikes=True,
        follows_through=True,
    ),
)

EXERCISES: Final = {exercise.id: exercise for exercise in _ALL}
"""The exercises that can be counted by name. Those of the register that are missing here have no repetitions."""


def channels_of(signal: Signal, sides: tuple[str, ...] = SIDES) -> tuple[str, ...]:
    """The channels that a signal reads on the given sides."""
    if "{side}" not in signal.channel:
        return (signal.channel,)
    return tuple(signal.channel.format(side=side) for side in sides)
