"""The fixed-lag smoother of fast movements, held against the textbook's recursion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motus_kinematics.core.kalman import AHEAD_S, BACK_S, JERKS, STEP_S, smooth
from motus_kinematics.core.smoothing import PRIOR_SHARE, fit, window

FLOOR = np.array([12.0])


def textbook(t_s, x, row, jerk, noise):
    """Kalman filter forward, Rauch-Tung-Striebel smoother back to a row: its state and covariance."""
    state, cov = np.zeros(3), np.eye(3) * 1e9
    filtered, predicted, steps = [], [], []
    for i, sample in enumerate(x):
        if i:
            dt = t_s[i] - t_s[i - 1]
            step = np.array([[1.0, dt, dt * dt / 2.0], [0.0, 1.0, dt], [0.0, 0.0, 1.0]])
            push = np.array([dt**3 / 6.0, dt * dt / 2.0, dt])
            state, cov = step @ state, step @ cov @ step.T + np.outer(push, push) * jerk**2 * STEP_S / dt
            steps.append(step)
        predicted.append((state, cov))
        gain = cov[:, 0] / (cov[0, 0] + noise**2)
        state, cov = state + gain * (sample - state[0]), cov - np.outer(gain, cov[0])
        filtered.append((state, cov))
    for i in range(len(x) - 2, row - 1, -1):
        back = filtered[i][1] @ steps[i].T @ np.linalg.inv(predicted[i + 1][1])
        state = filtered[i][0] + back @ (state - predicted[i + 1][0])
        cov = filtered[i][1] + back @ (cov - predicted[i + 1][1]) @ back.T
    return state, cov


@given(
    jitter=st.lists(st.floats(-0.008, 0.008), min_size=12, max_size=12),
    seed=st.integers(0, 999),
    jerk=st.sampled_from(sorted(set(JERKS.values()))),
)
@settings(max_examples=40, deadline=None)
def test_one_solve_is_the_textbooks_filter_and_smoother(jitter, seed, jerk):
    """Value, rate and the rate's error are those of the recursion, whatever the time stamps."""
    t_s = np.arange(12) * STEP_S + np.array(jitter)
    x = 30.0 * np.sin(6.0 * t_s) + np.random.default_rng(seed).normal(0.0, 1.0, 12)
    sigmas = np.full((12, 1), 5.0)

    found = smooth(t_s, x[:, None], sigmas, t_s[8], jerk)

    state, cov = textbook(t_s, x, 8, jerk, PRIOR_SHARE * 5.0)
    assert found.values[0] == pytest.approx(state[0], abs=1e-3)
    assert found.rates[0] == pytest.approx(state[1], abs=0.05)
    assert found.rate_sigmas[0] == pytest.approx(np.sqrt(cov[1, 1]), rel=1e-3)


def errors_of(rate_at, seed=1):
    """Errors of an estimate of the velocity over throws whose elbow reaches 1500 deg/s."""
    random = np.random.default_rng(seed)
    t_s = np.arange(240) / 30
    u = np.clip((t_s % 2.0 - 1.0) / 0.13, 0.0, 1.0)
    back = np.clip((t_s % 2.0 - 1.5) / 0.4, 0.0, 1.0)
    angle = 100.0 * (u**3 * (10 - 15 * u + 6 * u * u) - back**3 * (10 - 15 * back + 6 * back * back))
    true = 3000.0 * (u**2 * (1 - u) ** 2 / 0.13 - back**2 * (1 - back) ** 2 / 0.4)
    noisy = (angle + random.normal(0.0, 1.5, len(t_s)))[:, None]
    return np.array([rate_at(t_s, noisy, at_s) for at_s in t_s[12:-12]]) - true[12:-12]


def test_a_throw_is_followed_better_than_by_the_local_quadratic():
    """Velocity errors of a throw are at least a quarter smaller than the quadratic's."""

    def fast(t_s, x, at_s):
        near = window(t_s, at_s, BACK_S, AHEAD_S)
        return smooth(t_s[near], x[near], np.full_like(x[near], 5.0), at_s, JERKS["throw"]).rates[0]

    def slow(t_s, x, at_s):
        near = window(t_s, at_s)
        return fit(t_s[near], x[near], np.full_like(x[near], 5.0), FLOOR, at_s).rates[0]

    assert np.sqrt(np.mean(errors_of(fast) ** 2)) < 0.75 * np.sqrt(np.mean(errors_of(slow) ** 2))


def test_a_wild_sample_hardly_moves_it():
    """A landmark that jumps for a frame moves the velocity by less than 60 deg/s; unweighted it would be twice that."""
    t_s = np.arange(12) * STEP_S
    x = 20.0 * t_s
    wild = x + 25.0 * (np.arange(12) == 6)

    rates = [smooth(t_s, y[:, None], np.full((12, 1), 5.0), t_s[8], JERKS["jump"]).rates[0] for y in (x, wild)]

    assert abs(rates[1] - rates[0]) < 60.0
