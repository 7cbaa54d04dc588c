"""The past that counting looks back on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from motus_kinematics.core.channels import DIFFERENTIATED, POSITIONS
from motus_kinematics.core.history import SPAN_S, STEPS, WIDTH, History, append, forget_before, table

numbers = st.one_of(st.just(np.nan), st.floats(-1e5, 1e5))


@given(arrays(np.float64, WIDTH, elements=numbers))
@settings(max_examples=50)
def test_a_row_is_read_as_it_was_filed(row):
    """Within half a step where the codes reach, at their end beyond, and unknown where it was unknown."""
    p, largest = len(POSITIONS), np.iinfo(np.int16).max

    past = table(append(History(), 0.0, *np.split(row, (p, 2 * p, 2 * p + len(DIFFERENTIATED)))))

    read = np.concatenate((past.values[0], past.sigmas[0], past.rates[0], past.rate_sigmas[0]))
    expected = np.clip(row, -largest * STEPS, largest * STEPS)
    assert (np.isnan(read) == np.isnan(row)).all()
    assert (np.isnan(row) | (np.abs(read - expected) <= STEPS / 2.0 + 1e-9)).all()
    assert np.array_equal(past.value(POSITIONS[3]), past.values[:, 3], equal_nan=True)
    assert np.array_equal(past.rate(DIFFERENTIATED[2]), past.rates[:, 2], equal_nan=True)
    assert np.array_equal(past.rate_sigma(DIFFERENTIATED[2]), past.rate_sigmas[:, 2], equal_nan=True)


def test_the_past_is_bounded_in_time_and_in_rows():
    """However long and however dense the film, no more than a minute at 32 rows a second is kept."""
    history, row = History(), np.zeros(WIDTH)
    for i in range(6000):
        history = append(history, i / 60.0, row)

    past = table(history)

    assert past.t_s[-1] - past.t_s[0] <= SPAN_S
    assert len(past.t_s) <= 32 * SPAN_S
    assert table(forget_before(history, 90.0)).t_s[0] == 90.0
