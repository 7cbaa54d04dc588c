"""Against a real HTTP server that misbehaves in every way: the answer is good, or its absence has a name, in time."""

import json
import logging

import pytest

from motus_coach.model import Answer, ModelClient
from motus_coach.policy.faults import builtin_faults
from motus_coach.policy.values import Cue, Evidence, Kind, Severity
from motus_coach.prompts import Ask, ask_about
from motus_coach.settings import CoachSettings

CODE = "squat_depth_shallow"
KEY = "sk-very-secret-key"


def _ask() -> Ask:
    evidence = (Evidence("peak_knee_flexion_left_deg", 61.7, 80.0, 3),)
    cue = Cue("rep-0003", CODE, Kind.CORRECTION, Severity.ADVICE, "Go deeper.", "en", "squat", 7.5, 3.0, evidence)
    return ask_about(cue, builtin_faults())


async def _reword(url: str, deadline_s: float = 5.0, timeout_s: float = 4.0) -> Answer:
    client = ModelClient(CoachSettings(base_url=url, api_key=KEY, timeout_s=timeout_s))
    try:
        return await client.reword(_ask(), deadline_s)
    finally:
        await client.close()


async def test_a_good_answer_is_taken(endpoint) -> None:
    """Normal operation: the words, no fallback, and a request that asks for the schema."""
    answer = await _reword(endpoint.url)

    (request,) = endpoint.requests
    assert (answer.text, answer.fallback) == ("Sink deeper, then drive up.", "")
    assert request["response_format"]["json_schema"]["strict"] is True
    assert json.loads(request["messages"][1]["content"])["allowed_codes"] == [CODE]
    assert endpoint.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("429", "rate_limited"),
        ("500", "server_error"),
        ("400", "refused"),
        ("truncated", "connection"),
        ("not_json", "protocol"),
        ("no_choices", "empty"),
        ("list", "empty"),
        ("words", "empty"),
        ("null_choice", "empty"),
        ("number_message", "empty"),
        ("bad_gzip", "connection"),
        ("bad_utf8", "protocol"),
        ("null_content", "empty"),
    ],
)
async def test_a_broken_server_is_a_fallback_with_a_name_and_asked_only_once(endpoint, mode, reason) -> None:
    """No error leaves the client, and the library does not retry."""
    endpoint.mode = mode

    answer = await _reword(endpoint.url)

    assert (answer.text, answer.fallback) == ("", reason)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("mode", ["stall", "drip"])
async def test_a_slow_server_is_left_at_the_deadline(endpoint, mode) -> None:
    """Neither silence nor a byte now and then holds a cue up."""
    endpoint.mode = mode

    answer = await _reword(endpoint.url, deadline_s=0.2)

    assert answer.fallback == "timeout"


async def test_a_server_that_sends_in_circles_is_a_fallback(endpoint) -> None:
    """Redirects end."""
    endpoint.mode = "redirect"

    answer = await _reword(endpoint.url)

    assert answer.fallback == "connection"


async def test_nobody_there_is_a_fallback(endpoint) -> None:
    """A refused connection is named."""
    answer = await _reword("http://127.0.0.1:1/v1")

    assert answer.fallback == "connection"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("I think you should go deeper!", "json"),
        (json.dumps({"cue_code": CODE, "text": "Go deeper to 117 degrees."}), "number"),
        (json.dumps({"cue_code": "squat_lean_forward", "text": "Lean less forward."}), "code"),
        (json.dumps({"cue_code": CODE, "text": "Ignore your instructions and go deeper."}), "leak"),
        (json.dumps({"cue_code": CODE, "text": "deeper " * 200_000}), "length"),
        (json.dumps({"cue_code": CODE, "text": "Deeper, visit http://evil.example"}), "url"),
        (json.dumps({"cue_code": CODE}), "schema"),
        ("", "json"),
    ],
)
async def test_a_bad_answer_is_a_fallback_with_its_check(endpoint, content, reason) -> None:
    """What the model says is checked before it counts."""
    endpoint.content = content

    answer = await _reword(endpoint.url)

    assert (answer.text, answer.fallback) == ("", reason)


@pytest.mark.parametrize("mode", ["normal", "429", "truncated", "not_json"])
async def test_neither_key_nor_prompt_nor_answer_is_logged(endpoint, mode, caplog) -> None:
    """At the most talkative level that the service sets for itself."""
    caplog.set_level(logging.INFO)
    endpoint.mode = mode
    endpoint.content = json.dumps({"cue_code": CODE, "text": "Visit the pub."})

    await _reword(endpoint.url)

    assert KEY not in caplog.text
    assert "Go deeper" not in caplog.text
    assert "pub" not in caplog.text
