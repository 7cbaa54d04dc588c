"""Connections that say nothing are not kept for ever."""

import asyncio
from functools import partial
from typing import Any

from aiohttp import web


class PatientServer(web.Server):
    """Closes connections that say nothing; a handler ends with its connection.

    Args:
        answer: what answers a request.
        patience_s: how long a connection may take for its first request, seconds.
        options: of aiohttp's protocol.
    """

    def __init__(self, answer: Any, patience_s: float, **options: Any) -> None:
        self._patience_s = patience_s
        self._silent: dict[Any, asyncio.TimerHandle] = {}
        super().__init__(partial(self._hear, answer), handler_cancellation=True, **options)

    async def _hear(self, answer: Any, request: web.BaseRequest) -> web.StreamResponse:
        if timer := self._silent.pop(request.protocol, None):
            timer.cancel()
        response: web.StreamResponse = await answer(request)
        return response

    def __call__(self) -> Any:
        """The protocol of a new connection."""
        protocol = super().__call__()
        loop = asyncio.get_running_loop()
        self._silent[protocol] = loop.call_later(self._patience_s, self._close, protocol)
        return protocol

    def _close(self, protocol: Any) -> None:
        del self._silent[protocol]
        protocol.force_close()
