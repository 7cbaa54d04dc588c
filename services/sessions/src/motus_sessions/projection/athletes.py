"""Athletes as plain values, and what is usual for one: medians and robust spreads over past repetitions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

TELLING = 5
"""Repetitions without which nothing is said of a median's error, and nobody is compared with what is usual for them."""
_TO_SIGMA = 1.0 / NormalDist().inv_cdf(0.75)
_MEDIAN_ERROR = 1.2533
"""Standard error of a median over that of a mean of normal values, sqrt(pi / 2)."""


@dataclass(frozen=True)
class AthleteRecord:
    """A person whom sessions are about.

    Attributes:
        athlete: bare id.
        display_name: how a screen shows them.
        stature_m, mass_kg: None when not known.
        sex, level: numbers of the contract.
        language: BCP-47, or empty.
        camera_mirrored: their own camera shows a mirror image.
        create_time_ns, update_time_ns: Unix nanoseconds.
        profile: what kinematics has learnt, opaque.
        learn_time_ns: when it was; None when nothing was.
    """

    athlete: str
    display_name: str = ""
    stature_m: float | None = None
    mass_kg: float | None = None
    sex: int = 0
    level: int = 0
    language: str = ""
    camera_mirrored: bool = False
    create_time_ns: int = 0
    update_time_ns: int = 0
    profile: bytes = b""
    learn_time_ns: int | None = None


@dataclass(frozen=True)
class PastRep:
    """A counted repetition: its session and when that was created, its exercise and its well graded measures."""

    session: str
    time_ns: int
    exercise: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class Usual:
    """What is usual: median, spread over its size, how many values tell, the median's standard error where known."""

    median: float
    robust_cv: float
    count: int
    standard_error: float | None


@dataclass(frozen=True)
class Point:
    """One measure in one session: median, spread and count."""

    session: str
    time_ns: int
    median: float
    spread: float
    count: int


@dataclass(frozen=True)
class History:
    """What a session is told of an athlete: who they are, and what is usual by exercise and measure."""

    athlete: AthleteRecord
    baselines: Mapping[tuple[str, str], Usual]


def spread(values: Sequence[float]) -> float:
    """Scaled median absolute deviation: the standard deviation of normal values, deaf to outliers."""
    middle = median(values)
    return _TO_SIGMA * median(abs(value - middle) for value in values)


def usual(values: Sequence[float]) -> Usual:
    """What is usual over at least one value."""
    middle, sigma = median(values), spread(values)
    error = _MEDIAN_ERROR * sigma / len(values) ** 0.5 if len(values) >= TELLING else None
    return Usual(middle, sigma / abs(middle) if middle else 0.0, len(values), error)


def baselines(reps: Iterable[PastRep]) -> dict[tuple[str, str], Usual]:
    """What is usual by exercise and measure, where enough repetitions tell."""
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for rep in reps:
        for measure, value in rep.values.items():
            found[rep.exercise, measure].append(value)
    return {key: usual(values) for key, values in found.items() if len(values) >= TELLING}


def trend(reps: Iterable[PastRep], measure: str) -> tuple[Point, ...]:
    """One measure by session, oldest first."""
    found: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for rep in reps:
        if measure in rep.values:
            found[rep.time_ns, rep.session].append(rep.values[measure])
    return tuple(
        Point(session, time_ns, median(values), spread(values), len(values))
        for (time_ns, session), values in sorted(found.items())
    )
