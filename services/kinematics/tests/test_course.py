"""The course that all channels of a movement share, and a channel as it follows it."""

import numpy as np

from motus_kinematics.core.channels import POSITIONS
from motus_kinematics.core.course import COORDINATED, common_course, steadied


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


def test_a_joint_that_is_held_still_does_not_get_its_range_from_errors():
    """Over many repetitions of the rest of the body, a still joint's range is half of what its own extremes say."""
    random = np.random.default_rng(2)
    own, steady = [], []
    for _ in range(60):
        way, positions, sigmas = movement(random, 4.0)
        still = positions[:, COORDINATED[0]] - 60.0 * way
        own.append(np.ptp(still))
        steady.append(np.ptp(steadied(common_course(positions, sigmas), still, 10.0).values))

    assert np.mean(steady) < 0.6 * np.mean(own)


def test_a_movement_against_the_course_is_kept():
    """What strays from the course by far more than its standard error is no error: its range stays within 5 %."""
    _, positions, sigmas = movement(np.random.default_rng(4), 0.5)
    apart = 40.0 * np.sin(np.linspace(0.0, 7.0, 60))

    steady = steadied(common_course(positions, sigmas), apart, 5.0)

    assert abs(np.ptp(steady.values) - np.ptp(apart)) < 0.05 * np.ptp(apart)
    assert steady.wander == 5.0


def test_without_a_course_all_may_be_error():
    """Values stay as they are, and the wandering is taken to be as large as the standard error."""
    values = np.array([1.0, np.nan, 3.0])

    steady = steadied(None, values, 4.0)

    assert steady.values.tolist() == [1.0, 3.0]
    assert steady.wander == 4.0


def test_what_is_hardly_seen_has_no_course():
    """A few rows, or a body that is out of sight, give none."""
    _, positions, sigmas = movement(np.random.default_rng(3), 1.0)

    assert common_course(positions[:8], sigmas[:8]) is None
    assert common_course(np.full_like(positions, np.nan), sigmas) is None
    assert common_course(positions[:0], sigmas[:0]) is None
