"""The table of faults: what a coach who does not program can read and change, checked as a whole when it is loaded."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any

from motus_coach.policy.spoken import numbers_in, words_in
from motus_coach.policy.values import Grade, Severity
from motus_register import EXERCISES, MEASURES

MAX_WORDS = 15
_TAKES = {"max": max, "min": min}


class FaultTableError(Exception):
    """The table is wrong; the message names every fault of it."""


@dataclass(frozen=True)
class Fault:
    """One fault of one exercise.

    Attributes:
        code: stable code of the cue.
        exercise: exercise id of the register.
        severity: what missing the cue would cost.
        measures: names in the register; of those that are usable `take` chooses one.
        source: where the threshold comes from.
        take: `max` or `min`: the value that speaks most against a fault should be taken, so that doubt is silent.
        below: it is a fault when the value is below this.
        above: it is a fault when the value is above this.
        below_usual: it is a fault when the value is below this share of what the repetitions before reached, for
            exercises that work one side at a time.
        mended: the value from which on a fault counts as mended; None means the threshold itself.
        min_grade: a measure graded worse is left out.
        at_once: whether one clear repetition is enough; else two of three must agree.
        worked_side_only: measures of a side that did not work are left out.
        topic: words of which a cue about this fault says at least one.
        contradicts: words that would say the opposite.
        say: wordings of the correction by language.
        praise: wordings for when it is mended, by language.
        focus: what to work on, a few words by language, for summaries.
    """

    code: str
    exercise: str
    severity: Severity
    measures: tuple[str, ...]
    source: str
    topic: frozenset[str]
    say: Mapping[str, tuple[str, ...]]
    praise: Mapping[str, tuple[str, ...]]
    focus: Mapping[str, str]
    take: str = "max"
    below: float | None = None
    above: float | None = None
    below_usual: float | None = None
    mended: float | None = None
    min_grade: Grade = Grade.MEDIUM
    at_once: bool = True
    worked_side_only: bool = False
    contradicts: frozenset[str] = frozenset()

    def threshold(self, usual: float | None) -> float | None:
        """The value it is compared with, given the usual value; None when there is nothing to compare with."""
        if self.below_usual is not None:
            return None if usual is None else self.below_usual * usual
        return self.below if self.below is not None else self.above


@dataclass(frozen=True)
class FaultTable:
    """All faults, in order of priority among those of the same severity, and the words of summaries.

    Attributes:
        faults: every fault.
        summary: sentences by language and name.
    """

    faults: tuple[Fault, ...]
    summary: Mapping[str, Mapping[str, str]]

    def of(self, exercise: str) -> tuple[Fault, ...]:
        """The faults of an exercise; none for an unknown one."""
        return tuple(fault for fault in self.faults if fault.exercise == exercise)

    def language(self, wanted: str) -> str:
        """The table's language that fits a wished BCP-47 one; English when there is none."""
        return next((known for known in (wanted, wanted.partition("-")[0]) if known in self.summary), "en")


def builtin_faults() -> FaultTable:
    """The table that comes with the service."""
    return parse_faults(files(__package__).joinpath("faults.toml").read_text(encoding="utf-8"))


def parse_faults(text: str) -> FaultTable:
    """Read and check a table.

    Raises:
        FaultTableError: naming everything that is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultTableError(f"not TOML: {error}") from None
    summary = data.get("summary", {})
    wrong = [] if "en" in summary else ["summary.en is missing"]
    faults = []
    for entry in data.get("fault", []):
        try:
            fault = _fault(entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            wrong.append(f"{entry.get('code', 'a fault')}: missing or wrong: {error}")
            continue
        faults.append(fault)
        wrong += [f"{fault.code}: {what}" for what in _wrong_with(fault, tuple(summary))]
    codes = [fault.code for fault in faults]
    wrong += [f"{code}: twice in the table" for code in sorted({code for code in codes if codes.count(code) > 1})]
    if wrong:
        raise FaultTableError("\n".join(wrong))
    return FaultTable(tuple(faults), summary)


def _fault(entry: Mapping[str, Any]) -> Fault:
    unknown = set(entry) - {field.name for field in fields(Fault)}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    values = {
        **entry,
        "severity": Severity[entry["severity"].upper()],
        "min_grade": Grade[entry.get("min_grade", "medium").upper()],
        "measures": tuple(entry["measures"]),
        "topic": frozenset(entry["topic"]),
        "contradicts": frozenset(entry.get("contradicts", ())),
        "say": {language: tuple(texts) for language, texts in entry["say"].items()},
        "praise": {language: tuple(texts) for language, texts in entry["praise"].items()},
    }
    return Fault(**values)


def _wrong_with(fault: Fault, languages: tuple[str, ...]) -> list[str]:
    wrong = [f"measure {name} is not in the register" for name in fault.measures if name not in MEASURES]
    if fault.exercise not in EXERCISES:
        wrong.append(f"exercise {fault.exercise} is not in the register")
    if not fault.measures or not fault.topic or not fault.source:
        wrong.append("needs measures, topic words and the source of its threshold")
    if fault.take not in _TAKES:
        wrong.append(f"take is {fault.take!r}, not max or min")
    if [fault.below, fault.above, fault.below_usual].count(None) != 2:
        wrong.append("needs exactly one of below, above and below_usual")
    if fault.mended is not None and not _mended_is_better(fault):
        wrong.append("mended lies on the faulty side of the threshold")
    for language in languages:
        wrong += _wrong_words(fault, language)
    return wrong


def _mended_is_better(fault: Fault) -> bool:
    if fault.below is not None:
        return fault.mended is not None and fault.mended >= fault.below
    return fault.above is not None and fault.mended is not None and fault.mended <= fault.above


def _wrong_words(fault: Fault, language: str) -> list[str]:
    say, praise, focus = fault.say.get(language), fault.praise.get(language), fault.focus.get(language)
    if not say or not praise or not focus:
        return [f"say, praise or focus is missing in {language}"]
    wrong = [f"{focus!r} is longer than 3 words"] if words_in(focus) > 3 else []
    for text in (*say, *praise):
        if words_in(text) > MAX_WORDS:
            wrong.append(f"{text!r} is longer than {MAX_WORDS} words")
        if numbers_in(text) or "{" in text:
            wrong.append(f"{text!r} has a number or a placeholder")
    return wrong
