"""Whether an answer of a model may be said: every check that it must pass, each with the name of its failure."""

import json
import re

from motus_coach.policy.faults import MAX_WORDS
from motus_coach.policy.spoken import SpokenNumber, in_words, numbers_in, words_in
from motus_coach.policy.values import Kind
from motus_coach.prompts import Ask
from motus_register import MEASURES

MAX_ANSWER_CHARACTERS = 2000
_PLAIN = re.compile(r"[A-Za-z0-9 ,.!?'’;:–-]+")
_URL = re.compile(r"://|www\.|[A-Za-z]\.[A-Za-z]|\b(?:http|https|com|org|net)\b", re.IGNORECASE)
_MEDICAL = re.compile(
    r"\b(?:pain\w*|ache\w*|hurt\w*|injur\w*|diagnos\w*|treat\w*|heal\w*|cure\w*|doctor\w*|medic\w*|physio\w*|therap\w*"
    r"|rehab\w*|tendon\w*|ligament\w*|menisc\w*|herni\w*|arthrit\w*|acl|sprain\w*|torn|tear\w*|prescri\w*|disease\w*"
    r"|symptom\w*|patient\w*|surg\w*|inflam\w*|dis[ck]s?|pregnan\w*|pulse|blood)\b",
    re.IGNORECASE,
)
_LEAK = re.compile(
    r"\b(?:system|prompt\w*|instruct\w*|ignor\w*|json|schema|cue|code|rule|assistant|language|model|data|evidence"
    r"|openai|chatgpt|gpt|token\w*|password\w*|secret\w*|key|an? ai|as ai)\b",
    re.IGNORECASE,
)
_QUANTITY = re.compile(
    r"\b(?:half|halves|quarter\w*|twice|doubl\w*|tripl\w*|dozen\w*|thousand\w*|million\w*|hundreds|third\w*|fourth\w*"
    r"|fifth\w*|sixth\w*|seventh\w*|eighth\w*|ninth\w*|tenth\w*|percentage\w*|couple|pair|best|record|perfect\w*)\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(r"\b(?:not|never|no longer|don'?t|doesn'?t|isn'?t|stop|too|but|worse|bad|wrong)\b", re.IGNORECASE)
_APPROVAL = re.compile(
    r"\b(?:good|nice|fine|great|excellent|flawless|nothing|enough|ok|okay|well done|keep going|keep (?:it|this|that) up"
    r"|don'?t worry)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\b(?:degrees?|percent)\b", re.IGNORECASE)
_UNIT_OF = {"deg": "deg", "s": "s", "%": "percent"}


class RefusedError(Exception):
    """An answer must not be said.

    Attributes:
        reason: which check failed, as `number`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def accepted_text(answer: str, ask: Ask) -> str:
    """The words of a model's answer as they may be said, numbers written out.

    Raises:
        RefusedError: with the first check that failed.
    """
    code, text = _parsed(answer)
    if code not in ask.allowed:
        raise RefusedError("code")
    if words_in(text) > MAX_WORDS:
        raise RefusedError("length")
    if _URL.search(text):
        raise RefusedError("url")
    if not _PLAIN.fullmatch(text):
        raise RefusedError("characters")
    text = in_words(text.replace("’", "'"))
    if words_in(text) > MAX_WORDS:
        raise RefusedError("length")
    for reason, fails in (
        ("medical", _MEDICAL.search(text)),
        ("leak", _LEAK.search(text)),
        ("number", _invents_numbers(text, ask)),
        ("contradiction", _contradicts(text, ask)),
        ("topic", ask.topic and not _says_any(text, ask.topic)),
    ):
        if fails:
            raise RefusedError(reason)
    return text


def _parsed(answer: str) -> tuple[str, str]:
    if len(answer) > MAX_ANSWER_CHARACTERS:
        raise RefusedError("length")
    try:
        data = json.loads(answer)
    except (ValueError, RecursionError):
        raise RefusedError("json") from None
    if not isinstance(data, dict) or set(data) != {"cue_code", "text"}:
        raise RefusedError("schema")
    code, text = data["cue_code"], data["text"]
    if not isinstance(code, str) or not isinstance(text, str) or not text.strip():
        raise RefusedError("schema")
    return code, text.strip()


def _invents_numbers(text: str, ask: Ask) -> bool:
    """Whether a text says a quantity that is not in the evidence, or a unit behind what is no number."""
    numbers = numbers_in(text)
    measured = sum(number.unit in ("deg", "percent") for number in numbers)
    if _QUANTITY.search(text) or len(_UNIT.findall(text)) != measured:
        return True
    return not all(_known(number, ask) for number in numbers)


def _known(number: SpokenNumber, ask: Ask) -> bool:
    """Whether a number is in the evidence within rounding, with the unit that is said."""
    facts: list[tuple[float | None, str]] = [(ask.cue.reps, "reps")]
    for evidence in ask.cue.evidence:
        unit = _UNIT_OF.get(MEASURES[evidence.measure].unit, "")
        facts += [(evidence.value, unit), (evidence.threshold, unit)]
    half_step = 0.5 * 10.0**-number.decimals + 1e-9
    return any(
        value is not None and abs(abs(value) - number.value) <= half_step and number.unit in ("", unit)
        for value, unit in facts
    )


def _contradicts(text: str, ask: Ask) -> bool:
    if _says_any(text, ask.forbidden):
        return True
    if ask.cue.kind is Kind.CORRECTION:
        return bool(_APPROVAL.search(text))
    return bool(ask.cue.kind is Kind.PRAISE and _DENIAL.search(text))


def _says_any(text: str, words: frozenset[str]) -> bool:
    return any(re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in words)
