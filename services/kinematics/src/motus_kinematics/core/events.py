"""What the core has to say, besides the channels themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from motus_kinematics.core.channels import Grade
from motus_kinematics.core.curve import Curve
from motus_kinematics.core.ledger import Record
from motus_kinematics.core.measured import Measured


class Phase(Enum):
    """Part of a movement."""

    UNKNOWN = "unknown"
    REST = "rest"
    ECCENTRIC = "eccentric"
    TURN_HOLD = "turn_hold"
    CONCENTRIC = "concentric"
    SWING = "swing"
    FOLLOW_THROUGH = "follow_through"
    STANCE = "stance"
    FLIGHT = "flight"
    TRANSITION = "transition"


@dataclass(frozen=True)
class PhaseSpan:
    """A span of one phase, seconds on the source's clock, and what was measured in it."""

    phase: Phase
    start_s: float
    end_s: float
    measures: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class RepEvent:
    """A repetition was counted, revised or withdrawn.

    Attributes:
        record: Its number, state, revision and times.
        measures: All measures of the register; empty when withdrawn.
        phases: Its phases in order of time; empty when withdrawn.
        curve: The primary angle over it.
        thresholds: What it was held against, in the unit of the curve.
        reason: Why it counted, or why not; one sentence.
    """

    record: Record
    measures: tuple[Measured, ...]
    phases: tuple[PhaseSpan, ...]
    curve: Curve | None
    thresholds: dict[str, float]
    reason: str


@dataclass(frozen=True)
class PhaseEvent:
    """A phase that belongs to no repetition is over: of the cycle of one leg (`left`, `right`), or of both (empty)."""

    span: PhaseSpan
    side: str


@dataclass(frozen=True)
class SetEvent:
    """A set began or ended; `end_s` is None and `measures` empty while it goes on."""

    ordinal: int
    revision: int
    exercise: str
    start_s: float
    end_s: float | None
    reps: int
    measures: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class ExerciseEvent:
    """Another exercise was named, with the trust in the name from 0 to 1, and what it was taken for next to that."""

    t_s: float
    exercise: str
    confidence: float
    second: str = ""
    second_confidence: float = 0.0


@dataclass(frozen=True)
class PersonEvent:
    """The participant was lost from view, or seen again."""

    t_s: float
    lost: bool


@dataclass(frozen=True)
class ViewEvent:
    """How the camera sees the athlete is known, or has changed for good.

    Attributes:
        changed: It was said before.
        azimuth_deg: Where the camera stands: 0 in front of the athlete, 90 at their left, 180 behind them.
        distance_m: Way to the camera, right within a third.
        height_share: Athlete's height in the picture, of the picture's.
        rate_hz: Frames a second; NaN when not known.
        cut: Whether head, hands and feet are outside of the picture.
        grades: What a measure is worth from there, by its name in the register.
        hint: Stable code of what would improve it most; empty when nothing would.
        text: What can be measured from there, and the hint, in words.
    """

    t_s: float
    changed: bool
    azimuth_deg: float
    distance_m: float
    height_share: float
    rate_hz: float
    cut: tuple[bool, ...]
    grades: dict[str, Grade]
    hint: str
    text: str


@dataclass(frozen=True)
class TaughtEvent:
    """A movement was taught, or could not be: `refusal` says why, and is empty when it was."""

    t_s: float
    movement: str
    refusal: str = ""


Event: TypeAlias = RepEvent | PhaseEvent | SetEvent | ExerciseEvent | PersonEvent | ViewEvent | TaughtEvent
