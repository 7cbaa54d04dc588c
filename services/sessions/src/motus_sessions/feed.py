"""What waits for one watcher: events in order, and of everything else the newest."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence

from motus.v1 import session_service_pb2

Response = session_service_pb2.WatchSessionResponse


class Feed:
    """Between those who tell and one who reads.

    Events wait in a bounded queue, and whoever brings them waits while it is full. Of what is live a newer one takes
    the place of one that nobody has read yet.

    Args:
        room: events that may wait.
    """

    def __init__(self, room: int = 64) -> None:
        self._events: deque[Response] = deque()
        self._latest: dict[str, Sequence[Response]] = {}
        self._rest: deque[Response] = deque()
        self._skipped: Counter[str] = Counter()
        self._room = room
        self._has_item, self._has_room = asyncio.Event(), asyncio.Event()
        self._over = False
        self._error: Exception | None = None

    async def put_event(self, response: Response) -> None:
        """Add an event; waits while there is no room."""
        while len(self._events) >= self._room:
            self._has_room.clear()
            await self._has_room.wait()
        self._events.append(response)
        self._has_item.set()

    def put_latest(self, key: str, responses: Sequence[Response]) -> None:
        """Add what is newest of its kind; what waited under the same key is left out and counted."""
        if key in self._latest:
            self._skipped[key] += 1
        self._latest[key] = responses
        self._has_item.set()

    def end(self, error: Exception | None = None) -> None:
        """Nothing follows: the reader gets what events wait, then the error or the end."""
        self._over, self._error = True, error
        self._has_item.set()

    async def take(self) -> Response | None:
        """The next thing to read, None at the end.

        Raises:
            Exception: the one that `end` was given.
        """
        while True:
            item = self._next()
            if item is not None:
                return item
            if self._over:
                if self._error is not None:
                    raise self._error
                return None
            self._has_item.clear()
            await self._has_item.wait()

    def _next(self) -> Response | None:
        if self._rest:
            return self._rest.popleft()
        if self._events:
            self._has_room.set()
            return self._events.popleft()
        if self._latest and not self._over:
            key = next(iter(self._latest))
            first, *rest = self._latest.pop(key)
            if first.HasField("sample"):
                first.samples_skipped = self._skipped.pop(key, 0)
            self._rest.extend(rest)
            return first
        return None
