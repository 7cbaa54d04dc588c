"""The requests of a pushing call in their order: the start, data, the end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from motus_ingest.push.times import Fault
from motus_runtime.errors import InvalidArgumentError, ResourceExhaustedError, UnavailableError


class Requests:
    """One call's stream of requests.

    Args:
        stream: as gRPC gives it; every message holds to the rules of its proto.
        silence_s: how long the caller may be silent, seconds.

    Attributes:
        ended: the caller has said that this is the end.
    """

    def __init__(self, stream: AsyncIterator[Any], silence_s: float) -> None:
        self._stream, self._silence_s = aiter(stream), silence_s
        self.ended = False

    async def start(self) -> Any:
        """The first message's item.

        Raises:
            InvalidArgumentError: it does not name the session.
        """
        first = await self._next()
        if first is None or first.WhichOneof("item") != "start":
            raise InvalidArgumentError({"start": "must be in the first message"})
        return first.start

    async def data(self) -> AsyncIterator[Any]:
        """The messages between, until the end, which sets `ended`, or the caller leaves.

        Raises:
            InvalidArgumentError: one is out of place, or breaks the rules.
            UnavailableError: nothing came for too long.
        """
        while (message := await self._next()) is not None:
            item = message.WhichOneof("item")
            if item == "end":
                self.ended = True
                return
            if item == "start":
                raise InvalidArgumentError({"start": "must be in the first message alone"})
            yield message

    async def _next(self) -> Any:
        try:
            async with asyncio.timeout(self._silence_s):
                return await anext(self._stream, None)
        except TimeoutError:
            raise UnavailableError(
                f"nothing came for {self._silence_s:g} s: the session stays open", reason="PUSH_SILENT"
            ) from None


def refuse(fault: Fault | None) -> None:
    """Raise what a fault of the times means to the caller; nothing for None."""
    if fault is Fault.UNSORTED:
        raise InvalidArgumentError({"frame.t_s": "must be more than in the message before"})
    if fault is Fault.TOO_MANY:
        raise ResourceExhaustedError("more frames per second than this server takes", reason="TOO_MANY_FRAMES")
    if fault is Fault.TOO_LONG:
        raise ResourceExhaustedError("the session lasts longer than this server allows", reason="SESSION_TOO_LONG")
