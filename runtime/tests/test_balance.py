"""Who takes and who gives: decided alike by all, in proportion to what is free, and seldom."""

from collections import Counter

from motus.bus.v1.control_pb2 import WorkerInfo
from motus_runtime.balance import heir_of, heir_of_surplus, turn


def _workers(**free: int) -> list[WorkerInfo]:
    return [WorkerInfo(worker=name, stage="pose", free_capacity=number) for name, number in free.items()]


def test_every_worker_has_its_own_turn() -> None:
    """Of those that live, exactly one is first, one second, and so on."""
    members = _workers(a=4, b=4, c=4)

    assert sorted(turn("unit", each.worker, members) for each in members) == [0, 1, 2]


def test_first_turns_go_by_free_capacity() -> None:
    """A worker with three times the room takes about three times the units of a dead one."""
    members = _workers(small=10, large=30)

    first = Counter(min(members, key=lambda one: turn(f"unit-{n}", one.worker, members)).worker for n in range(2000))

    assert 2.4 < first["large"] / first["small"] < 3.7


def test_a_full_worker_has_no_turn_before_others() -> None:
    """Nobody waits for one that can take nothing."""
    members = _workers(full=0, free=1)

    assert turn("unit", "free", members) == 0


def test_one_gives_away_only_what_is_clearly_too_much() -> None:
    """Small differences stay: each move costs a session a gap."""
    full = WorkerInfo(worker="full", owned=20, free_capacity=20)
    near = WorkerInfo(worker="near", owned=16, free_capacity=4)
    new = WorkerInfo(worker="new", owned=0, free_capacity=20)

    assert heir_of_surplus("full", [full, near]) == ""
    assert heir_of_surplus("full", [full, near, new]) == "new"
    assert heir_of_surplus("new", [full, near, new]) == ""


def test_who_is_full_gets_nothing() -> None:
    """A move must not end where nothing can be taken."""
    mine = WorkerInfo(worker="mine", owned=20, free_capacity=0)
    full = WorkerInfo(worker="full", owned=2, free_capacity=0)

    assert heir_of_surplus("mine", [mine, full]) == ""


def test_who_leaves_gives_to_whom_it_would_be_first_and_never_more_than_there_is_room_for() -> None:
    """Heirs share by their room, what was given before their next heartbeat counts, and nobody gets too much."""
    members = [*_workers(large=6, small=3), WorkerInfo(worker="leaver", stage="pose", free_capacity=5)]
    given: Counter[str] = Counter()
    for number in range(12):
        given[heir_of(f"unit-{number}", "leaver", members, given)] += 1

    assert given == {"large": 6, "small": 3, "": 3}
