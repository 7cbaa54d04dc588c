"""Answers on their way out: one JSON object, server-sent events, or a file in parts."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

from aiohttp import web
from google.protobuf.descriptor import Descriptor
from google.rpc import status_pb2

from motus_runtime.rpc.call import CallerGone
from motus_runtime.rpc.http.statuses import headers_of, http_code, json_of

HEARTBEAT_S = 5.0
"""A stream that has nothing to say says so, lest something between takes it for dead."""
RESUME = "resume_token"
_JSON = "application/json"


class Output(Protocol):
    """Where the answers of one call go.

    Attributes:
        response: what the server is to end with.
    """

    response: web.StreamResponse

    async def write(self, message: Any) -> None:
        """Send an answer; waits while the reader is slow."""

    async def end(self) -> None:
        """Nothing follows."""

    async def refuse(self, status: status_pb2.Status) -> None:
        """The call failed."""

    def close(self) -> None:
        """Whatever became of it, nothing more is written."""


def refusal(status: status_pb2.Status, headers: Mapping[str, str]) -> web.Response:
    """A status as a whole answer."""
    told = {**headers, **headers_of(status)}
    return web.Response(status=http_code(status), headers=told, body=json_of(status), content_type=_JSON)


def output_of(request: web.BaseRequest, kind: Descriptor, headers: Mapping[str, str], *, streams: bool) -> Output:
    """Where a method's answers go: those with `media_type` and `data` are a file, other streams are events."""
    if not streams:
        return _One(request, headers)
    if {"media_type", "data"} <= set(kind.fields_by_name):
        return _File(request, headers)
    return _Events(request, headers)


class _One:
    def __init__(self, request: web.BaseRequest, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self.response: web.StreamResponse = web.Response(status=500)

    async def write(self, message: Any) -> None:
        self.response = web.Response(headers=self._headers, body=json_of(message), content_type=_JSON)

    async def end(self) -> None:
        pass

    async def refuse(self, status: status_pb2.Status) -> None:
        self.response = refusal(status, self._headers)

    def close(self) -> None:
        pass


class _Stream:
    """Headers go out with the first part, so that who is refused before gets a code."""

    def __init__(self, request: web.BaseRequest, headers: Mapping[str, str]) -> None:
        self._request, self._headers = request, headers
        self._one_at_a_time = asyncio.Lock()
        self.response: web.StreamResponse = web.StreamResponse(headers=headers)

    async def _send(self, data: bytes) -> None:
        try:
            async with self._one_at_a_time:
                if not self.response.prepared:
                    await self.response.prepare(self._request)
                await self.response.write(data)
        except ConnectionError:
            raise CallerGone from None

    async def _close_well(self) -> None:
        await self._send(b"")
        try:
            await self.response.write_eof()
        except ConnectionError:
            raise CallerGone from None

    def _refuse_whole(self, status: status_pb2.Status) -> None:
        self.response = refusal(status, self._headers)


class _Events(_Stream):
    """Server-sent events: each answer is the data of one; its id, where it has one, is where to go on."""

    def __init__(self, request: web.BaseRequest, headers: Mapping[str, str]) -> None:
        super().__init__(request, headers)
        # Gateways must hand on what comes at once.
        self.response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self.response.content_type = "text/event-stream"
        self._beating = asyncio.create_task(self._beat())

    async def write(self, message: Any) -> None:
        token = getattr(message, RESUME, "")
        await self._send((f"id: {token}\n".encode() if token else b"") + b"data: " + json_of(message) + b"\n\n")

    async def end(self) -> None:
        self.close()
        await self._send(b"event: end\ndata: {}\n\n")
        await self._close_well()

    async def refuse(self, status: status_pb2.Status) -> None:
        self.close()
        if not self.response.prepared:
            return self._refuse_whole(status)
        await self._send(b"event: error\ndata: " + json_of(status) + b"\n\n")
        return await self._close_well()

    def close(self) -> None:
        self._beating.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                await self._send(b":\n\n")
            except CallerGone:
                return


class _File(_Stream):
    """A file: its name and media type come with the first part."""

    async def write(self, message: Any) -> None:
        if not self.response.prepared:
            self.response.content_type = message.media_type
            named = f'attachment; filename="{quote(message.filename, safe="")}"'
            self.response.headers["Content-Disposition"] = named
        await self._send(message.data)

    async def end(self) -> None:
        await self._close_well()

    async def refuse(self, status: status_pb2.Status) -> None:
        if not self.response.prepared:
            return self._refuse_whole(status)
        # Half a file must not look like a whole one: the last chunk never comes.
        if self._request.transport is not None:
            self._request.transport.abort()
        raise CallerGone

    def close(self) -> None:
        pass
