"""A fault-injecting endpoint that speaks the OpenAI protocol over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

SHALLOW_CODE = "squat_depth_shallow"
GOOD_TEXT = "Sink deeper, then drive up."


class Endpoint:
    """Answers `/v1/chat/completions` as `mode` says.

    Attributes:
        mode: how it misbehaves.
        content: what the model says when it says something.
        requests: bodies of the requests that came.
        keys: their `Authorization` headers.
    """

    def __init__(self) -> None:
        self.mode = "normal"
        self.content = json.dumps({"cue_code": SHALLOW_CODE, "text": GOOD_TEXT})
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""
        self.closing = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One completion, or the fault that is set."""
        self.requests.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        body = json.dumps(_completion(self.content)).encode()
        match self.mode:
            case "429" | "500" | "400":
                return web.json_response({"error": {"message": "no"}}, status=int(self.mode))
            case "stall":
                await self.closing.wait()
            case "drip":
                return await self._drip(request, body)
            case "truncated":
                return await self._cut(request, body)
            case "not_json":
                body = b"<html>Bad gateway</html>"
            case "no_choices":
                body = b'{"id": "x", "object": "chat.completion", "choices": []}'
            case "list":
                body = b'["surprise"]'
            case "words":
                body = b'{"choices": "surprise"}'
            case "null_choice":
                body = b'{"choices": [null]}'
            case "number_message":
                body = b'{"choices": [{"message": 5}]}'
            case "bad_gzip":
                return web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"})
            case "redirect":
                raise web.HTTPTemporaryRedirect(request.path)
            case "bad_utf8":
                body = b'{"choices": "\xff\xfe"}'
            case "null_content":
                body = json.dumps(_completion(None)).encode()
        return web.Response(body=body, content_type="application/json")

    async def _drip(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """A byte now and then: each read succeeds, the whole never comes."""
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        await response.prepare(request)
        for byte in body:
            try:
                await response.write(bytes([byte]))
                async with asyncio.timeout(0.05):
                    await self.closing.wait()
            except TimeoutError:
                continue
            except ConnectionError:
                break
        return response

    async def _cut(self, request: web.Request, body: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.close()
        return response


def _completion(content: str | None) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "fake", "choices": choices}


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """The endpoint on a free port of this machine."""
    fake = Endpoint()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.url = f"http://{host}:{port}/v1"
    yield fake
    fake.closing.set()
    await runner.cleanup()
