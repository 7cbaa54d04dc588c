"""What is said at the end of a set and of a session: plain true numbers, and the one thing left to work on."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from motus_coach.policy.faults import MAX_WORDS
from motus_coach.policy.spoken import spoken, words_in
from motus_coach.policy.values import Evidence

RANGE = "range_of_motion_deg"


@dataclass(frozen=True)
class Summary:
    """A summary's words and what they rest on."""

    text: str
    evidence: tuple[Evidence, ...]


def summarise(reps: int, ranges_deg: list[float], focus: str, sentences: Mapping[str, str], opening: str) -> Summary:
    """Build a summary of at most 15 words.

    Args:
        reps: repetitions counted, at least one.
        ranges_deg: their ranges of motion as far as they could be measured, all of one exercise.
        focus: what to work on; empty when nothing is open.
        sentences: the table's sentences of one language.
        opening: name of the sentence that begins it, as `set`.
    """
    parts = [_capitalised(sentences[opening].format(reps=_counted(reps, sentences)))]
    evidence: tuple[Evidence, ...] = ()
    closing = [sentences["focus"].format(focus=focus)] if focus else []
    if ranges_deg:
        typical = median(ranges_deg)
        sentence = sentences["range"].format(range=spoken(round(typical)))
        if words_in(" ".join([*parts, sentence, *closing])) <= MAX_WORDS:
            parts.append(sentence)
            evidence = (Evidence(RANGE, typical),)
    return Summary(" ".join(parts + closing), evidence)


def _counted(reps: int, sentences: Mapping[str, str]) -> str:
    number = spoken(reps) if reps < 1000 else str(reps)
    return sentences["one_rep" if reps == 1 else "reps"].format(number=number)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
