"""Where frames wait for a worker: newest wins for live pictures, in order for files. Both are bounded."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestSlot(Generic[T]):
    """Holds one item; a newer one replaces it.

    A slow NATS subscriber keeps the oldest messages and drops the newest, so "newest wins" is ours to build: the
    callback puts, a worker takes.
    """

    def __init__(self) -> None:
        self._item: T | None = None
        self._ready = asyncio.Event()

    def put(self, item: T) -> T | None:
        """Put an item in; returns the one it replaced, which nobody will see."""
        replaced, self._item = self._item, item
        self._ready.set()
        return replaced

    async def filled(self) -> None:
        """Wait until there is an item, and leave it for now: a newer one may still take its place."""
        while self._item is None:
            self._ready.clear()
            await self._ready.wait()

    async def take(self) -> T:
        """Wait for an item and take it."""
        while self._item is None:
            await self.filled()
        item, self._item = self._item, None
        return item


class FrameWindow(Generic[T]):
    """Holds up to `size` items in order; a full window refuses more, since the sender has credit for no more.

    Args:
        size: the sender's credit.
    """

    def __init__(self, size: int) -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._ready = asyncio.Event()

    def put(self, item: T) -> T | None:
        """Put an item in; returns it again when there is no room."""
        if len(self._items) >= self._size:
            return item
        self._items.append(item)
        self._ready.set()
        return None

    async def take(self) -> T:
        """Wait for the oldest item and take it."""
        while not self._items:
            self._ready.clear()
            await self._ready.wait()
        return self._items.popleft()
