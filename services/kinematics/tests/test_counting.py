"""Counting of movements whose repetitions are known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus_kinematics.core.cycle import Cycle, followed_through
from motus_kinematics.core.ledger import RepState
from motus_kinematics.core.turning import coarser, turning_points

SIDE, FRONT = 0.0, -90.0


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=60), st.floats(0.5, 5.0))
def test_turning_points_alternate_and_are_further_apart_than_the_hysteresis(values, hysteresis):
    """Between successive turning points the signal moves by at least the hysteresis."""
    signal = np.array(values)

    pivots = turning_points(signal, hysteresis)

    heights = signal[[p.row for p in pivots]]
    assert all(a.high != b.high for a, b in pairwise(pivots))
    assert (np.abs(np.diff(heights)) >= hysteresis).all()


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=60), st.floats(0.5, 3.0), st.floats(0.0, 4.0))
def test_coarser_turning_points_are_found_among_the_finer_ones(values, fine, more):
    """A zig-zag over known turning points is that over the whole signal."""
    signal = np.array(values)

    assert coarser(signal, turning_points(signal, fine), fine + more) == turning_points(signal, fine + more)


@pytest.mark.parametrize("facing_deg", [SIDE, FRONT, -45.0, 30.0])
@pytest.mark.parametrize("reps", [1, 2, 7])
def test_squats_are_counted_exactly_from_every_side(lab, facing_deg, reps):
    """The count is the truth's, a set of one included, with the landmarks' usual noise."""
    moves = lab.regular(reps)
    view = lab.View(facing_deg)

    played = lab.play(lab.film(moves, moves[-1].end_s + 1.0, view=view, noise_m=0.008), "squat")

    assert len(played.reps) == reps


@pytest.mark.parametrize("seed", range(4))
def test_start_turn_and_end_are_within_a_tenth_of_a_second(lab, seed):
    """A repetition leaves rest, turns and is back when the figure is."""
    moves = lab.regular(4, period_s=2.0 + 0.5 * seed)

    played = lab.play(lab.film(moves, moves[-1].end_s + 1.0, noise_m=0.004, seed=seed), "squat")

    cycles = [rep.record.cycle for rep in played.reps]
    assert [c.start_s for c in cycles] == pytest.approx([m.visible_s[0] for m in moves], abs=0.11)
    assert [c.turn_s for c in cycles] == pytest.approx([m.turn_s for m in moves], abs=0.1)
    assert [c.end_s for c in cycles] == pytest.approx([m.visible_s[1] for m in moves], abs=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_standing_still_counts_nothing(lab, seed):
    """Twenty seconds of noise at rest has no repetition."""
    played = lab.play(lab.film((), 20.0, noise_m=0.012, seed=seed), "squat")

    assert played.reps == []


def test_a_tiring_athlete_who_slows_down_and_loses_depth_is_counted_to_the_end(lab):
    """40 % slower and 15 % shallower, repetition ten counts like the first."""
    moves, start_s = [], 1.0
    for i in range(10):
        slow = 1.0 + 0.4 * i / 9
        moves.append(lab.Excursion(start_s, slow, 0.0, 0.8 * slow, 1.0 - 0.15 * i / 9))
        start_s = moves[-1].end_s + 0.2

    played = lab.play(lab.film(moves, start_s + 1.0, noise_m=0.01), "squat")

    assert len(played.reps) == 10


def test_half_a_repetition_at_either_end_of_the_film_is_not_counted(lab):
    """A film that begins at the bottom and ends at the bottom has only the repetitions between."""
    moves = (
        lab.Excursion(-1.0, 1.0, 0.0, 0.8),
        *lab.regular(2, first_s=2.0),
        lab.Excursion(7.5, 1.0, 5.0, 1.0),
    )

    played = lab.play(lab.film(moves, 9.0, noise_m=0.005), "squat")

    assert len(played.reps) == 2


def test_a_small_dip_between_repetitions_is_not_one(lab):
    """A knee that bends by a third of the usual way is no repetition of this set."""
    moves = (*lab.regular(3), lab.Excursion(9.0, 0.8, 0.0, 0.8, 0.3), *lab.regular(2, first_s=11.5))

    played = lab.play(lab.film(moves, 17.0, noise_m=0.005), "squat")

    assert len(played.reps) == 5


def test_the_last_repetition_counts_when_the_film_ends_as_it_does(lab):
    """The end of the stream flushes a repetition that is back at rest in the last frame."""
    moves = lab.regular(3)

    played = lab.play(lab.film(moves, moves[-1].end_s + 0.05), "squat")

    assert len(played.reps) == 3
    assert all(rep.record.state is RepState.CONFIRMED for rep in played.reps)


def test_alternating_curls_count_each_side_and_say_which(lab):
    """Left, right, left, right: four repetitions, each with its side."""
    left = lab.Pose(elbow=(120.0, 10.0))
    right = lab.Pose(elbow=(10.0, 120.0))
    halves = [
        list(lab.film(lab.regular(1, first_s=0.5), 2.5, far=far, view=lab.View(FRONT))) for far in (left, right) * 2
    ]
    frames = [lab.retimed(frame, 2.5 * i + k / 30) for i, half in enumerate(halves) for k, frame in enumerate(half)]

    played = lab.play(frames, "curl")

    assert [rep.record.cycle.side for rep in played.reps] == ["left", "right", "left", "right"]


def test_both_arms_at_once_are_one_repetition(lab):
    """A curl of both arms counts once."""
    far = lab.Pose(elbow=(120.0, 120.0))

    played = lab.play(lab.film(lab.regular(3), 9.0, far=far, noise_m=0.005), "curl")

    assert [rep.record.cycle.side for rep in played.reps] == ["", "", ""]


def test_a_pull_from_the_floor_that_is_never_lowered_is_a_repetition(lab):
    """A concentric-only deadlift counts at lock-out."""
    floor = lab.Pose(knee=(80.0, 80.0), hip=(120.0, 120.0), lean=65.0)
    film = lab.film((lab.Excursion(1.0, 1.2, 10.0, 1.0),), 3.5, rest=floor, far=lab.standing)

    played = lab.play(film, "deadlift")

    (rep,) = played.reps
    assert rep.record.cycle.one_way
    assert rep.record.cycle.start_s == pytest.approx(1.0, abs=0.2)


def test_deadlifts_from_the_floor_do_not_count_the_bending_down_and_standing_up_around_them(lab):
    """Setting up at the bar and walking away from it are no repetitions."""
    floor = lab.Pose(knee=(70.0, 70.0), hip=(115.0, 115.0), lean=60.0)
    setting_up = (lab.Excursion(-1.0, 0.5, 1.5, 1.2), *lab.regular(3, first_s=3.5), lab.Excursion(12.0, 1.5, 9.0, 1.0))

    played = lab.play(lab.film(setting_up, 16.0, rest=floor, far=lab.standing, noise_m=0.004), "deadlift")

    assert len(played.reps) == 3


def test_a_movement_that_was_hidden_is_not_counted(lab):
    """An athlete out of view while moving gets no repetition from guesses."""
    moves = lab.regular(3)
    frames = [lab.hidden(f) if moves[1].start_s < f.t_s < moves[1].end_s else f for f in lab.film(moves, 9.0)]

    played = lab.play(frames, "squat")

    assert len(played.reps) == 2


def test_a_stroke_counts_once_though_the_arms_go_up_twice():
    """Wind-up and follow-through without a rest between them are one, and the turn is the strike."""
    strokes = tuple(up_and_down(at_s) for at_s in (1.0, 2.0, 6.0, 7.1))

    joined = followed_through(strokes)

    times = [t for cycle in joined for t in (cycle.start_s, cycle.turn_s, cycle.end_s)]
    assert times == pytest.approx([1.0, 1.9, 2.8, 6.0, 6.95, 7.9])


def test_swings_to_and_fro_without_a_rest_count_each():
    """Many in a row are no wind-up and follow-through."""
    swings = tuple(up_and_down(at_s) for at_s in (1.0, 2.0, 3.0, 4.0))

    assert followed_through(swings) == swings


def up_and_down(at_s):
    """A cycle of 0.8 s."""
    return Cycle(at_s, at_s + 0.4, at_s + 0.8, "", 2.0, 1.0, False, True, True, pivots_s=(at_s, at_s + 0.4, at_s + 0.8))
