"""The judge is judged: figures of made-up answers are what arithmetic says."""

from math import inf

import numpy as np
import pytest

from motus_kinematics.core.channels import PUBLISHED, Grade
from motus_register import CHANNELS, MEASURES
from motus_samples.synthetic import Script, record
from truth.athletes import Case, SetScore, cases, frames_of
from truth.channels import channel_errors, unsided
from truth.drawing import Scene, draw
from truth.figures import counting, idling, macro_f1, manner_right, peak_spreads, phase_coverage, rom_change
from truth.gates import GATED, GATES, Gate, at_most, gate_of, reached
from truth.heard import Heard, hear
from truth.others import thigh_to_trunk
from truth.page import BLOCKS, write
from truth.phase_errors import phase_errors
from truth.reps import RepScore
from truth.steps import StepScore
from truth.sums import Sums, difference, sums


def score(exercise="squat", true=5, given=5, unnamed=None, said=None, reps=(), minutes=0.5):
    """A judged set."""
    case = Case(exercise, "lateral", "medium", 1, unnamed=said is not None)
    return SetScore(
        case, exercise, minutes, {}, {"knee_flexion_deg": 90.0}, true, given, unnamed, said, tuple(reps), StepScore()
    )


def test_errors_add_up():
    """The figures of two parts put together are those of the whole, whatever the parts."""
    errors, sigmas = np.array([1.0, -2.0, 6.0, 0.5]), np.array([2.0, 1.0, 2.0, np.nan])
    whole = sums(errors, sigmas, 5)
    parts = sums(errors[:1], sigmas[:1], 1) + sums(errors[1:], sigmas[1:], 4)

    assert parts == whole
    assert (whole.mae, whole.bias) == (9.5 / 4, 5.5 / 4)
    assert whole.rmse == pytest.approx(np.sqrt(41.25 / 4))
    assert (whole.coverage, whole.stated) == (1 / 3, 4 / 5)


def test_nothing_is_no_figure():
    """Where nothing was stated there is no error to be proud of, and no gate is met."""
    nothing = Sums(wanted=10.0)

    assert np.isnan([nothing.mae, nothing.rmse, nothing.coverage]).all()
    assert not at_most("", 8.0, "").met(nothing.mae)


def test_angles_differ_the_short_way_round():
    """A yaw of 179 degrees against -179 is wrong by 2."""
    assert difference(np.array([179.0]), np.array([-179.0]), cyclic=True) == pytest.approx(-2.0)
    assert difference(np.array([300.0]), np.array([0.0]), cyclic=False) == pytest.approx(300.0)


def test_a_gate_that_is_missed_still_holds_what_was_reached():
    """Between the aim and what is held a figure is kept but not met; beyond, neither."""
    gate = Gate("", aim=(0.95, inf), held=(0.9, inf), reading="")

    assert [(gate.met(value), gate.kept(value)) for value in (0.96, 0.92, 0.89)] == [
        (True, True),
        (False, True),
        (False, False),
    ]


def test_what_is_held_is_what_was_reached():
    """A run's missed gates are kept by that run's own figures, and by none that is much worse."""
    values = {gate.figure: 1e9 if gate.aim[0] == -inf else 0.5 for gate in GATES}
    held = reached(values)

    assert set(held) == {gate.figure for gate in GATES}
    assert held["coverage_high"] < 0.5 < held["reps_exact_share"] + 0.02
    assert held["phase_boundary_s"] == pytest.approx(1.02e9)


def test_counts_are_exact_or_off_by_one():
    """Shares of sets by how far the count is off."""
    figures = counting([score(given=5), score(given=4), score(given=3), score(given=5)])

    assert (figures["reps_exact_share"], figures["reps_off_by_one_share"]) == (0.5, 0.75)


def test_idling_counts_per_minute():
    """Three repetitions in one minute of nothing are three a minute; movement is not idling."""
    scores = [score("idle", 0, 3, 0, "idle"), score("idle", 0, 0, 0, "idle"), score("squat", 5, 9)]

    assert idling(scores)["idle_false_reps_per_min"] == 3.0


def test_f1_weighs_every_class_alike():
    """A class that is never recognised costs its whole share, however few sets it has."""
    scores = [score("squat", said="squat")] * 8 + [score("idle", said="unknown"), score("unknown", said="unknown")]

    assert macro_f1(scores) == pytest.approx((1.0 + 0.0 + 2 / 3) / 3)


def test_saying_always_the_same_is_no_skill():
    """Nine controlled repetitions and one explosive one, all called controlled: half right."""
    reps = [RepScore(True, explosive=(False, False))] * 9 + [RepScore(True, explosive=(True, False))]

    assert manner_right([score(reps=reps)], "explosive") == 0.5


def test_a_constant_bias_costs_nothing_in_changes():
    """Ranges and peaks that are off by the same in every repetition repeat perfectly."""
    reps = [
        RepScore(True, range_deg=(true - 10.0, true), peaks_deg={"peak_knee": -9.0}) for true in (90.0, 100.0, 80.0)
    ]

    assert rom_change([score(reps=reps)]) == 0.0
    assert peak_spreads([score(reps=reps)])["knee_peak_repeat_deg"] == 0.0


