"""What is true of a synthetic recording."""

from collections.abc import Mapping
from dataclasses import dataclass

from motus_samples.body import Array, Side
from motus_samples.timing import Phase as TruePhase

__all__ = ["TrueContact", "TruePhase", "TrueRep", "Truth"]


@dataclass(frozen=True)
class TrueRep:
    """A repetition on the recording's clock, seconds.

    Attributes:
        start_s: Has left rest by 2 % of the way to the turn.
        turn_s: The far extreme; the middle of a hold there; a jump's apex.
        end_s: Back at rest, within 2 %.
        side: The side that works, where sides take turns; None where both do.
        explosive: The lifting half took less than 0.7 s; None where that is not judged.
        shaky: A tremor of 3 to 5 degrees was planted.
    """

    start_s: float
    turn_s: float
    end_s: float
    side: Side | None = None
    explosive: bool | None = None
    shaky: bool = False


@dataclass(frozen=True)
class TrueContact:
    """A foot on the ground in walking and running: heel strike to toe-off, seconds."""

    side: Side
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Truth:
    """What was done, and every channel without noise.

    Attributes:
        exercise: Id of the register, `idle` or `unknown`.
        reps: Complete repetitions in order of their start.
        partials: Attempts of less than half the range: not to be counted.
        phases: The whole recording without gaps.
        channels: By name in the register, each (frames,).
        sets: First start and last end of each set, seconds.
        near_side: The side that the camera sees at the start; empty in frontal views.
        contacts: Steps, of walking and running, which have no repetitions.
    """

    exercise: str
    reps: tuple[TrueRep, ...]
    partials: tuple[TrueRep, ...]
    phases: tuple[TruePhase, ...]
    channels: Mapping[str, Array]
    sets: tuple[tuple[float, float], ...]
    near_side: str
    contacts: tuple[TrueContact, ...] = ()
