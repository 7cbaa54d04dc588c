"""Looks back on the current set: recounts it, says what changed, and closes it when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from motus_kinematics.core.classes import UNKNOWN
from motus_kinematics.core.counting import Count, count
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.events import Event, ExerciseEvent, Phase, RepEvent, SetEvent
from motus_kinematics.core.exercises import Exercise
from motus_kinematics.core.history import CUT_S, History, Table, forget_before, table
from motus_kinematics.core.ledger import Ledger, Record, RepState, reconcile, reconcile_attempts
from motus_kinematics.core.naming import Naming, follow_name
from motus_kinematics.core.phases import live_phase
from motus_kinematics.core.rep import describe
from motus_kinematics.core.sets import of_set
from motus_kinematics.core.taught import Template
from motus_kinematics.core.taught_reps import exercise_of
from motus_kinematics.core.unnamed import count_unnamed

SET_REST_S: Final = 8.0
"""A rest this long ends a set."""
MARKED_REST_S: Final = 60.0
"""A rest this long ends a set whose end nobody marked; from then on sets begin and end by themselves."""
VOTE_INTERVAL_S: Final = 0.5
"""Movements without a name are recounted less often: all channels are tried. So long a recount may wait for a look."""
REPS_TO_KEEP: Final = 2
"""So many repetitions under a name stay when the next movement has another; fewer are counted anew under it."""


@dataclass(frozen=True)
class Review:
    """The current set.

    Attributes:
        history: Its past.
        ledger: Its repetitions.
        given: The exercise that was given.
        taught: The athlete's own movements.
        naming: The exercise that was recognised, where none was given.
        open_set: What was last said of the set; None while none is open.
        phase: What goes on.
        cycles: What the last recount found, each side for itself.
        in_set: A set was begun (true) or ended (false) by command; None while sets begin and end by themselves.
        voted_s: When the set was last recounted.
        since_s: Rows before the last such command are not counted.
    """

    history: History = field(default_factory=History)
    ledger: Ledger = field(default_factory=Ledger)
    given: str = UNKNOWN
    taught: tuple[Template, ...] = ()
    naming: Naming = field(default_factory=Naming)
    open_set: SetEvent | None = None
    phase: Phase = Phase.UNKNOWN
    cycles: tuple[Cycle, ...] = ()
    in_set: bool | None = None
    voted_s: float = -np.inf
    since_s: float = -np.inf

    @property
    def exercise(self) -> str:
        """The exercise id that holds now: given, or recognised, or `unknown`."""
        return self.given if self.given != UNKNOWN else self.naming.exercise


def review(
    before: Review, given: str, t_s: float, taught: tuple[Template, ...] = ()
) -> tuple[Review, tuple[Event, ...]]:
    """Recounts the set at the moment `t_s`; a change of the given exercise ends it first."""
    if before.history.start_s < before.since_s:
        before = replace(before, history=forget_before(before.history, before.since_s))
    before = replace(before, taught=taught)
    past = table(before.history)
    if given != before.given:
        ended, events = _end_set(before, past, t_s)
        return replace(ended, given=given), events
    due = t_s - before.voted_s >= VOTE_INTERVAL_S
    named, name_events = _name(before, past, t_s, busy=due and before.exercise == UNKNOWN)
    looked = named.naming.looked_s > before.naming.looked_s
    if (looked or named.exercise == UNKNOWN) and t_s - named.voted_s < VOTE_INTERVAL_S:
        return named, name_events
    past = past if named.history is before.history else table(named.history)
    after, count_events, found = _recount(named, past, ended=False)
    after = replace(after, phase=live_phase(found), voted_s=t_s)
    set_events: tuple[Event, ...] = ()
    last_end_s = max((record.cycle.end_s for record in after.ledger.records), default=np.inf)
    if not found.busy and t_s - last_end_s >= (MARKED_REST_S if after.in_set else SET_REST_S):
        after, set_events = _end_set(replace(after, in_set=None), past, t_s)
    return after, (*name_events, *count_events, *set_events)


def mark(before: Review, t_s: float, *, begins: bool) -> tuple[Review, tuple[Event, ...]]:
    """Begins or ends a set by command at the moment `t_s`; an open set is judged as it stands and ended first.

    What was done before a marked beginning does not count, nor does anything between a marked end and the next
    marked beginning. A pause does not end a marked set unless it lasts MARKED_REST_S.
    """
    ended, said = close(before, t_s) if before.open_set is not None else (before, ())
    marked = replace(ended, history=forget_before(ended.history, t_s), in_set=begins, since_s=t_s)
    if not begins:
        return marked, said
    ledger = replace(marked.ledger, set_ordinal=marked.ledger.set_ordinal + 1)
    opening = SetEvent(ledger.set_ordinal, 1, marked.exercise, t_s, None, 0)
    return replace(marked, ledger=ledger, open_set=opening), (*said, opening)


def close(before: Review, t_s: float) -> tuple[Review, tuple[Event, ...]]:
    """Ends the set at the end of the stream: names and judges it as it stands."""
    past = table(before.history)
    named, said = _name(before, past, t_s, ended=True)
    after, closing = _end_set(named, table(named.history), t_s)
    return after, (*said, *closing)


def _end_set(before: Review, past: Table, t_s: float) -> tuple[Review, tuple[Event, ...]]:
    """Judges the set as it stands and ends it; the next one starts behind its last repetition."""
    after, said, _ = _recount(before, past, ended=True)
    ledger, ends = after.ledger, [record.cycle.end_s for record in after.ledger.records]
    if after.open_set is not None:
        end_s = t_s if before.in_set else max(ends, default=t_s)
        said = (*said, _ended(after.open_set, end_s, after.exercise, ledger))
    history = forget_before(after.history, max(ends)) if ends else after.history
    earlier_end_s = max(ends, default=ledger.earlier_end_s)
    ledger = replace(ledger, records=(), attempts=(), earlier=ledger.earlier + len(ends), earlier_end_s=earlier_end_s)
    kept = replace(Review(history, ledger, before.given, before.taught), in_set=before.in_set, since_s=before.since_s)
    return replace(kept, phase=Phase.REST), said


def _ended(opened: SetEvent, end_s: float, exercise: str, ledger: Ledger) -> SetEvent:
    """The set that was opened, ended and measured."""
    cycles = [record.cycle for record in ledger.records]
    measures = of_set(cycles, ledger.earlier_end_s) if cycles else ()
    return replace(opened, revision=2, end_s=end_s, reps=len(cycles), exercise=exercise, measures=measures)


def _name(
    before: Review, past: Table, t_s: float, *, busy: bool = False, ended: bool = False
) -> tuple[Review, tuple[Event, ...]]:
    """Recognises the exercise where none was given. Another name ends a set that has repetitions of the old one."""
    if before.given != UNKNOWN or before.in_set is False:
        return before, ()
    counted = len(before.ledger.records)
    naming = follow_name(before.naming, past, t_s, counted=counted > 0, busy=busy, ended=ended, taught=before.taught)
    if naming.exercise == before.naming.exercise:
        return replace(before, naming=naming), ()
    said: tuple[Event, ...] = (_named(naming, t_s),)
    if counted >= REPS_TO_KEEP and before.in_set is None and before.exercise != UNKNOWN:
        before, closing = _end_set(before, past, t_s)
        said = (*closing, *said)
    return replace(before, naming=naming, cycles=()), said


def _named(naming: Naming, t_s: float) -> ExerciseEvent:
    """Says a name, and what the last look took it for next to that."""
    guess = naming.guess
    return ExerciseEvent(t_s, naming.exercise, naming.confidence, guess.second, guess.second_probability)


def _recount(before: Review, past: Table, *, ended: bool) -> tuple[Review, tuple[Event, ...], Count]:
    """Counts the set anew and says what changed."""
    found = _count(before, past, ended=ended)
    exercise = found.exercise
    if not exercise.signals and any(record.exercise != UNKNOWN for record in before.ledger.records):
        return before, (), found
    ledger, opening = before.ledger, before.open_set
    said: tuple[Event, ...] = ()
    if found.cycles and opening is None:
        ledger = replace(ledger, set_ordinal=ledger.set_ordinal + 1)
        opening = SetEvent(ledger.set_ordinal, 1, exercise.id, found.cycles[0].start_s, None, 0)
        said = (opening,)
    since_s = float(past.t_s[0]) + CUT_S if past.cut else -np.inf
    ledger, changed = reconcile(ledger, found.cycles, exercise.id, since_s)
    ledger, changed = reconcile_attempts(ledger, found.attempts, exercise.id, changed)
    reps = tuple(_rep_event(record, past, found, exercise, ledger) for record in changed)
    return replace(before, ledger=ledger, open_set=opening, cycles=found.by_look), (*said, *reps), found


def _count(before: Review, past: Table, *, ended: bool) -> Count:
    """Counts the set as what it is: an exercise, a movement without a name, or one that has no repetitions."""
    exercise = exercise_of(before.exercise, before.taught)
    if not len(past.t_s) or before.in_set is False:
        return Count(exercise)
    if before.exercise == UNKNOWN:
        return count_unnamed(past, ended=ended, before=before.cycles)
    return count(past, exercise, ended=ended, before=before.cycles) if exercise.signals else Count(exercise)


def _rep_event(record: Record, past: Table, found: Count, exercise: Exercise, ledger: Ledger) -> RepEvent:
    """All there is to say of a repetition."""
    if record.state is RepState.WITHDRAWN:
        return RepEvent(record, (), (), None, {}, "Seen as a whole the set does not have this repetition.")
    return describe(record, past, found, exercise, ledger.previous_end_s(record.cycle))
