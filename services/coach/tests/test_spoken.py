"""Numbers are said and read back without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motus_coach.policy.spoken import SpokenNumber, in_words, numbers_in, spoken


@given(st.integers(0, 9999))
def test_what_is_said_is_read_back(tenths: int) -> None:
    """Every number of one decimal below a thousand survives being written out and read."""
    words = spoken(tenths / 10, 1)

    assert [number.value for number in numbers_in(words)] == [pytest.approx(tenths / 10)]


@pytest.mark.parametrize(
    ("value", "decimals", "words"),
    [
        (92, 0, "ninety-two"),
        (100, 0, "one hundred"),
        (215, 0, "two hundred fifteen"),
        (1.5, 1, "one point five"),
        (2.0, 1, "two"),
        (-8, 0, "minus eight"),
        (0, 0, "zero"),
    ],
)
def test_numbers_are_said_as_people_say_them(value: float, decimals: int, words: str) -> None:
    """Tens are hyphenated, a whole number has no point."""
    assert spoken(value, decimals) == words


def test_numbers_in_digits_and_words_are_found_with_their_units() -> None:
    """Whoever writes a number in a text cannot hide it from the check."""
    found = numbers_in(
        "Eight reps, 82.5 degrees, one hundred and five percent, two point five seconds, seven, a hundred."
    )

    assert found == [
        SpokenNumber(8, 0, "reps"),
        SpokenNumber(82.5, 1, "deg"),
        SpokenNumber(105, 0, "percent"),
        SpokenNumber(2.5, 1, "s"),
        SpokenNumber(7, 0, ""),
        SpokenNumber(100, 0, ""),
    ]


def test_digits_become_words_and_words_stay() -> None:
    """A text for speech has no digits."""
    assert in_words("Reach 82 degrees twice") == "Reach eighty-two degrees twice"


def test_a_number_too_large_to_say_is_refused() -> None:
    """Nobody says a thousand and more in a cue."""
    with pytest.raises(ValueError, match="too large"):
        spoken(1000)
