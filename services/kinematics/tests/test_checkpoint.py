"""A checkpoint is the state, bit for bit, or nothing."""

from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from motus_kinematics.core.channels import DIFFERENTIATED, POSITIONS
from motus_kinematics.core.checkpoint import Format
from motus_kinematics.core.history import INTERVAL_S, History, append
from motus_kinematics.core.pipeline import Config, State, flush, step
from motus_kinematics.core.review import Review


class Colour(Enum):
    """An enum in a state."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Inner:
    """A part of a state."""

    name: str
    colour: Colour | None = None


@dataclass(frozen=True)
class Outer:
    """A state with a value of every kind."""

    rows: object = None
    numbers: dict[str, float] = field(default_factory=dict)
    parts: tuple[Inner, ...] = ()
    both: tuple[tuple[Inner, int], ...] = ()


STATE, OUTER = Format(State), Format(Outer)


def numbers(outputs):
    """All that a step says, in a form that compares bit for bit."""
    samples = [sample for sample in (outputs.now, *outputs.settled) if sample is not None]
    return [(s.t_s, s.values.tobytes(), s.absences.tobytes(), s.grades.tobytes()) for s in samples], outputs.events


def squats(lab):
    """Squats seen with noise, out of view for a while, and a short rest at the end."""
    film = lab.film(lab.regular(2, period_s=2.0), 7.0, noise_m=0.01, fps=20.0)
    return [lab.hidden(frame) if 3.0 < frame.t_s < 3.4 else frame for frame in film]


@given(cuts=st.sets(st.integers(1, 139), max_size=6), exercise=st.sampled_from(["squat", "unknown"]))
@settings(max_examples=4, deadline=None)
def test_a_run_cut_anywhere_says_the_same_as_one_that_was_not(lab, cuts, exercise):
    """Saved and loaded between any two frames, every channel and every event is the same, bit for bit."""
    whole, cut = State(), State()
    for i, frame in enumerate(squats(lab)):
        if i in cuts:
            cut = STATE.load(STATE.save(cut))
        whole, expected = step(whole, frame, Config(exercise))
        cut, said = step(cut, frame, Config(exercise))
        assert repr(numbers(said)) == repr(numbers(expected))

    assert repr(numbers(flush(cut)[1])) == repr(numbers(flush(whole)[1]))


@given(
    rows=arrays.arrays(
        st.sampled_from(["<f8", "<f4", "<i2", "|u1", "|b1", "<i8"]),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    )
)
def test_arrays_come_back_bit_for_bit(rows):
    """Whatever is in them, not-a-number and minus zero included, whatever their shape."""
    back = OUTER.load(OUTER.save(Outer(rows=rows))).rows

    assert (back.dtype, back.shape) == (rows.dtype, rows.shape)
    assert back.tobytes() == rows.tobytes()


def test_blocks_of_an_array_come_back_as_they_were_cut():
    """Packed in one piece, with lengths of their own, an empty one included; arrays that do not fit stay apart."""
    blocks = tuple(np.full((n, 3), n, np.int16) for n in (4, 0, 7))
    apart = (np.zeros(2), np.zeros((2, 2)))

    for rows in (blocks, apart):
        back = OUTER.load(OUTER.save(Outer(rows=rows))).rows
        assert [(b.dtype, b.tolist()) for b in back] == [(a.dtype, a.tolist()) for a in rows]


def test_values_come_back_as_what_they_were():
    """Classes, enums, nested tuples, mappings, infinities and the absence of a value."""
    inner = Inner("a", Colour.BLUE)
    outer = Outer(numbers={"x": -np.inf, "y": 0.1}, parts=(inner, Inner("b")), both=((inner, 3),))

    assert OUTER.load(OUTER.save(outer)) == outer


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
@settings(max_examples=60)
def test_a_damaged_checkpoint_never_gives_another_value(at, flip):
    """One wrong byte anywhere is noticed, or was of no account."""
    whole = OUTER.save(Outer(rows=np.arange(40.0), parts=(Inner("a"),)))
    body = bytearray(whole)
    body[at % len(body)] ^= flip

    back = OUTER.load(bytes(body))
    assert back is None or OUTER.save(back) == whole


@pytest.mark.parametrize("length", [0, 10, 19, 20, 60])
def test_a_checkpoint_that_was_cut_off_is_none(length):
    """An empty value, half a header, half a body."""
    assert OUTER.load(OUTER.save(Outer(rows=np.arange(40.0)))[:length]) is None


def test_a_state_of_another_layout_is_an_unknown_version():
    """One field more anywhere below, and the bytes are no longer understood."""

    @dataclass(frozen=True)
    class Other:
        name: str
        colour: Colour | None = None
        weight: float = 0.0

    Other.__module__, Other.__qualname__ = Inner.__module__, Inner.__qualname__
    assert Format(Other).load(Format(Inner).save(Inner("a"))) is None
    assert Format(Inner).load(Format(Inner).save(Inner("a"))) == Inner("a")


def test_what_a_state_does_not_declare_is_refused():
    """Only plain values of known classes: no function, no list, no class from elsewhere."""
    for alien in (len, [1], replace, Colour):
        with pytest.raises(TypeError):
            OUTER.save(Outer(rows=alien))


def test_a_full_history_of_a_noisy_athlete_fits_into_128_kb():
    """A minute at the highest rate, every column moving and trembling, is within the limit of a checkpoint."""
    random, past = np.random.default_rng(0), History()
    for t_s in np.arange(0.0, 62.0, INTERVAL_S):
        values = 60.0 * np.sin(2.0 * t_s + np.arange(len(POSITIONS))) + random.normal(0.0, 0.3, len(POSITIONS))
        sigmas = 5.0 + random.normal(0.0, 0.05, len(POSITIONS))
        rates, errors = random.normal(0.0, 8.0, len(DIFFERENTIATED)), random.gamma(9.0, 2.0, len(DIFFERENTIATED))
        past = append(past, t_s, values, sigmas, rates, errors)

    assert len(STATE.save(State(review=Review(history=past)))) <= 128 * 1024
