"""Quantiles of columns with holes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus_kinematics.core.ranked import Ranked, median


@given(
    column=st.lists(st.one_of(st.floats(-180, 180), st.just(np.nan)), min_size=1, max_size=40), share=st.floats(0, 1)
)
def test_a_quantile_is_that_of_the_values_that_are_known(column, share):
    """As numpy has it for the column without its holes; none for a column without a value."""
    values = np.array(column)
    known = values[np.isfinite(values)]
    ranked = Ranked(np.stack((np.arange(float(len(values))), values), axis=1))

    assert ranked.known(1) == len(known)
    expected = np.quantile(known, share) if len(known) else np.nan
    assert ranked.quantile(1, share) == pytest.approx(expected, abs=1e-9, nan_ok=True)


@given(values=st.lists(st.floats(-180, 180), min_size=1, max_size=40))
def test_a_median_is_numpys(values):
    """To the last bit, for an odd and for an even number of values."""
    assert median(np.array(values)) == np.median(values)
