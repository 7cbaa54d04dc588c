"""Order, rate and duration of what is pushed."""

import math

from hypothesis import given
from hypothesis import strategies as st

from motus_ingest.push.times import Fault, Times


def faults(times: Times, moments: list[float]) -> list[Fault | None]:
    """What is said of each moment."""
    return [times.take(t_s) for t_s in moments]


def test_a_camera_of_the_highest_rate_is_taken() -> None:
    """Also when it wobbles: now and then one frame more falls into a second."""
    moments = [n / 60 + 0.005 * math.sin(n) for n in range(600)]

    assert set(faults(Times(60, 100, None), moments)) == {None}


def test_more_than_that_is_told_within_a_second() -> None:
    """Wherever on the clock it happens."""
    said = faults(Times(60, 1e9, None), [1e6 + n / 75 for n in range(75)])

    assert Fault.TOO_MANY in said
    assert said[:60] == [None] * 60


def test_a_gap_is_no_fault_and_the_duration_has_a_bound() -> None:
    """Counted from the first moment, wherever the client's clock began."""
    assert faults(Times(60, 100, None), [5e8, 5e8 + 99.0, 5e8 + 101.0]) == [None, None, Fault.TOO_LONG]


def test_what_is_stored_is_known() -> None:
    """Up to and with the last moment; without one nothing is."""
    assert [Times(60, 100, 2.0).is_stored(t_s) for t_s in (1.0, 2.0, 2.001)] == [True, True, False]
    assert not Times(60, 100, None).is_stored(0.0)


@given(st.lists(st.floats(0, 50, allow_nan=False), min_size=2))
def test_only_rising_times_pass(moments: list[float]) -> None:
    """A moment that is not behind the last one that was taken in is unsorted."""
    times, last = Times(1e6, 1e9, None), -math.inf
    for t_s in moments:
        assert (times.take(t_s) is Fault.UNSORTED) == (t_s <= last)
        last = max(last, t_s)
