"""What is usual for an athlete, and the RPCs that keep who they are."""

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from motus_sessions.projection.athletes import PastRep, baselines, trend, usual


def reps(session: str, time_ns: int, *values: float, exercise: str = "squat") -> list[PastRep]:
    """Repetitions of a session with one measure each."""
    return [PastRep(session, time_ns, exercise, {"rep_duration_s": value}) for value in values]


def test_what_is_usual_is_the_median_with_a_spread_that_outliers_do_not_move() -> None:
    """As scipy has it; one value has no spread, and few values say nothing of the median's error."""
    values = [2.0, 2.1, 1.9, 2.0, 2.2, 9.0]

    found = usual(values)

    assert (found.median, found.count) == (pytest.approx(np.median(values)), 6)
    assert found.robust_cv == pytest.approx(median_abs_deviation(values, scale="normal") / np.median(values), rel=1e-4)
    assert found.standard_error == pytest.approx(1.2533 * found.robust_cv * found.median / 6**0.5)
    assert (usual([3.0]).robust_cv, usual([3.0]).standard_error) == (0.0, None)
    assert usual([-1.0, 0.0, 1.0]).robust_cv == 0.0


def test_a_trend_goes_from_session_to_session_in_order_of_time() -> None:
    """Whatever the order of the repetitions; what lacks the measure is left out."""
    other = PastRep("new", 3, "squat", {"concentric_s": 1.0})

    found = trend([*reps("new", 3, 2.0, 2.2), *reps("old", 1, 3.0), other], "rep_duration_s")

    assert [(point.session, point.median, point.count) for point in found] == [("old", 3.0, 1), ("new", 2.1, 2)]


def test_baselines_need_five_repetitions_of_the_same_exercise() -> None:
    """Nobody is compared with four repetitions."""
    found = baselines(
        [*reps("a", 1, 1.0, 2.0, 3.0), *reps("b", 2, 4.0, 5.0), *reps("b", 2, *[1.0] * 4, exercise="curl")]
    )

    assert {key: each.median for key, each in found.items()} == {("squat", "rep_duration_s"): 3.0}
