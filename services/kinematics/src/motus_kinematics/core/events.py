"""What the core has to say, besides the channels themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

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
class SetEvent:
    """A set began or ended; `end_s` is None while it goes on."""

    ordinal: int
    revision: int
    exercise: str
    start_s: float
    end_s: float | None
    reps: int


@dataclass(frozen=True)
class ExerciseEvent:
    """Another exercise was named, with the trust in the name from 0 to 1."""

    t_s: float
    exercise: str
    confidence: float


@dataclass(frozen=True)
class PersonEvent:
    """The participant was lost from view, or seen again."""

    t_s: float
    lost: bool


Event: TypeAlias = RepEvent | SetEvent | ExerciseEvent | PersonEvent
