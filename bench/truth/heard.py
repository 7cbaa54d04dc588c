"""What the kinematics core says of a stream of frames, as a consumer of its messages would have it in the end."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from motus_kinematics.core.body import Floats, Frame
from motus_kinematics.core.channels import PUBLISHED, Absence, Codes
from motus_kinematics.core.events import Event, ExerciseEvent, PhaseEvent, RepEvent
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.pipeline import Config, State, flush, step
from motus_kinematics.core.sample import Sample

COUNTED = frozenset({RepState.PROVISIONAL, RepState.CONFIRMED})
COLUMN = {name: i for i, name in enumerate(PUBLISHED)}


@dataclass(frozen=True)
class Heard:
    """Everything that was said of one stream.

    Attributes:
        t_s: (n,) times of the settled samples.
        values: (n, C) in the order of PUBLISHED, NaN where absent.
        sigmas: (n, C) expected errors, NaN where there is none.
        grades: (n, C) Grade codes.
        reps: The last word on every repetition that counts, by time.
        steps: The phases of steps, as they were told.
        names: The exercises that were recognised, by time.
    """

    t_s: Floats
    values: Floats
    sigmas: Floats
    grades: Codes
    reps: tuple[RepEvent, ...]
    steps: tuple[PhaseEvent, ...]
    names: tuple[ExerciseEvent, ...]

    def name_at(self, t_s: float, otherwise: str = "unknown") -> str:
        """The exercise that held at a moment."""
        said = [event.exercise for event in self.names if event.t_s <= t_s]
        return said[-1] if said else otherwise


def hear(frames: Iterable[Frame], exercise: str) -> Heard:
    """Runs the core over a stream, with the exercise's id given or `unknown`."""
    state, samples, events = State(), list[Sample](), list[Event]()
    for frame in frames:
        state, outputs = step(state, frame, Config(exercise))
        samples.extend(outputs.settled)
        events.extend(outputs.events)
    state, outputs = flush(state)
    samples.extend(outputs.settled)
    events.extend(outputs.events)
    absences = _rows([sample.absences for sample in samples])
    return Heard(
        t_s=np.array([sample.t_s for sample in samples]),
        values=np.where(absences == Absence.PRESENT, _rows([sample.values for sample in samples]), np.nan),
        sigmas=_rows([sample.sigmas for sample in samples]),
        grades=_rows([sample.grades for sample in samples]).astype(np.uint8),
        reps=_last_words(events),
        steps=tuple(event for event in events if isinstance(event, PhaseEvent)),
        names=tuple(event for event in events if isinstance(event, ExerciseEvent)),
    )


def _rows(columns: list[Floats] | list[Codes]) -> Floats:
    """Samples as rows of one array; (0, C) when there are none."""
    return np.array(columns, dtype=np.float64).reshape(-1, len(PUBLISHED))


def _last_words(events: list[Event]) -> tuple[RepEvent, ...]:
    """The newest revision of each repetition, without those that do not count."""
    newest = {event.record.ordinal: event for event in events if isinstance(event, RepEvent)}
    counted = [event for event in newest.values() if event.record.state in COUNTED]
    return tuple(sorted(counted, key=lambda event: event.record.cycle.turn_s))