def test_tuning_and_held_out_seeds_never_meet():
    """Held-out seeds are odd, those for tuning even, and a movement's athletes are the same in all views."""
    held, tuning = (cases(["squat", "curl"], ["medium"], 5, 1, holdout=way) for way in (True, False))

    assert {case.seed % 2 for case in held} == {1}
    assert {case.seed % 2 for case in tuning} == {0}
    assert len({case.seed for case in held if case.movement == "squat"}) == 5


def test_what_is_always_2_too_much_is_off_by_2():
    """Every angle stated 2 degrees above the truth, on both sides, errs by 2 and lies within its stated 3."""
    recording = record(Script("squat", 2, "lateral", reps=2))
    shape = (len(recording.t_s), len(PUBLISHED))
    true = np.array([recording.truth.channels.get(name, np.zeros(shape[0])) for name in PUBLISHED]).T
    heard = Heard(recording.t_s, true + 2.0, np.full(shape, 3.0), np.ones(shape, np.uint8), (), (), ())
    knee = channel_errors(heard, recording)["knee_flexion_deg", "near", 1]

    assert (knee.mae, knee.bias, knee.coverage, knee.stated) == pytest.approx((2.0, 2.0, 1.0, 1.0))


def test_hip_flexion_from_joint_centres_is_the_registers():
    """A thigh level and forward of an upright trunk is flexed by 90 degrees, on both sides."""
    centres = {
        "shoulder_left": np.array([[0.0, 1.5, -0.2]]),
        "shoulder_right": np.array([[0.0, 1.5, 0.2]]),
        "hip_left": np.array([[0.0, 1.0, -0.1]]),
        "hip_right": np.array([[0.0, 1.0, 0.1]]),
        "knee_left": np.array([[0.4, 1.0, -0.1]]),
        "knee_right": np.array([[0.0, 0.6, 0.1]]),
    }
    angles = thigh_to_trunk(centres)

    assert angles["hip_left"] == pytest.approx(90.0)
    assert angles["hip_right"] == pytest.approx(0.0)


@pytest.mark.parametrize("name", sorted({unsided(name) for name in (*CHANNELS, *MEASURES)}))
def test_every_measure_has_a_gate_or_a_reason(name):
    """No measure of the register goes unjudged without a word."""
    assert gate_of(name) in {gate.figure for gate in GATES} or gate_of(name).startswith("reported only: ")


def test_gated_measures_exist():
    """A measure that a gate claims to hold is in the register."""
    assert set(GATED) <= {unsided(name) for name in (*CHANNELS, *MEASURES)}


def test_the_page_keeps_what_was_not_measured(tmp_path):
    """Blocks whose figures a run lacks stay as they are, words around them too."""
    page = tmp_path / "page.md"
    page.write_text("words\n" + "".join(f"<!-- {name} -->\nold {name}\n<!-- /{name} -->\n" for name in BLOCKS))
    left = write(page, {"synthetic_sets": 3, "knee_flexion_lateral_mae_deg": 7.25})

    assert set(left) == {"heard", "clips", "mocap"}
    assert "old clips" in page.read_text()
    assert "old gates" not in page.read_text()
    assert "| `knee_flexion_lateral_mae_deg` | 7.25 | ≤ 8 | met |" in page.read_text()
    assert page.read_text().startswith("words\n")


def test_a_picture_is_drawn(tmp_path):
    """A set with its truth becomes a PNG."""
    recording = record(Script("curl", 2, reps=2, alternating=True))
    draw(Scene("curl", "curl", hear(frames_of(recording), "curl"), recording), tmp_path / "curl.png")

    assert (tmp_path / "curl.png").read_bytes().startswith(b"\x89PNG")


def test_phases_are_judged_by_what_was_done_in_them():
    """Of a squat that is seen well each phase's length, way and speed are judged, and none is far off."""
    recording = record(Script("squat", 2, "lateral", "medium"))

    errors = phase_errors(hear(frames_of(recording), "squat"), recording)

    whole = {name: sum((part for key, part in errors.items() if key[0] == name), Sums()) for name, _, _ in errors}
    assert whole["phase_duration_s"].wanted == 2 * len(recording.truth.reps)
    assert whole["phase_duration_s"].mae < 0.3
    assert whole["phase_range_deg"].mae < 25.0
    assert whole["phase_mean_velocity_deg_s"].stated == 1.0


def test_phases_have_a_coverage_of_their_own():
    """An angle's error counts nowhere among those of phases, nor does one of another grade."""
    judged = score()
    judged.errors["phase_duration_s", "", int(Grade.HIGH)] = Sums(wanted=4, n=4, sure=4, covered=3)
    judged.errors["phase_range_deg", "", int(Grade.LOW)] = Sums(wanted=4, n=4, sure=4, covered=0)
    judged.errors["knee_flexion_deg", "near", int(Grade.HIGH)] = Sums(wanted=4, n=4, sure=4, covered=0)

    assert phase_coverage([judged], Grade.HIGH) == 0.75
    assert phase_coverage([judged], Grade.LOW) == 0.0
