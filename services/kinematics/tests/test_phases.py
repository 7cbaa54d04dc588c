"""Phases: of repetitions that are over, and of the moment."""

from itertools import groupby

import numpy as np
import pytest

from motus_kinematics.core.channels import Absence
from motus_kinematics.core.composite import Composite
from motus_kinematics.core.cycle import Cycle
from motus_kinematics.core.events import Phase, RepEvent
from motus_kinematics.core.exercises import EXERCISES
from motus_kinematics.core.phase_measures import DURATION, RANGE
from motus_kinematics.core.phases import TOE_OFF_M, phases_of
from motus_kinematics.core.pipeline import Config, State, phase, step
from motus_kinematics.core.speeds import MOVING
from motus_kinematics.core.timing import Timing
from motus_samples.synthetic import Script, record
from truth.athletes import frames_of

MOVING_MEASURES = {DURATION, RANGE, *MOVING}


def spans(signal, cycle, exercise):
    """Kinds and times of a cycle's phases."""
    parts = Timing(cycle.start_s, cycle.turn_s, cycle.turn_s, cycle.end_s, eccentric_out=True, one_way=False)
    return [(s.phase, s.start_s, s.end_s) for s in phases_of(signal, cycle, parts, EXERCISES[exercise])]


def course(knots):
    """A signal through (time, level)."""
    t_s = np.arange(0.0, knots[-1][0], 1.0 / 30.0)
    return Composite(t_s, np.interp(t_s, *zip(*knots, strict=True)), np.ones(len(t_s), dtype=bool))


def test_a_stroke_winds_up_strikes_and_follows_through():
    """Its phases join without a gap from leaving rest to being back."""
    cycle = Cycle(1.0, 2.0, 3.4, "", 2.0, 1.0, False, True, True, pivots_s=(0.9, 1.7, 2.0, 2.4, 3.5))

    said = spans(course([(0, 0), (4, 0)]), cycle, "swing")

    kinds = [Phase.SWING, Phase.CONCENTRIC, Phase.FOLLOW_THROUGH, Phase.TRANSITION]
    assert [kind for kind, _, _ in said] == kinds
    assert [start for _, start, _ in said] == [1.0, 1.7, 2.0, 2.4]
    assert [end for _, _, end in said] == [1.7, 2.0, 2.4, 3.4]


def test_a_throw_winds_up_releases_and_follows_through():
    """Its phases part where the hand all but stops: at the top of the wind-up, and low before it goes back to rest."""
    cycle = Cycle(1.0, 2.3, 4.0, "right", 2.0, 1.0, False, True, True, pivots_s=(1.0, 2.3, 4.0))
    hand = course([(0, 0), (1.0, 0), (1.6, 1.4), (2.0, 1.42), (2.3, 2.0), (2.8, 0.6), (3.2, 0.58), (4.0, 0), (5.0, 0)])

    said = spans(hand, cycle, "throw")

    kinds = [Phase.SWING, Phase.CONCENTRIC, Phase.FOLLOW_THROUGH, Phase.TRANSITION]
    assert [kind for kind, _, _ in said] == kinds
    assert [start for _, start, _ in said] == pytest.approx([1.0, 1.8, 2.3, 3.0], abs=0.25)
    assert [end for _, _, end in said[:-1]] == [start for _, start, _ in said[1:]]


def test_a_throw_without_a_stop_on_its_way_has_two_phases():
    """Before the highest point of the hand and after it."""
    cycle = Cycle(1.0, 2.0, 3.0, "right", 2.0, 1.0, False, True, True, pivots_s=(1.0, 2.0, 3.0))

    said = spans(course([(0, 0), (1, 0), (2, 2), (3, 0), (4, 0)]), cycle, "throw")

    assert said == [(Phase.SWING, 1.0, 2.0), (Phase.FOLLOW_THROUGH, 2.0, 3.0)]


@pytest.mark.parametrize("height_m", [0.15, 0.3, 0.5])
def test_a_jumps_flight_is_as_long_as_its_height_takes(height_m):
    """Free fall from the height that the hips are thrown to, on both sides of the highest point."""
    top = (height_m + TOE_OFF_M) / 0.2
    signal = course([(0, 0), (1.0, 0), (1.4, -1.5), (2.0, top), (2.6, -1.5), (3.0, 0), (4.0, 0)])
    cycle = Cycle(1.0, 2.0, 3.0, "", 2.0, 1.0, False, True, True, pivots_s=(1.4, 2.0, 2.6))

    said = {kind: (start, end) for kind, start, end in spans(signal, cycle, "jump")}

    start, end = said[Phase.FLIGHT]
    assert end - start == pytest.approx(2.0 * np.sqrt(2.0 * height_m / 9.81), rel=0.1)
    assert (start + end) / 2.0 == pytest.approx(2.0)


