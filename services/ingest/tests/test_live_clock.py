"""Pure core: a live source's time stamps on the session's own clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus_ingest.live_clock import LiveClock


def _times(clock: LiveClock, shots: list[tuple[float | None, float]]) -> list[float]:
    times = []
    for stamp_s, arrived_s in shots:
        clock = clock.place(stamp_s, arrived_s)
        times.append(clock.last_s)
    return times


def test_stamps_tell_the_distance_of_pictures() -> None:
    """However the network spreads arrivals, pictures that were taken evenly are told so."""
    times = _times(LiveClock(0.0), [(50.0, 2.0), (50.1, 2.17), (50.2, 2.18), (50.3, 2.35)])
    assert times == pytest.approx([2.0, 2.1, 2.2, 2.3])


def test_a_picture_without_a_stamp_has_the_time_of_its_arrival() -> None:
    """The first picture of an RTSP stream often bears none."""
    assert _times(LiveClock(0.0), [(None, 2.0), (7.0, 2.1), (7.1, 2.2)]) == pytest.approx([2.0, 2.1, 2.2])


def test_another_connection_begins_its_stamps_anew() -> None:
    """Its first picture lies at its arrival, whatever it says."""
    clock = LiveClock(0.0).place(50.0, 2.0).reconnected()
    assert clock.place(0.3, 9.0).last_s == 9.0


def test_stamps_that_jump_are_no_measure_of_time() -> None:
    """A camera that sets its clock in the midst is followed by arrival."""
    assert _times(LiveClock(0.0), [(50.0, 2.0), (9000.0, 2.1), (9000.1, 2.2)]) == pytest.approx([2.0, 2.1, 2.2])


@given(st.lists(st.tuples(st.none() | st.floats(0, 1e6), st.floats(0, 1e6)), max_size=50), st.floats(0, 1e4))
def test_time_never_stands_still_or_runs_back(shots: list[tuple[float | None, float]], after_s: float) -> None:
    """Whatever a source says, each picture is later than the one before, and than what an owner before sent."""
    times = [after_s, *_times(LiveClock(after_s), shots)]
    assert times == sorted(set(times))
