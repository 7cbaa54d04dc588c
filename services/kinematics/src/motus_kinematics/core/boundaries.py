"""When a movement begins, turns and ends, between rows and thresholds."""

from __future__ import annotations

from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.ranked import median
from motus_kinematics.core.turning import turning_points
from motus_kinematics.core.vectors import TINY

LEAVES_REST: Final = (0.2, 0.5, 1.28)
"""Two shares of the way out, far enough to stand out from the noise of a long rest, and the time from 1 % to the first
of them over that between them in a minimum-jerk movement."""
LEAVES_TURN: Final = (0.1, 0.3, 1.72)
"""The same for the way back from a turn, which is short and clear: from its very start."""
BEND: Final = 0.5
"""Change of the bend of the legs, in smallest repetitions, that is no wobble."""
AT_REST: Final = 0.005
"""Of the way out: a signal this close to its rest has not left it."""
REST_S: Final = 0.6
"""Rest before a movement that tells its level: longer ones drift."""
FLAT: Final = 0.02
"""Of the way out: rows this close to the extreme are a hold, the turn is their middle."""


def leaves_rest(t_s: Floats, level: Floats, low: int, high: int) -> float:
    """The moment at which a signal leaves its rest before `low` .. `high`, not before it was last at rest."""
    t_s, level = t_s[low : high + 1], level[low : high + 1]
    last_rest = int(np.flatnonzero(level <= level[0] + 0.1 * (level[-1] - level[0]))[-1])
    near = int(t_s.searchsorted(t_s[last_rest] - REST_S))
    rest = median(level[near : last_rest + 1])
    still_s = _crossing(t_s, level, rest + AT_REST * (level[-1] - rest))
    return max(still_s, _onset(t_s, level, rest, LEAVES_REST))


def leaves_turn(t_s: Floats, level: Floats, low: int, high: int) -> float:
    """The moment at which a signal leaves its extreme at `low` for `high`; the row itself when nothing was held."""
    t_s, level = t_s[low : high + 1], level[low : high + 1]
    return max(float(t_s[0]), _onset(t_s, level, float(level[0]), LEAVES_TURN))


def reaches_turn(t_s: Floats, level: Floats, high: int, low: int) -> float:
    """The moment at which a signal that comes from `high` reaches its extreme at `low`."""
    return -leaves_turn(*_backwards(t_s, level, high, low), 0, low - high)


def _onset(t_s: Floats, level: Floats, rest: float, law: tuple[float, float, float]) -> float:
    """The start of a movement away from the level `rest` to the last row.

    Human movement starts bell-shaped, so the moment lies before any threshold it crosses. It is extrapolated from the
    crossings of two shares along the minimum-jerk law (Flash and Hogan 1985).
    """
    out = float(level[-1]) - rest
    *shares, before = law
    first_s, second_s = (_crossing(t_s, level, rest + share * out) for share in shares)
    return first_s - before * (second_s - first_s)


def _crossing(t_s: Floats, level: Floats, threshold: float) -> float:
    """The last time between two rows at which a rising signal passes a threshold."""
    below = np.flatnonzero(level <= threshold)
    if not len(below):
        return float(t_s[0])
    row = int(below[-1])
    if row + 1 >= len(level):
        return float(t_s[-1])
    start, end = float(level[row]), float(level[row + 1])
    return float(t_s[row] + (threshold - start) / max(end - start, TINY) * (t_s[row + 1] - t_s[row]))


def returns_to_rest(t_s: Floats, level: Floats, high: int, low: int) -> float:
    """The moment at which a signal is back at its rest after `high` .. `low`."""
    return -leaves_rest(*_backwards(t_s, level, high, low), 0, low - high)


def turns(t_s: Floats, level: Floats, high: int, out: float) -> float:
    """The middle of the time around the row `high` in which the signal stays at its extreme."""
    threshold = level[high] - FLAT * out
    first = last = high
    while first > 0 and level[first - 1] >= threshold:
        first -= 1
    while last < len(level) - 1 and level[last + 1] >= threshold:
        last += 1
    return float((t_s[first] + t_s[last]) / 2.0)


def leaves_stand(t_s: Floats, bend: Floats, before: int, high: int) -> float:
    """The moment at which a jumper begins to bend for the jump whose highest point is at the row `high`."""
    pivots = turning_points(bend[before : high + 1], BEND)
    dips = [i for i, pivot in enumerate(pivots) if pivot.high]
    if not dips or dips[-1] == 0:
        return float(t_s[before])
    stand, dip = before + pivots[dips[-1] - 1].row, before + pivots[dips[-1]].row
    return leaves_rest(t_s, bend, stand, dip)


def regains_stand(t_s: Floats, bend: Floats, high: int, after: int) -> float:
    """The moment at which a jumper stands straight again after the jump whose highest point is at the row `high`."""
    return -leaves_stand(*_backwards(t_s, bend, high, after), 0, after - high)


def _backwards(t_s: Floats, level: Floats, first: int, last: int) -> tuple[Floats, Floats]:
    """The rows from `first` to `last` as if time ran the other way."""
    return -t_s[first : last + 1][::-1], level[first : last + 1][::-1]
