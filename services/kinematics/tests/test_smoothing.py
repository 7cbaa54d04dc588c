"""The local quadratic: value and rate from irregular, noisy, gappy samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motus_kinematics.core.smoothing import fit, window

FLOOR = np.array([12.0])


def fitted(t_s, x, at_s):
    """Fit of one column in its window."""
    near = window(t_s, at_s)
    column = x[near, None]
    return fit(t_s[near], column, np.ones_like(column), FLOOR, at_s)


@given(
    a=st.floats(-100, 100),
    v=st.floats(-300, 300),
    c=st.floats(-500, 500),
    jitter=st.lists(st.floats(-0.008, 0.008), min_size=30, max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_a_parabola_is_reproduced_whatever_the_time_stamps(a, v, c, jitter):
    """Jittered time stamps bend neither value nor rate: the fit uses the stamps, not the indices."""
    t_s = np.arange(30) / 30 + np.array(jitter)
    at_s = 0.5

    found = fitted(t_s, a + v * (t_s - at_s) + c * (t_s - at_s) ** 2, at_s)

    assert found.values[0] == pytest.approx(a, abs=1e-3)
    assert found.rates[0] == pytest.approx(v, abs=1e-2)


def test_one_wild_sample_changes_nothing():
    """A landmark that jumps for one frame is left out."""
    t_s = np.arange(20) / 30
    x = 50.0 + 100.0 * t_s
    wild = x.copy()
    wild[10] += 60.0

    calm, disturbed = fitted(t_s, x, t_s[10]), fitted(t_s, wild, t_s[10])

    assert disturbed.values[0] == pytest.approx(calm.values[0], abs=0.5)
    assert disturbed.rates[0] == pytest.approx(calm.rates[0], abs=5.0)


def test_rates_of_a_slow_squat_are_within_the_error_that_the_method_promises():
    """At 1.5 degrees of jitter the rate of a squat misses by less than 25 deg/s (biomech 2)."""
    random = np.random.default_rng(3)
    t_s = np.arange(300) / 30
    angle = 50.0 - 50.0 * np.cos(2 * np.pi * t_s / 3.0)
    rate = 50.0 * 2 * np.pi / 3.0 * np.sin(2 * np.pi * t_s / 3.0)
    noisy = angle + random.normal(0.0, 1.5, len(t_s))

    errors = [fitted(t_s, noisy, t).rates[0] - r for t, r in zip(t_s[10:-10], rate[10:-10], strict=True)]

    assert np.sqrt(np.mean(np.square(errors))) < 25.0


def test_a_gap_without_enough_samples_has_no_value():
    """Three samples carry no parabola with an error: the answer is that nothing is known."""
    t_s = np.array([0.0, 0.03, 0.06])

    found = fitted(t_s, np.ones(3), 0.03)

    assert np.isnan(found.values[0])
    assert np.isnan(found.rates[0])


@given(
    lost=st.sets(st.integers(0, 239), max_size=80),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_dropped_frames_and_jittered_stamps_leave_the_velocity_of_a_squat_within_bounds(lost, seed):
    """Whichever frames are lost, up to a third, and wherever within 8 ms the others lie: less than 30 deg/s."""
    random = np.random.default_rng(seed)
    t_s = np.delete(np.arange(240) / 30 + random.uniform(-0.008, 0.008, 240), list(lost))
    angle = 50.0 - 50.0 * np.cos(2 * np.pi * t_s / 3.0)
    noisy = angle + random.normal(0.0, 1.5, len(t_s))
    inner = t_s[6:-6]

    rates = np.array([fitted(t_s, noisy, at_s).rates[0] for at_s in inner])

    known = np.isfinite(rates)
    errors = rates[known] - (50.0 * 2 * np.pi / 3.0 * np.sin(2 * np.pi * inner / 3.0))[known]
    assert known.mean() > 0.9
    assert np.sqrt(np.mean(np.square(errors))) < 30.0


def test_nothing_is_fitted_across_a_long_gap():
    """Before and after half a second without frames are two movements: neither bends the other."""
    t_s = np.concatenate((np.arange(10), np.arange(25, 35))) / 30
    x = np.where(t_s < 0.5, 10.0, 80.0)

    rates = [fitted(t_s, x, at_s).rates[0] for at_s in t_s]

    assert np.nanmax(np.abs(rates)) < 1e-6


def test_the_error_of_a_rate_is_larger_where_samples_are_noisier():
    """What the residuals show is what is said."""
    random = np.random.default_rng(5)
    t_s = np.arange(200) / 30
    shake = random.normal(0.0, 1.0, len(t_s))

    calm, rough = (np.mean([fitted(t_s, size * shake, t).rate_sigmas[0] for t in t_s[10:-10]]) for size in (0.5, 4.0))

    assert rough > 2.0 * calm


def test_at_a_low_frame_rate_the_window_reaches_further_back():
    """At 10 frames a second there are still five samples to fit."""
    t_s = np.arange(20) / 10

    assert window(t_s, 1.0).stop - window(t_s, 1.0).start == 5
