"""Smoothness of a movement: spectral arc length and the tremor that all channels share."""

import numpy as np
import pytest

from motus_kinematics.core.smoothness import sparc, tremor


def min_jerk_speed(samples):
    """Bell-shaped speed of a minimum-jerk movement."""
    u = np.linspace(0.0, 1.0, samples)
    return 30.0 * u**2 * (1.0 - u) ** 2


def test_the_arc_length_is_that_of_the_reference_implementation():
    """A Gaussian speed profile gives -1.41403, as the authors' own program does."""
    t_s = np.arange(-1.0, 1.0, 0.01)

    assert sparc(np.exp(-5.0 * t_s**2), 100.0) == pytest.approx(-1.41403, abs=1e-5)


def test_a_minimum_jerk_movement_has_the_arc_length_of_the_smoothest_one():
    """-1.40, however many samples show it."""
    assert [sparc(min_jerk_speed(n), n - 1.0) for n in (31, 61, 301)] == pytest.approx([-1.406] * 3, abs=0.01)


def test_noise_whose_size_is_known_shifts_the_arc_length_by_less():
    """Over two and a half seconds noise looks like roughness; frequencies below it are left out."""
    random = np.random.default_rng(1)
    speed = 100.0 * min_jerk_speed(75)
    clean = sparc(speed, 30.0)
    noisy = [speed + random.normal(0.0, 60.0, len(speed)) for _ in range(50)]

    ignored = np.median([abs(sparc(each, 30.0) - clean) for each in noisy])
    known = np.median([abs(sparc(each, 30.0, 60.0) - clean) for each in noisy])

    assert known < 0.6 * ignored


def channels(size, random, noise=(1.0, 2.0, 0.01), gaps=False):
    """Three channels of one movement over 1.5 s with a shared 4 Hz tremor, a share of the way, and own noise."""
    t_s = np.arange(45) / 30.0
    u = t_s / t_s[-1]
    way = u**3 * (10.0 - 15.0 * u + 6.0 * u * u) + size * np.sin(8.0 * np.pi * t_s)
    x = np.stack((90.0 * way, -60.0 * way, 0.5 * way), axis=1) + random.normal(0.0, 1.0, (45, 3)) * noise
    if gaps:
        x[10:20, 1] = np.nan
    return t_s, x


@pytest.mark.parametrize("gaps", [False, True])
def test_a_shared_tremor_is_found_in_its_size(gaps):
    """A tremor of 3 % of the way has a root mean square of 2.1 %, noise and a channel with gaps or not."""
    random = np.random.default_rng(2)

    sizes = [tremor(*channels(0.03, random, gaps=gaps)).size for _ in range(50)]

    assert np.median(sizes) == pytest.approx(0.03 / np.sqrt(2.0), rel=0.3)


def test_independent_noise_is_no_tremor():
    """What shakes in each channel for itself is what noise is expected to leave."""
    random = np.random.default_rng(3)

    found = [tremor(*channels(0.0, random)) for _ in range(50)]

    assert np.median([one.size / one.noise for one in found]) == pytest.approx(1.0, abs=0.2)


def test_a_movement_shorter_than_its_polynomial_has_no_tremor():
    """A dozen rows cannot tell a tremor from the movement."""
    t_s, x = channels(0.0, np.random.default_rng(4))

    assert tremor(t_s[:12], x[:12]) is None
