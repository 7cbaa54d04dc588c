"""What was begun like a repetition and is none."""

import pytest

from motus_kinematics.core.events import RepEvent, SetEvent
from motus_kinematics.core.ledger import RepState


@pytest.fixture
def bent(lab):
    """The poses of a squat with the trunk below the hips."""
    far = lab.Pose(knee=(100.0, 100.0), hip=(160.0, 160.0), lean=100.0)
    return {"rest": lab.Pose(hip=(105.0, 105.0), lean=100.0), "far": far}


def attempts(played):
    """The last revision of everything that was said not to count, by time."""
    last = {(e.record.ordinal, e.record.attempt): e for e in played.events if isinstance(e, RepEvent)}
    uncounted = [e for e in last.values() if e.record.state in (RepState.PARTIAL, RepState.REJECTED)]
    return sorted(uncounted, key=lambda e: e.record.cycle.turn_s)


def test_a_repetition_that_the_film_cuts_off_is_partial(lab):
    """It does not count, and is said with its reason, its curve and what it was held against."""
    moves = (*lab.regular(3), lab.Excursion(9.0, 1.2, 3.0, 1.0))

    played = lab.play(lab.film(moves, 11.5, noise_m=0.004), "squat")

    (partial,) = attempts(played)
    assert partial.record.state is RepState.PARTIAL
    assert partial.reason == "The set ended before the movement was taken back."
    assert partial.record.cycle.start_s == pytest.approx(moves[-1].visible_s[0], abs=0.15)
    assert partial.curve is not None
    assert partial.thresholds["usual_range"] == pytest.approx(95.0, rel=0.15)
    assert played.state.review.ledger.counted == len(played.reps) == 3
    assert [e.reps for e in played.events if isinstance(e, SetEvent)][-1] == 3


def test_a_movement_with_the_trunk_down_is_rejected(lab, bent):
    """Bending the knees with the trunk below the hips is no squat, and that is why."""
    films = [lab.film(lab.regular(2), 6.0), lab.film(lab.regular(1), 4.0, **bent), lab.film(lab.regular(2), 6.0)]
    starts_s = (0.0, 6.0, 10.0)
    frames = [lab.retimed(f, f.t_s + at) for at, film in zip(starts_s, films, strict=True) for f in film]

    played = lab.play(frames, "squat")

    (rejected,) = attempts(played)
    assert rejected.record.state is RepState.REJECTED
    assert rejected.reason == "The trunk was not held as the exercise has it."
    assert rejected.record.cycle.turn_s == pytest.approx(8.1, abs=0.2)
    assert [rep.record.ordinal for rep in played.reps] == [1, 2, 3, 4]


def test_a_movement_that_was_mostly_hidden_is_rejected(lab):
    """What was not seen is not counted, and that is why."""
    moves = lab.regular(4)
    hidden = (moves[2].start_s + 0.35, moves[2].turn_s - 0.05)
    frames = [lab.hidden(f) if hidden[0] < f.t_s < hidden[1] else f for f in lab.film(moves, 12.0)]

    played = lab.play(frames, "squat")

    assert [e.reason for e in attempts(played)] in ([], ["Too little of it was seen."])
    assert len(played.reps) + len(attempts(played)) == 4


@pytest.mark.parametrize("depth", [0.1, 0.2])
def test_a_small_bend_is_no_attempt(lab, depth):
    """Shifting one's weight between repetitions is not worth a word."""
    moves = (*lab.regular(3), lab.Excursion(9.0, 0.8, 0.0, 0.8, depth), *lab.regular(2, first_s=11.5))

    played = lab.play(lab.film(moves, 17.0, noise_m=0.005), "squat")

    assert attempts(played) == []


@pytest.mark.parametrize("seed", range(2))
def test_a_clean_set_has_no_attempts(lab, seed):
    """Noise is not worth a word either."""
    moves = lab.regular(6, period_s=2.0 + seed)

    played = lab.play(lab.film(moves, moves[-1].end_s + 2.0, noise_m=0.01, seed=seed), "squat")

    assert attempts(played) == []
    assert len(played.reps) == 6


def test_an_attempt_is_said_once_and_keeps_its_number(lab, bent):
    """Each recount finds it again; it is one event, and the next one has the next number."""
    pieces = [(2, {}), (1, bent), (1, {}), (1, bent), (2, {})]
    frames, at = [], 0.0
    for reps, poses in pieces:
        moves = lab.regular(reps, first_s=0.6)
        frames += [lab.retimed(f, f.t_s + at) for f in lab.film(moves, moves[-1].end_s + 0.4, **poses)]
        at = frames[-1].t_s + 1.0 / 30.0

    played = lab.play(frames, "squat")

    said = [
        (e.record.attempt, e.record.revision) for e in played.events if isinstance(e, RepEvent) and e.record.attempt
    ]
    assert said == [(1, 1), (2, 1)]
