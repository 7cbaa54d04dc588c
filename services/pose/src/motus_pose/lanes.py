"""Pure core: whose lane somebody is in, for how long, and whose participant a newcomer becomes by that.

A participant with a lane is whoever is in it for IN_LANE_S. Those without one are given in order of appearance, to
people who are in nobody's lane.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

IN_LANE_S: Final = 1.0
"""Who only crosses a lane is not its participant."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a participant begins.

    Attributes:
        participant: bare id.
        left: edge of the strip, a fraction of the picture's width.
        right: its other edge.
    """

    participant: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Stay:
    """Since when somebody has been in a lane.

    Attributes:
        participant: whose lane; empty outside of all lanes.
        since_s: seconds on the source's clock.
    """

    participant: str = ""
    since_s: float = 0.0


NOWHERE: Final = Stay()
"""Outside of all lanes."""


def stay(before: Stay, x: float, t_s: float, lanes: Sequence[Lane]) -> Stay:
    """Where somebody is who was somewhere before; who is still there has been there since then.

    Args:
        before: where they were in the last picture.
        x: the middle of their body, a fraction of the picture's width.
        t_s: the picture's time.
        lanes: of the session.
    """
    participant = next((lane.participant for lane in lanes if lane.left <= x <= lane.right), "")
    return before if participant == before.participant else Stay(participant, t_s)


class Vacancies:
    """The participants whom a newcomer may become, each of them once.

    Args:
        participants: bare ids in the order in which they are given.
        taken: those who are somebody already.
        lanes: of the session.
    """

    def __init__(self, participants: Sequence[str], taken: Collection[str], lanes: Sequence[Lane]) -> None:
        having = {lane.participant for lane in lanes}
        self._in_lanes = having - set(taken)
        self._others: Iterator[str] = iter([one for one in participants if one not in having and one not in taken])

    def take(self, where: Stay, t_s: float) -> str:
        """Who a newcomer is from now on; empty when they are nobody, or not yet."""
        if not where.participant:
            return next(self._others, "")
        if where.participant not in self._in_lanes or t_s - where.since_s < IN_LANE_S:
            return ""
        self._in_lanes.remove(where.participant)
        return where.participant
