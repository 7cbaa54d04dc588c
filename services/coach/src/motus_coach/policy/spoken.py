"""Numbers as they are said: writing them out, reading them back from a text, counting a text's words."""

import re
from dataclasses import dataclass

# fmt: off
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
_TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: value for value, word in enumerate(_ONES)} | {word: 10 * i for i, word in enumerate(_TENS) if i > 1}
_UNITS = {
    "degree": "deg",
    "degrees": "deg",
    "second": "s",
    "seconds": "s",
    "percent": "percent",
    "rep": "reps",
    "reps": "reps",
    "repetition": "reps",
    "repetitions": "reps",
}
_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[a-z]+", re.IGNORECASE)
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class SpokenNumber:
    """A number found in a text.

    Attributes:
        value: the number.
        decimals: digits behind the point.
        unit: `deg`, `s`, `percent` or `reps` as the word behind it says; empty without such a word.
    """

    value: float
    decimals: int
    unit: str


def words_in(text: str) -> int:
    """Number of words as a speaker would count them."""
    return len(text.split())


def spoken(value: float, decimals: int = 0) -> str:
    """A number of size below 1000 in English words: 92 is `ninety-two`, 1.5 with one decimal `one point five`.

    Raises:
        ValueError: the number is too large to be said shortly.
    """
    digits = f"{abs(value):.{decimals}f}"
    whole, _, fraction = digits.partition(".")
    if int(whole) >= 1000:
        raise ValueError(f"{value} is too large to be said")
    words = _spoken_whole(int(whole))
    if fraction.strip("0"):
        words += " point " + " ".join(_ONES[int(digit)] for digit in fraction.rstrip("0"))
    return f"minus {words}" if value < 0 and float(digits) else words


def _spoken_whole(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        parts.append(_TENS[tens] + (f"-{_ONES[ones]}" if ones else ""))
    elif rest or not parts:
        parts.append(_ONES[rest])
    return " ".join(parts)


def in_words(text: str) -> str:
    """The text with every number below 1000 that is written in digits written as it is said."""
    return _DIGITS.sub(_digits_in_words, text)


def _digits_in_words(match: "re.Match[str]") -> str:
    digits = match.group()
    decimals = len(digits.partition(".")[2])
    return spoken(float(digits), decimals) if float(digits) < 1000 else digits


def numbers_in(text: str) -> list[SpokenNumber]:
    """Every number that a text says, in digits or in English words, in order."""
    tokens = [token.lower() for token in _TOKEN.findall(text)]
    found, at = [], 0
    while at < len(tokens):
        number, behind = _number_at(tokens, at)
        if number is None:
            at += 1
            continue
        unit = _UNITS.get(tokens[behind], "") if behind < len(tokens) else ""
        found.append(SpokenNumber(number[0], number[1], unit))
        at = behind
    return found


def _number_at(tokens: list[str], at: int) -> tuple[tuple[float, int] | None, int]:
    """The number (value, decimals) that begins at a token, if one does, and the place behind it."""
    if tokens[at][0].isdigit():
        digits = tokens[at].replace(",", ".")
        return (float(digits), len(digits.partition(".")[2])), at + 1
    if tokens[at] not in _SMALL and tokens[at] != "hundred":
        return None, at
    whole, at = _whole_at(tokens, at)
    fraction = ""
    if at + 1 < len(tokens) and tokens[at] == "point":
        while at + 1 < len(tokens) and _SMALL.get(tokens[at + 1], 10) < 10:
            fraction += str(_SMALL[tokens[at + 1]])
            at += 1
        at += 1 if fraction else 0
    return (float(f"{whole}.{fraction or 0}"), len(fraction)), at


def _whole_at(tokens: list[str], at: int) -> tuple[int, int]:
    # "A hundred" is one hundred.
    value, at = (1, at) if tokens[at] == "hundred" else _below_hundred_at(tokens, at)
    if at < len(tokens) and tokens[at] == "hundred" and 0 < value < 10:
        value, at = value * 100, at + 1
        behind_and = at + 1 if at + 1 < len(tokens) and tokens[at] == "and" else at
        if behind_and < len(tokens) and tokens[behind_and] in _SMALL:
            rest, at = _below_hundred_at(tokens, behind_and)
            value += rest
    return value, at


def _below_hundred_at(tokens: list[str], at: int) -> tuple[int, int]:
    value, at = _SMALL[tokens[at]], at + 1
    if value >= 20 and at < len(tokens) and 0 < _SMALL.get(tokens[at], 0) < 10:
        value, at = value + _SMALL[tokens[at]], at + 1
    return value, at
