"""Runs a blocking live producer in a thread of its own; the event loop always gets the newest item."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing, suppress
from typing import Generic, TypeVar

from motus_ingest.sources.port import LostError, SourceError

log = logging.getLogger("motus.ingest")
T = TypeVar("T")


class Newest(Generic[T]):
    """One slot between a thread, or callbacks of the loop, and the loop it was made in: a newer item replaces an older.

    Attributes:
        overtaken: items that were replaced before they were taken.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._item: T | None = None
        self._ended = False
        self._error: Exception | None = None
        self.overtaken = 0

    def put(self, item: T) -> None:
        """Offer an item, from the loop."""
        self.overtaken += self._item is not None
        self._item = item
        self._changed.set()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more will come, from the loop."""
        self._ended, self._error = True, error
        self._changed.set()

    def from_thread(self, what: Callable[[], None]) -> None:
        """Do `put` or `end` from another thread."""
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what)

    async def take(self) -> T | None:
        """Wait for the newest item; None behind the last.

        Raises:
            Exception: what `end` was told.
        """
        while self._item is None and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        item, self._item = self._item, None
        if item is None and self._error is not None:
            raise self._error
        return item


async def newest_in_thread(
    produce: Callable[[], Generator[T, None, None]], slot: "Newest[T]", *, name: str
) -> AsyncGenerator[T, None]:
    """The items of `produce()`, made in a daemon thread; what is not taken in time is replaced by what comes next.

    Closing this generator makes the thread end after the item it is at; nobody waits for it, since it may hang in a
    decoder.

    Raises:
        LostError, SourceError: the producer raised it; any other failure of it is a LostError.
    """
    stopped = threading.Event()
    threading.Thread(target=_work, args=(produce, slot, stopped), name=name, daemon=True).start()
    try:
        while (item := await slot.take()) is not None:
            yield item
    finally:
        stopped.set()


def _work(produce: Callable[[], Generator[T, None, None]], slot: "Newest[T]", stopped: threading.Event) -> None:
    """The thread's whole life. Whatever a hostile stream does to the producer ends this connection alone."""
    error: Exception | None = None
    try:
        with closing(produce()) as items:
            for item in items:
                if stopped.is_set():
                    break
                slot.from_thread(lambda item=item: slot.put(item))  # type: ignore[misc]
    except (LostError, SourceError) as failure:
        error = failure
    except Exception as failure:
        # Its text may hold an address with its password.
        log.error("a live source failed with %s, as no source should", type(failure).__name__)
        error = LostError("The video could not be decoded.")
    slot.from_thread(lambda: slot.end(error))
