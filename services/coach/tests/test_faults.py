"""The table of faults is whole, and what is wrong in a changed one is said at once."""

import pytest

from motus_coach.checks import accepted_text
from motus_coach.policy.faults import MAX_WORDS, Fault, FaultTable, FaultTableError, builtin_faults, parse_faults
from motus_coach.policy.spoken import words_in
from motus_coach.policy.values import Cue, Evidence, Kind
from motus_coach.prompts import ask_about
from motus_register import MEASURES

TABLE = builtin_faults()

ONE = """
[summary.en]
set = "{reps} done."
[[fault]]
code = "squat_depth_shallow"
exercise = "squat"
severity = "advice"
measures = ["peak_knee_flexion_left_deg"]
below = 80
source = "a book"
topic = ["deeper"]
say.en = ["Go deeper."]
praise.en = ["Deeper now, good."]
focus.en = "depth"
"""


def test_every_measure_is_in_the_register() -> None:
    """The coach judges nothing that kinematics does not measure."""
    named = {name for fault in TABLE.faults for name in fault.measures}

    assert named
    assert named <= set(MEASURES)


@pytest.mark.parametrize("exercise", ["squat", "lunge", "pushup", "hinge", "deadlift", "press", "curl"])
def test_every_exercise_of_the_coach_has_its_range_and_its_tempo_judged(exercise: str) -> None:
    """Too little range and too fast a lowering are looked for in each exercise."""
    codes = [fault.code for fault in TABLE.of(exercise)]

    assert any("depth" in code or "range" in code or "reach" in code for code in codes)
    assert f"{exercise}_lowering_fast" in codes


def _cue(fault: Fault, text: str, kind: Kind) -> Cue:
    code = fault.code if kind is Kind.CORRECTION else f"{fault.code}_mended"
    evidence = (Evidence(fault.measures[0], 60.0, 80.0, 1),)
    return Cue("rep-0001", code, kind, fault.severity, text, "en", fault.exercise, 1.0, 3.0, evidence)


@pytest.mark.parametrize("fault", TABLE.faults, ids=lambda fault: fault.code)
def test_every_wording_passes_the_checks_that_a_model_must_pass(fault: Fault) -> None:
    """The rule's own words are on topic, short, plain, and contradict nothing."""
    wordings = [(text, Kind.CORRECTION) for text in fault.say["en"]]
    wordings += [(text, Kind.PRAISE) for text in fault.praise["en"]]
    for text, kind in wordings:
        cue = _cue(fault, text, kind)
        answer = f'{{"cue_code": "{cue.code}", "text": "{text}"}}'

        assert accepted_text(answer, ask_about(cue, TABLE)) == text
        assert words_in(text) <= MAX_WORDS


def test_everything_wrong_is_named_at_once() -> None:
    """A coach who changes the table sees all mistakes in one go."""
    broken = ONE.replace("peak_knee_flexion_left_deg", "knee_depth").replace('"squat"', '"squats"')
    broken = broken.replace('["Go deeper."]', '["Go to 90 degrees."]').replace("below = 80", "below = 80\nabove = 90")

    with pytest.raises(FaultTableError) as error:
        parse_faults(broken)

    for part in ("knee_depth", "squats", "90 degrees", "exactly one of"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("severity", "weight"),
        ('"advice"', '"awful"'),
        ("below = 80", "below = 80\nmended = 70"),
        ('"depth"', '"a whole lot of depth"'),
        ("[summary.en]", "[summary.de]"),
        ("[[fault]]", "[[fault"),
        ('"Go deeper."', '"Go {deep}."'),
        ('"Go deeper."', '"' + "deeper " * 16 + '"'),
    ],
)
def test_a_wrong_table_is_refused(old: str, new: str) -> None:
    """Nothing is guessed: a table is right or it is not loaded."""
    with pytest.raises(FaultTableError):
        parse_faults(ONE.replace(old, new))


def test_a_right_table_is_loaded() -> None:
    """The smallest table that is whole."""
    table = parse_faults(ONE)

    assert isinstance(table, FaultTable)
    assert [fault.code for fault in table.of("squat")] == ["squat_depth_shallow"]
    assert table.language("en-GB") == "en"
    assert table.language("fi") == "en"
