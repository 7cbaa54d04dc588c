"""The pure core: time lines, thinning, due times."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from motus_ingest.sampling import Omission, Sampling, Schedule, Timeline, Tracing


def _sent(sampling: Sampling, times_s: list[float]) -> list[float]:
    sent = []
    for t_s in times_s:
        omission, sampling = sampling.judge(t_s)
        if omission is None:
            sent.append(t_s)
    return sent


def test_a_frames_own_time_stamp_is_its_time() -> None:
    """Variable frame rate is kept as it is."""
    timeline = Timeline(0.04)

    placed = [(timeline := timeline.place(stamp)).last_s for stamp in (-0.1, 0.0, 0.5, 0.51)]

    assert placed == [-0.1, 0.0, 0.5, 0.51]


def test_frames_without_time_stamps_follow_at_the_nominal_interval() -> None:
    """A raw stream without any time stamp plays at its frame rate."""
    timeline = Timeline(0.25)

    placed = [(timeline := timeline.place(None)).last_s for _ in range(4)]

    assert placed == [0.0, 0.25, 0.5, 0.75]


@given(st.lists(st.one_of(st.none(), st.floats(-1e4, 1e4)), max_size=60))
def test_time_never_stands_still_or_runs_back(stamps: list[float | None]) -> None:
    """Whatever stamps a file has, each frame lies behind the one before."""
    timeline = Timeline(0.03125)

    placed = [(timeline := timeline.place(stamp)).last_s for stamp in stamps]

    assert all(a is not None and b is not None and a < b for a, b in pairwise(placed))


def test_four_times_the_rate_sends_exactly_every_fourth_frame() -> None:
    """240 frames per second are thinned evenly to 60."""
    times = [number / 240 for number in range(240)]

    sent = _sent(Sampling(60), times)

    assert sent == times[::4]


def test_a_source_at_the_limit_loses_nothing_to_rounded_stamps() -> None:
    """60 frames per second with stamps in whole milliseconds, as Matroska has them, are all sent."""
    times = [round(number * 1000 / 60) / 1000 for number in range(600)]

    sent = _sent(Sampling(60), times)

    assert sent == times


def test_a_bit_over_the_limit_keeps_the_mean_rate() -> None:
    """90 frames per second become 60 on average."""
    sent = _sent(Sampling(60), [number / 90 for number in range(900)])

    assert abs(len(sent) - 600) <= 1


@given(st.lists(st.floats(0.0001, 1.0), min_size=1, max_size=300), st.floats(1, 240))
def test_the_limit_holds_for_every_source(gaps_s: list[float], max_fps: float) -> None:
    """However frames come, no stretch has more of them than the limit allows, but for one at either edge."""
    times = [math.fsum(gaps_s[:count]) for count in range(len(gaps_s))]

    sent = _sent(Sampling(max_fps), times)

    assert sent[0] == times[0]
    assert len(sent) <= (sent[-1] - sent[0]) * max_fps + 2.5


def test_without_a_limit_every_frame_is_sent() -> None:
    """Frames a millisecond apart are sent too."""
    times = [0.0, 0.001, 0.002, 0.5, 0.5001]

    assert _sent(Sampling(math.inf), times) == times


def test_what_an_owner_before_did_is_passed_over() -> None:
    """A resumed session begins with the first frame behind the last one done."""
    sampling = Sampling(60, after_s=0.2)

    first, sampling = sampling.judge(0.2)
    second, _ = sampling.judge(0.2334)

    assert (first, second) == (Omission.RESUMED, None)


def test_frames_are_due_as_far_apart_as_their_time_stamps() -> None:
    """Real time is counted from the first frame that is sent, so a resumed session does not wait."""
    schedule = Schedule(clock_s=1000.0, first_s=7.5)

    assert schedule.due_s(7.5) == 1000.0
    assert schedule.due_s(9.0) == 1001.5


def test_one_frame_in_ten_seconds_is_traced() -> None:
    """Traces are sampled in time, whatever the frame rate."""
    tracing, traced = Tracing(), []
    for number in range(31 * 30):
        wanted, tracing = tracing.judge(number / 30)
        if wanted:
            traced.append(number)

    assert traced == [0, 300, 600, 900]
