"""Reading the measures of repetitions."""

from collections.abc import Sequence
from statistics import fmean

from motus.v1 import movement_pb2

_TEMPO = ("eccentric_s", "turn_hold_s", "concentric_s")


def measure_of(rep: movement_pb2.Rep, name: str) -> float | None:
    """A repetition's measure by name; None when absent."""
    values = [measure.value for measure in rep.measures if measure.name == name and measure.HasField("value")]
    return values[0] if values else None


def mean_of(reps: Sequence[movement_pb2.Rep], name: str) -> float | None:
    """Mean of a measure over the repetitions that have it; None when none has."""
    values = [value for rep in reps if (value := measure_of(rep, name)) is not None]
    return fmean(values) if values else None


def tempo(rep: movement_pb2.Rep) -> str:
    """Seconds of lengthening, turn and shortening: `1.2-0.1-0.9`; `-` for one that is absent."""
    values = (measure_of(rep, name) for name in _TEMPO)
    return "-".join("-" if value is None else f"{value:.1f}" for value in values)
