"""Cycles of a signal, roughly and all at once."""

import pytest

from motus_kinematics.core.composite import Composer
from motus_kinematics.core.counting import look_at, scaled
from motus_kinematics.core.exercises import EXERCISES
from motus_kinematics.core.history import table
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.core.spans import roughly

SQUAT = EXERCISES["squat"]


@pytest.mark.parametrize("hidden", [False, True])
def test_rough_cycles_are_those_that_are_counted(lab, hidden):
    """Each begins and ends within a third of a second of the counted one, seen throughout or not."""
    state = State()
    for frame in lab.film(lab.regular(3), 9.0, noise_m=0.004):
        lost = hidden and 2.0 < frame.t_s < 2.1
        state, _ = step(state, lab.hidden(frame) if lost else frame, Config("squat"))
    past = table(state.review.history)
    first = look_at(past, SQUAT, Composer(past).compose(SQUAT.signals), ended=True, known={})
    look = scaled(first, first.amplitude)

    cycles, rough = look.cycles(), roughly(look)

    assert rough.start_s == pytest.approx([cycle.start_s for cycle in cycles], abs=0.33)
    assert rough.end_s == pytest.approx([cycle.end_s for cycle in cycles], abs=0.33)
    assert rough.size == pytest.approx([cycle.amplitude for cycle in cycles])


def test_a_signal_that_stands_still_has_none(lab):
    """Nothing that turns, nothing to choose."""
    state = State()
    for frame in lab.film((), 3.0):
        state, _ = step(state, frame, Config("squat"))
    past = table(state.review.history)

    assert len(roughly(look_at(past, SQUAT, Composer(past).compose(SQUAT.signals), ended=True, known={}))) == 0
