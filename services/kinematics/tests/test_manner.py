"""In which manner a repetition was done, and how fast each of its phases went."""

import pytest

from motus_kinematics.core.channels import Absence
from motus_kinematics.core.events import Phase


def figures(measures):
    """Measures that are there by name."""
    return {m.name: m for m in measures if m.absence is Absence.PRESENT}


def only_rep(lab, *moves, noise_m=0.004):
    """The one squat of a film."""
    (rep,) = lab.play(lab.film(moves, 7.0, noise_m=noise_m), "squat").reps
    return rep


@pytest.mark.parametrize(("back_s", "explosive"), [(0.45, True), (0.6, True), (1.0, False), (1.6, False)])
def test_a_quick_lift_is_explosive_and_a_slow_one_is_controlled(lab, back_s, explosive):
    """A squat comes up in half a second or in more than one."""
    seen = figures(only_rep(lab, lab.Excursion(1.0, 1.4, 0.0, back_s)).measures)

    assert (seen["explosive_ratio"].value > 0.5) is explosive


@pytest.mark.parametrize(("size", "shaky"), [(0.0, False), (0.05, True)])
def test_a_tremor_of_all_joints_is_shaky(lab, size, shaky):
    """Five degrees of tremor in a squat of a hundred tell, none does not."""
    squat = lab.Excursion(1.0, 1.6, 0.0, 1.6)

    seen = figures(only_rep(lab, squat, lab.Tremor(1.0, squat.end_s, size)).measures)

    assert (seen["shaky_ratio"].value > 0.5) is shaky
    assert (seen["tremor_percent"].value > 0.8) is shaky


def test_each_phase_has_its_velocities(lab):
    """Mean and peak speed of the way down and up are the figure's, each within three of its own errors."""
    rep = only_rep(lab, lab.Excursion(1.0, 1.6, 0.6, 1.2))

    for phase, lasts_s in ((Phase.ECCENTRIC, 1.6), (Phase.CONCENTRIC, 1.2)):
        (seen,) = (figures(span.measures) for span in rep.phases if span.phase is phase)
        mean, peak, late = (seen[n] for n in ("mean_velocity_deg_s", "peak_velocity_deg_s", "time_to_peak_velocity_s"))
        assert mean.value == pytest.approx(95.0 / lasts_s, rel=0.3)
        assert abs(peak.value - 1.875 * 95.0 / lasts_s) < 3.0 * peak.standard_error
        assert abs(late.value - lasts_s / 2.0) < 3.0 * late.standard_error
        assert seen["acceleration_deg_s2"].value == pytest.approx(1.875 * 95.0 / lasts_s**2 * 2.0, rel=0.5)
        assert -2.2 < seen["sparc"].value < -1.35


def test_a_hold_is_still(lab):
    """What is held at the turn wanders by no more than the camera's noise."""
    rep = only_rep(lab, lab.Excursion(1.0, 1.4, 1.0, 1.0))

    (held,) = (figures(span.measures) for span in rep.phases if span.phase is Phase.TURN_HOLD)

    assert held["velocity_rms_deg_s"].value < 10.0


def test_a_lift_that_stalls_has_a_sticking_region(lab):
    """Two halves with a stop between are a dip of nearly the whole speed; one smooth lift has none."""
    down = lab.Excursion(1.0, 1.4, 0.6, 1.6)
    stalling = (lab.Excursion(1.0, 1.4, 0.6, 0.8, 0.5), lab.Excursion(1.0, 1.4, 1.5, 0.8, 0.5))

    smooth, stalled = (
        figures(only_rep(lab, *moves, noise_m=0.002).measures)["sticking_ratio"].value for moves in ((down,), stalling)
    )

    assert smooth == 0.0
    assert stalled > 0.5