def test_a_jump_bends_drives_flies_lands_and_rises():
    """Five phases in order, without overlap."""
    signal = course([(0, 0), (1.0, 0), (1.4, -1.5), (2.0, 2.0), (2.6, -1.5), (3.0, 0), (4.0, 0)])
    cycle = Cycle(1.0, 2.0, 3.0, "", 2.0, 1.0, False, True, True, pivots_s=(1.4, 2.0, 2.6))

    said = spans(signal, cycle, "jump")

    eccentric, concentric = Phase.ECCENTRIC, Phase.CONCENTRIC
    assert [kind for kind, _, _ in said] == [eccentric, concentric, Phase.FLIGHT, eccentric, concentric]
    times = [t for _, start, end in said for t in (start, end)]
    assert times == sorted(times)


def test_the_phase_that_goes_on_follows_the_movement(lab):
    """Rest, down, up and rest in order, each within half a second of the figure's."""
    moves = lab.regular(4, period_s=3.0)
    state, heard = State(), []
    for frame in lab.film(moves, moves[-1].end_s + 1.0, noise_m=0.006):
        state, _ = step(state, frame, Config("squat"))
        if frame.t_s > moves[1].start_s - 0.3:
            heard.append((frame.t_s, phase(state)))

    runs = [(kind, next(run)[0]) for kind, run in groupby(heard, key=lambda each: each[1])]
    moving = [(kind, at_s) for kind, at_s in runs if kind in (Phase.ECCENTRIC, Phase.CONCENTRIC)]
    true = [
        (kind, at_s)
        for m in moves[1:]
        for kind, at_s in ((Phase.ECCENTRIC, m.visible_s[0]), (Phase.CONCENTRIC, m.turn_s))
    ]
    assert [kind for kind, _ in moving] == [kind for kind, _ in true]
    assert [at_s for _, at_s in moving] == pytest.approx([at_s for _, at_s in true], abs=0.42)
    assert runs[-1][0] is Phase.REST


def test_nothing_goes_on_while_one_stands(lab):
    """Noise has no phase but rest."""
    state, heard = State(), set()
    for frame in lab.film(lab.regular(2), 12.0, noise_m=0.01):
        state, _ = step(state, frame, Config("squat"))
        if frame.t_s > 7.0:
            heard.add(phase(state))

    assert heard == {Phase.REST}


@pytest.mark.parametrize(
    ("movement", "kinds"),
    [
        ("throw", {Phase.SWING, Phase.CONCENTRIC, Phase.FOLLOW_THROUGH}),
        ("swing", {Phase.SWING, Phase.CONCENTRIC, Phase.FOLLOW_THROUGH, Phase.TRANSITION}),
        ("jump", {Phase.ECCENTRIC, Phase.CONCENTRIC, Phase.FLIGHT}),
    ],
)
def test_each_phase_of_a_throw_a_swing_and_a_jump_has_its_measures(lab, movement, kinds):
    """How long, how far and how fast, each with its error or the reason why it is absent."""
    recording = record(Script(movement, 4, "lateral", "medium", reps=3, seconds=8.0))

    reps = lab.play(frames_of(recording), movement).reps

    spans = [span for rep in reps for span in rep.phases]
    assert kinds <= {span.phase for span in spans}
    for span in spans:
        said = {m.name: m for m in span.measures}
        assert set(said) == MOVING_MEASURES | ({"explosive_ratio"} if span.phase is Phase.CONCENTRIC else set())
        assert said["duration_s"].value == pytest.approx(span.end_s - span.start_s)
        assert all(m.absence is not Absence.PRESENT or m.standard_error > 0.0 for m in said.values())


def test_how_far_a_phase_went_is_told(lab):
    """A squat of 95 degrees goes 95 degrees down and 95 up, within three of the stated errors."""
    (rep,) = lab.play(lab.film((lab.Excursion(1.0, 1.6, 0.6, 1.2),), 6.0, noise_m=0.004), "squat").reps

    ways = [m for span in rep.phases for m in span.measures if m.name == "range_deg"]

    assert len(ways) == 2
    assert all(abs(way.value - 95.0) < 3.0 * way.standard_error for way in ways)


def test_a_phase_that_goes_on_has_no_measures_yet(lab):
    """The way up of a provisional repetition is not over: its figures have that as their reason."""
    frames = list(lab.film((lab.Excursion(1.0, 1.2, 0.0, 2.0),), 3.4))

    said = [e for e in lab.play(frames[:-1], "squat").events if isinstance(e, RepEvent)]
    provisional = [e for e in said if not e.record.cycle.complete and e.phases]

    assert provisional
    for event in provisional:
        assert {m.absence for m in event.phases[-1].measures} == {Absence.TOO_FEW_FRAMES}
