"""The model's words for a cue: one request to an OpenAI-compatible endpoint, within a deadline, then every check."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

import openai

from motus_coach.checks import RefusedError, accepted_text
from motus_coach.prompts import ANSWER_SCHEMA, Ask, messages
from motus_coach.settings import CoachSettings

log = logging.getLogger("motus.coach.model")

# Room for a model that thinks a little; the deadline bounds what servers do that ignore this.
_ANSWER_TOKENS = 120


@dataclass(frozen=True)
class Answer:
    """What came of asking.

    Attributes:
        text: the wording; empty when there is none.
        fallback: why there is none, as `timeout`; empty when there is one.
        latency_ms: how long it took.
    """

    text: str
    fallback: str
    latency_ms: float


class ModelClient:
    """Asks one endpoint. A failure of any kind is an answer with a fallback reason, never an exception.

    Args:
        settings: endpoint, model and timeouts.
    """

    def __init__(self, settings: CoachSettings) -> None:
        # The request's own log line names the address, which may bear credentials.
        for name in ("httpx", "httpx2", "openai"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.name = settings.model
        self._client = openai.AsyncOpenAI(
            base_url=settings.base_url or None,
            # Local servers need no key, but the library insists on one.
            api_key=settings.api_key or "none",
            max_retries=0,
            timeout=openai.Timeout(settings.timeout_s, connect=settings.connect_timeout_s),
        )

    async def reword(self, ask: Ask, deadline_s: float) -> Answer:
        """Ask for other words for a cue, and check them.

        Args:
            ask: the cue.
            deadline_s: seconds after which the answer is of no use.
        """
        started = time.monotonic()
        text = fallback = ""
        try:
            async with asyncio.timeout(deadline_s):
                text = accepted_text(await self._complete(ask), ask)
        except RefusedError as error:
            fallback = error.reason
        except (TimeoutError, openai.OpenAIError, ValueError, UnicodeError) as error:
            fallback = _reason(error)
        if fallback:
            # Neither prompt nor answer nor the library's message, which may quote both and the key.
            log.info("rule's words kept for %s: %s", ask.cue.code, fallback)
        return Answer(text, fallback, (time.monotonic() - started) * 1e3)

    async def _complete(self, ask: Ask) -> str:
        request: dict[str, Any] = {
            "model": self.name,
            "messages": messages(ask),
            "max_completion_tokens": _ANSWER_TOKENS,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "cue", "strict": True, "schema": ANSWER_SCHEMA},
            },
        }
        completion = await self._client.chat.completions.create(**request)
        try:
            content = completion.choices[0].message.content
        except (AttributeError, LookupError, TypeError):
            content = None  # the library hands on whatever JSON a server answers
        if not isinstance(content, str):
            raise RefusedError("empty")
        return content

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError() | openai.APITimeoutError():
            return "timeout"
        case openai.RateLimitError():
            return "rate_limited"
        case openai.APIStatusError():
            return "server_error" if error.status_code >= 500 else "refused"
        case openai.APIConnectionError():
            return "connection"
        case _:
            return "protocol"
