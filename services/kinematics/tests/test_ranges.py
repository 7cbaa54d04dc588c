"""How far repetitions went."""

import numpy as np

from motus_kinematics.core.channels import DIFFERENTIATED, POSITIONS
from motus_kinematics.core.course import COORDINATED
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.cycle_rows import CycleRows
from motus_kinematics.core.exercises import EXERCISES
from motus_kinematics.core.history import History, append, table
from motus_kinematics.core.ranges import reach


def repetition(random, depth=1.0):
    """What is seen of one repetition in which all joints take part, each with slow errors of its own."""
    way = depth * (1.0 - np.cos(np.linspace(0.0, 2.0 * np.pi, 60))) / 2.0
    positions = np.full((60, len(POSITIONS)), np.nan)
    for i, column in enumerate(COORDINATED):
        positions[:, column] = (80.0 + i) * way + np.convolve(random.normal(0.0, 4.0, 75), np.ones(16) / 4.0, "valid")
    past, rates = History(), np.full(len(DIFFERENTIATED), np.nan)
    for row, values in enumerate(positions):
        past = append(past, row / 30.0, values, np.full(len(values), 5.0), rates, rates)
    cycle = Cycle(0.0, 1.0, 2.0, "", 2.0, 1.0, upside_down=False, complete=True)
    return CycleRows(table(past), cycle, EXERCISES["squat"])


def range_deg(rows, before=()):
    """The left knee's range of motion."""
    return next(m.value for m in reach(rows, tuple(before)) if m.name == "range_of_motion_left_deg")


def test_a_range_is_steadier_in_the_company_of_those_before():
    """Of equal repetitions, each judged beside three others, ranges scatter by a quarter less than alone."""
    random = np.random.default_rng(1)
    sets = [[repetition(random) for _ in range(4)] for _ in range(40)]

    alone = [range_deg(reps[-1]) for reps in sets]
    beside = [range_deg(reps[-1], reps[:-1]) for reps in sets]

    assert np.std(beside) < 0.75 * np.std(alone)


def test_a_shallower_repetition_keeps_its_smaller_range():
    """Half as deep as those before it, it has half their range: company steadies, it does not level."""
    random = np.random.default_rng(2)
    sets = [[*(repetition(random) for _ in range(3)), repetition(random, depth=0.5)] for _ in range(20)]

    shares = [range_deg(reps[-1], reps[:-1]) / range_deg(reps[0]) for reps in sets]

    assert 0.45 < np.mean(shares) < 0.55


def test_the_first_repetition_stands_alone():
    """Without any before it, and beside one that was not seen, a range is the joint's own."""
    rows = repetition(np.random.default_rng(3))
    unseen = CycleRows(table(History()), Cycle(0.0, 1.0, 2.0, "", 2.0, 1.0, False, True), EXERCISES["squat"])

    assert range_deg(rows, [unseen]) == range_deg(rows)
