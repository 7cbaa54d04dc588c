"""What the core calls things is what the contract and the register call them."""

import motus_register as register
from motus.v1 import measure_pb2
from motus_kinematics.core.channels import INTERNAL, POSITIONS, PUBLISHED, Absence, Grade
from motus_kinematics.core.events import SetEvent
from motus_kinematics.core.exercises import EXERCISES
from motus_kinematics.core.rules import RULES


def test_every_published_channel_is_in_the_register_and_the_other_way_round():
    """The register lists what is measured, all of it and nothing else."""
    assert set(PUBLISHED) == set(register.CHANNELS)


def test_a_repetition_carries_every_measure_of_the_register_once(lab):
    """A measure that cannot be made is there with its reason."""
    (rep,) = lab.play(lab.film(lab.regular(1), 4.0), "squat").reps

    names = [measure.name for measure in rep.measures]
    assert sorted(names) == sorted(register.MEASURES)


def test_a_phase_carries_measures_of_the_register(lab):
    """Moving phases and holds have their own, and together they have all of them."""
    move = lab.Excursion(1.0, 1.2, 0.8, 1.0)
    (rep,) = lab.play(lab.film((move,), 6.0), "squat").reps

    names = [measure.name for phase in rep.phases for measure in phase.measures]
    assert len(rep.phases) == 3
    assert set(names) == set(register.PHASE_MEASURES)


def test_a_set_that_is_over_carries_every_measure_of_the_register_once(lab):
    """An open set has none yet."""
    opened, ended = (e for e in lab.play(lab.film(lab.regular(2), 8.0), "squat").events if isinstance(e, SetEvent))

    assert not opened.measures
    assert [measure.name for measure in ended.measures] == list(register.SET_MEASURES)


def test_the_exercises_and_names_are_ids_of_the_register():
    """Nothing is counted or named that the register does not know."""
    assert set(EXERCISES) <= set(register.EXERCISES)
    assert {name for name, _ in RULES} <= set(register.CLASSES)


def test_reasons_and_grades_have_the_numbers_of_the_contract():
    """The core's codes travel as they are."""
    assert {f"ABSENCE_REASON_{a.name}": a.value for a in Absence if a} == {
        name: number for name, number in measure_pb2.AbsenceReason.items() if number
    }
    assert {f"GRADE_{g.name}": g.value for g in Grade if g} == {
        name: number for name, number in measure_pb2.Grade.items() if number
    }


def test_internal_positions_stay_inside():
    """What serves counting alone is not published."""
    assert set(INTERNAL) < set(POSITIONS)
    assert not set(INTERNAL) & set(PUBLISHED)
