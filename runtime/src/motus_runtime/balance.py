"""Who should take a free unit and who should give one away: pure, the same in every worker that hears the same."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Final

from motus.bus.v1 import control_pb2

LEAST_SURPLUS: Final = 2
SURPLUS_SHARE: Final = 0.25
"""A unit that moves costs its session a gap, so a worker gives away only what is this much more than another has."""


def turn(unit: str, worker: str, members: Iterable[control_pb2.WorkerInfo]) -> int:
    """How many others should be faster than a worker to take a unit.

    Rendezvous hashing weighted by free capacity, so that the heirs of a dead worker share what it owned without a word
    (Schindelhauer and Schomaker, Weighted Distributed Hash Tables, 2005).

    Args:
        unit: what is free.
        worker: who asks.
        members: the workers of the stage that live.

    Returns:
        0 for the first; also for one whose heartbeat is not known yet.
    """
    order = _order(unit, {member.worker: member.free_capacity for member in members})
    return order.index(worker) if worker in order else 0


def heir_of(unit: str, worker: str, members: Iterable[control_pb2.WorkerInfo], given: Mapping[str, int]) -> str:
    """Whom a worker that leaves should give a unit to: who would be the first to take it.

    Args:
        unit: what it gives.
        worker: who leaves.
        members: the workers of the stage that live.
        given: how many units it has given to whom, of which their heartbeats do not know yet.

    Returns:
        The heir; empty when nobody has room.
    """
    free = {member.worker: member.free_capacity - given.get(member.worker, 0) for member in members}
    order = [one for one in _order(unit, free) if one != worker]
    return order[0] if order else ""


def heir_of_surplus(worker: str, members: Iterable[control_pb2.WorkerInfo]) -> str:
    """Whom a worker should give one of its units to; empty when the load is even enough."""
    known = {member.worker: member for member in members}
    others = [one for one in known.values() if one.worker != worker and one.free_capacity]
    if worker not in known or not others:
        return ""
    mine, least = known[worker].owned, min(others, key=lambda one: (one.owned, one.worker))
    return least.worker if mine - least.owned > max(LEAST_SURPLUS, SURPLUS_SHARE * mine) else ""


def _order(unit: str, free: Mapping[str, int]) -> list[str]:
    """Workers that have room, by whose turn it is to take a unit."""
    able = [worker for worker, number in free.items() if number > 0]
    return sorted(able, key=lambda worker: _score(unit, worker, free[worker]))


def _score(unit: str, worker: str, free: int) -> float:
    digest = hashlib.blake2b(f"{unit}/{worker}".encode(), digest_size=8).digest()
    return -math.log((int.from_bytes(digest, "big") + 1) / 2**64) / free
