"""The repetitions said so far: compares each recount with them, so that one repetition keeps one number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from motus_kinematics.core.counting import Cycle, overlap

SAME_OVERLAP: Final = 0.5
"""Cycles that share more than this of the shorter one are the same repetition."""
MOVED_S: Final = 0.15
"""A boundary that moves by more than this is worth a revision."""


class RepState(Enum):
    """How sure a repetition is."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Record:
    """A repetition as it was last said.

    Attributes:
        ordinal: Number within the participant and session, from 1; never used twice.
        set_ordinal: The set it belongs to, from 1.
        revision: Grows with each change, from 1.
        state: How sure it is.
        exercise: Exercise id it was counted as.
        cycle: Its times.
    """

    ordinal: int
    set_ordinal: int
    revision: int
    state: RepState
    exercise: str
    cycle: Cycle


@dataclass(frozen=True)
class Ledger:
    """The current set's repetitions and where numbering stands.

    Attributes:
        records: Repetitions of the current set that count, by time of their turn.
        next_ordinal: Number of the next new repetition.
        set_ordinal: Number of the current or last set; 0 before the first.
        earlier: Repetitions counted in the sets before.
    """

    records: tuple[Record, ...] = ()
    next_ordinal: int = 1
    set_ordinal: int = 0
    earlier: int = 0

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
        since_s: Start of the past that the recount looked at: what turned before stays as it is.

    Returns:
        The new ledger and the records that changed, in the order in which to say them.
    """
    frozen = [r for r in ledger.records if r.cycle.turn_s <= since_s]
    open_records = [r for r in ledger.records if r.cycle.turn_s > since_s]
    kept, changed = list(frozen), list[Record]()
    next_ordinal = ledger.next_ordinal
    for cycle in cycles:
        if any(_same(cycle, r.cycle) for r in frozen):
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
    withdrawn = [replace(r, revision=r.revision + 1, state=RepState.WITHDRAWN) for r in open_records]
    records = tuple(sorted(kept, key=lambda r: r.cycle.turn_s))
    return replace(ledger, records=records, next_ordinal=next_ordinal), (*withdrawn, *changed)


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
