"""Pure core: when a live source counts as stalled, and how long it is left alone."""

from itertools import pairwise

from motus_ingest.outage import FIRST_S, LONGEST_S, Backoff, Watch


def _pauses(chance: float, number: int) -> list[float]:
    backoff, pauses = Backoff(), []
    for _ in range(number):
        pause_s, backoff = backoff.next(chance)
        pauses.append(pause_s)
    return pauses


def test_pauses_double_up_to_a_bound() -> None:
    """A source that stays away is tried ever more seldom, but for ever."""
    pauses = _pauses(1.0, 12)
    assert pauses[0] == FIRST_S
    assert all(after in (2 * before, LONGEST_S) for before, after in pairwise(pauses))
    assert pauses[-1] == LONGEST_S


def test_chance_spreads_the_tries_of_many() -> None:
    """Sources that were lost together do not all come back in the same instant."""
    assert all(early == late / 2 for early, late in zip(_pauses(0.0, 12), _pauses(1.0, 12), strict=True))


def test_a_stall_is_told_once_and_its_end_too() -> None:
    """Silence counts from the last picture; once told, nothing is due until pictures come again."""
    watch = Watch(5.0, last_s=100.0)
    assert watch.left_s(103.0) == 2.0
    assert watch.left_s(106.0) == 0.0
    stalled = watch.stall()
    assert stalled.left_s(107.0) is None
    ended, watch = stalled.seen(108.0)
    assert ended
    assert watch.left_s(108.0) == 5.0
    assert not watch.seen(109.0)[0]
