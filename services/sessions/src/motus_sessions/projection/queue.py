"""Who may begin: sessions wait in the order of their creation until workers have room for them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

STAGES: Final = ("ingest", "pose")
"""The stages that own sessions, each a unit of its capacity; the others own partitions, and take all that lie there."""


@dataclass(frozen=True, order=True)
class Waiting:
    """A session that waits; they sort by whose turn it is.

    Attributes:
        create_time_ns: when it was created, Unix nanoseconds.
        session: bare id.
        tenant: whose it is.
    """

    create_time_ns: int
    session: str
    tenant: str


def room(capacity: Mapping[str, int], announced: Collection[str]) -> int:
    """How many sessions more may begin.

    Args:
        capacity: units that the living workers of each stage take in all, whether taken or free.
        announced: sessions that the stages know of. Each takes a unit of every stage, whether it is owned yet or not,
            so that nothing is given away twice between an announcement and the next heartbeat.
    """
    return max(0, min(capacity.get(stage, 0) for stage in STAGES) - len(announced))


def admissible(waiting: Iterable[Waiting], capacity: Mapping[str, int], announced: Collection[str]) -> list[Waiting]:
    """Who begins now, in order: nobody overtakes anybody, whosever session it is."""
    return sorted(waiting)[: room(capacity, announced)]


def places(waiting: Iterable[Waiting]) -> dict[str, int]:
    """Place by session: 1 begins next."""
    return {one.session: place for place, one in enumerate(sorted(waiting), 1)}
