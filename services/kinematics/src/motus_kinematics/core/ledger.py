"""The repetitions said so far: compares each recount with them, so that one repetition keeps one number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import numpy as np

from motus_kinematics.core.attempts import Attempt
from motus_kinematics.core.cycle import Cycle, overlap

SAME_OVERLAP: Final = 0.5
"""Cycles that share more than this of the shorter one are the same repetition."""
MOVED_S: Final = 0.15
"""A boundary that moves by more than this is worth a revision."""


class RepState(Enum):
    """How sure a repetition is."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    PARTIAL = "partial"
    REJECTED = "rejected"


UNCOUNTED: Final = (RepState.PARTIAL, RepState.REJECTED)
"""States of an attempt: it does not count and never did, or no longer does."""


@dataclass(frozen=True)
class Record:
    """A repetition, or an attempt at one, as it was last said.

    Attributes:
        ordinal: Number within the participant and session, from 1, never used twice; 0 for what never counted.
        set_ordinal: The set it belongs to, from 1.
        revision: Grows with each change, from 1.
        state: How sure it is.
        exercise: Exercise id it was counted as.
        cycle: Its times.
        attempt: Number of an attempt that never counted, from 1, never used twice; 0 for a repetition.
        reason: Why it does not count; empty for what counts.
    """

    ordinal: int
    set_ordinal: int
    revision: int
    state: RepState
    exercise: str
    cycle: Cycle
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Ledger:
    """The current set's repetitions and where numbering stands.

    Attributes:
        records: Repetitions of the current set that count, by time of their turn.
        next_ordinal: Number of the next new repetition.
        set_ordinal: Number of the current or last set; 0 before the first.
        earlier: Repetitions counted in the sets before.
        earlier_end_s: When the last of those ended, NaN when there is none.
        attempts: What was attempted in the current set and does not count.
        next_attempt: Number of the next new attempt.
    """

    records: tuple[Record, ...] = ()
    next_ordinal: int = 1
    set_ordinal: int = 0
    earlier: int = 0
    earlier_end_s: float = np.nan
    attempts: tuple[Record, ...] = ()
    next_attempt: int = 1

    @property
    def counted(self) -> int:
        """Repetitions in all, provisional ones included."""
        return self.earlier + len(self.records)

    def previous_end_s(self, cycle: Cycle) -> float | None:
        """When the repetition before a cycle ended, in the same set."""
        ends = [r.cycle.end_s for r in self.records if r.cycle.turn_s < cycle.turn_s and r.cycle.side == cycle.side]
        return max(ends) if ends else None


def reconcile(
    ledger: Ledger, cycles: tuple[Cycle, ...], exercise: str, since_s: float
) -> tuple[Ledger, tuple[Record, ...]]:
    """Takes a recount into the ledger.

    Args:
        ledger: What was said before; a set must be open (`set_ordinal`) if cycles are given.
        cycles: The recount's cycles.
        exercise: What they were counted as.
        since_s: Where the past that the recount looked at is whole again: what began before stays as it is.

    Returns:
        The new ledger and the records that changed, in the order in which to say them.
    """
    frozen = [r for r in ledger.records if r.cycle.start_s <= since_s]
    open_records = [r for r in ledger.records if r.cycle.start_s > since_s]
    kept, changed = list(frozen), list[Record]()
    next_ordinal = ledger.next_ordinal
    for cycle in cycles:
        if cycle.start_s <= since_s or any(_same(cycle, r.cycle) for r in frozen):
            continue
        match = next((r for r in open_records if _same(cycle, r.cycle)), None)
        if match is not None:
            open_records.remove(match)
            record = _revise(match, cycle, exercise)
        else:
            state = RepState.CONFIRMED if cycle.complete else RepState.PROVISIONAL
            record = Record(next_ordinal, ledger.set_ordinal, 1, state, exercise, cycle)
            next_ordinal += 1
        if record is not match:
            changed.append(record)
        kept.append(record)
    withdrawn = [_withdrawn(record) for record in open_records]
    records = tuple(sorted(kept, key=lambda r: r.cycle.turn_s))
    return replace(ledger, records=records, next_ordinal=next_ordinal), (*withdrawn, *changed)


def reconcile_attempts(
    ledger: Ledger, attempts: tuple[Attempt, ...], exercise: str, said: tuple[Record, ...]
) -> tuple[Ledger, tuple[Record, ...]]:
    """Takes what was attempted into the ledger.

    Args:
        ledger: What was said before, the recount's repetitions included.
        attempts: The recount's attempts; none of them overlaps a repetition.
        exercise: What was counted.
        said: The recount's changes. A repetition that turned out to be an attempt is said to be one, not withdrawn.

    Returns:
        The new ledger and all changes, in the order in which to say them.
    """
    changed = [_as_attempt(record, attempts) if record.state is RepState.WITHDRAWN else record for record in said]
    counts_after_all = [a for a in ledger.attempts if any(_same(a.cycle, r.cycle) for r in ledger.records)]
    changed.extend(_withdrawn(record) for record in counts_after_all)
    kept = [a for a in ledger.attempts if a not in counts_after_all]
    kept.extend(record for record in changed if record.state in UNCOUNTED)
    next_attempt = ledger.next_attempt
    for attempt in attempts:
        if any(_same(attempt.cycle, record.cycle) for record in kept):
            continue
        new = Record(0, ledger.set_ordinal, 1, _state(attempt), exercise, attempt.cycle, next_attempt, attempt.reason)
        next_attempt += 1
        kept.append(new)
        changed.append(new)
    return replace(ledger, attempts=tuple(kept), next_attempt=next_attempt), tuple(changed)


def _state(attempt: Attempt) -> RepState:
    return RepState.PARTIAL if attempt.refusal.partial else RepState.REJECTED


def _as_attempt(withdrawn: Record, attempts: tuple[Attempt, ...]) -> Record:
    """A withdrawn repetition as the attempt that it was, if it was one."""
    attempt = next((a for a in attempts if _same(a.cycle, withdrawn.cycle)), None)
    if attempt is None:
        return withdrawn
    return replace(withdrawn, state=_state(attempt), cycle=attempt.cycle, reason=attempt.reason)


def _withdrawn(record: Record) -> Record:
    return replace(record, revision=record.revision + 1, state=RepState.WITHDRAWN, reason="")


def _revise(record: Record, cycle: Cycle, exercise: str) -> Record:
    """The record as the recount has it; the same object when nothing changed that is worth saying."""
    before = record.cycle
    confirmed = record.state is RepState.PROVISIONAL and cycle.complete
    moves = (cycle.start_s - before.start_s, cycle.turn_s - before.turn_s, cycle.end_s - before.end_s)
    settled = record.state is RepState.CONFIRMED
    moved = settled and cycle.final and (max(map(abs, moves)) > MOVED_S or cycle.side != before.side)
    if not (confirmed or moved or exercise != record.exercise):
        return record
    state = RepState.CONFIRMED if confirmed else record.state
    return replace(record, revision=record.revision + 1, state=state, exercise=exercise, cycle=cycle)


def _same(a: Cycle, b: Cycle) -> bool:
    """Whether two cycles are one repetition, seen at different times."""
    if a.side and b.side and a.side != b.side:
        return False
    return overlap(a, b) > SAME_OVERLAP
