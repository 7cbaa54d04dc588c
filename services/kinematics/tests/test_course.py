"""The course that all channels of a movement share, and a channel as it follows it."""

import numpy as np

from motus_kinematics.core.channels import POSITIONS
from motus_kinematics.core.course import COORDINATED, common_course, following


def movement(random, noise):
    """One repetition over 2 s in all coordinated channels, each with its own way, noise and slow wandering."""
    way = (1.0 - np.cos(np.linspace(0.0, 2.0 * np.pi, 60))) / 2.0
    positions = np.full((60, len(POSITIONS)), np.nan)
    for i, column in enumerate(COORDINATED):
        wander = np.convolve(random.normal(0.0, noise, 75), np.ones(16) / 4.0, "valid")
        positions[:, column] = (60.0 + i) * way + wander
    return way, positions, np.full_like(positions, 5.0)


def test_the_course_is_that_of_the_movement():
    """It runs with the way, of range 1, and its noise is far below that of a channel."""
    way, positions, sigmas = movement(np.random.default_rng(1), 3.0)

    course = common_course(positions, sigmas)

    assert np.ptp(course) == 1.0
    assert abs(np.corrcoef(course, way)[0, 1]) > 0.995


def test_a_channel_that_follows_the_course_has_a_steadier_range():
    """Over many repetitions its range scatters less than the channel's own extremes do, and is nearer the truth."""
    random = np.random.default_rng(2)
    own, followed = [], []
    for _ in range(60):
        _, positions, sigmas = movement(random, 4.0)
        channel = positions[:, COORDINATED[0]]
        own.append(np.ptp(channel))
        followed.append(np.ptp(following(common_course(positions, sigmas), channel)))

    assert np.std(followed) < 0.95 * np.std(own)
    assert abs(np.mean(followed) - 60.0) < abs(np.mean(own) - 60.0)


def test_what_is_hardly_seen_has_no_course():
    """A few rows, or a body that is out of sight, give none."""
    _, positions, sigmas = movement(np.random.default_rng(3), 1.0)

    assert common_course(positions[:8], sigmas[:8]) is None
    assert common_course(np.full_like(positions, np.nan), sigmas) is None
    assert common_course(positions[:0], sigmas[:0]) is None
