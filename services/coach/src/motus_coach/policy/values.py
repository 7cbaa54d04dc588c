"""What the policy reads (observations) and what it says (cues): plain values without bus, proto or clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum


class Grade(IntEnum):
    """How far a value may be trusted; larger is better."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Severity(IntEnum):
    """What a missed cue would cost; larger is worse."""

    INFO = 1
    ADVICE = 2
    WARNING = 3
    URGENT = 4


class Kind(Enum):
    """What a cue is for."""

    CORRECTION = "correction"
    PRAISE = "praise"
    SUMMARY = "summary"


@dataclass(frozen=True)
class Measured:
    """One measure of a repetition.

    Attributes:
        value: in the unit that the measure's name ends with.
        grade: trust in the value.
        standard_error: in the same unit; None when only the grade is known.
    """

    value: float
    grade: Grade
    standard_error: float | None = None


@dataclass(frozen=True)
class RepSeen:
    """A repetition, or a later revision of it.

    Attributes:
        t_s: when it was known, seconds on the source's clock.
        ordinal: running number within the participant, from 1.
        set_ordinal: set it belongs to.
        exercise: exercise id of the register.
        duration_s: seconds from start to end.
        side: `left`, `right`, or empty when both sides worked.
        counted: False when it was withdrawn, refused or not completed.
        measures: measures with a value, by name.
    """

    t_s: float
    ordinal: int
    set_ordinal: int
    exercise: str
    duration_s: float
    side: str = ""
    counted: bool = True
    measures: Mapping[str, Measured] = field(default_factory=dict)


@dataclass(frozen=True)
class SetEnded:
    """A set is over."""

    t_s: float
    ordinal: int


@dataclass(frozen=True)
class ExerciseNamed:
    """Another exercise was named."""

    t_s: float
    exercise: str


@dataclass(frozen=True)
class SessionEnded:
    """Nothing more will be observed."""

    t_s: float


@dataclass(frozen=True)
class CueJudged:
    """The athlete has said what they think of a cue.

    Attributes:
        t_s: when that was known, seconds on the source's clock.
        code: the cue's.
        dismissed: they do not want to hear it again.
        rating: 1, of no use, to 5; None when they did not rate it.
    """

    t_s: float
    code: str
    dismissed: bool
    rating: int | None


Observation = RepSeen | SetEnded | ExerciseNamed | CueJudged | SessionEnded


@dataclass(frozen=True)
class Evidence:
    """One measure that a cue rests on.

    Attributes:
        measure: name in the register of measures.
        value: in that measure's unit.
        threshold: what it was compared with, same unit; None when it was not compared.
        rep: ordinal of the repetition it was measured in; 0 when it sums up several.
    """

    measure: str
    value: float
    threshold: float | None = None
    rep: int = 0


@dataclass(frozen=True)
class Cue:
    """One short thing to say.

    Attributes:
        cause: what it answers, unique within the participant: `rep-0003`, `set-0001`, `session`.
        code: stable code of what is said, as `squat_depth_shallow`.
        kind: what it is for.
        severity: what missing it would cost.
        text: the words, at most 15.
        language: BCP-47 language of the words.
        exercise: exercise id it is about; empty when it is about several.
        t_s: the moment it answers, seconds on the source's clock.
        valid_s: seconds after which it helps no more.
        evidence: what it rests on.
        reps: how many repetitions it speaks of; None when it does not count any.
    """

    cause: str
    code: str
    kind: Kind
    severity: Severity
    text: str
    language: str
    exercise: str
    t_s: float
    valid_s: float
    evidence: tuple[Evidence, ...] = ()
    reps: int | None = None
