"""Runs a blocking producer in a thread of its own and hands its items to the event loop, a bounded number ahead."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing, suppress
from typing import Generic, TypeVar

from motus_ingest.sources.port import SourceError

log = logging.getLogger("motus.ingest")
T = TypeVar("T")


async def in_thread(
    produce: Callable[[], Generator[T, None, None]], *, name: str, ahead: int, stall_s: float
) -> AsyncGenerator[T, None]:
    """The items of `produce()`, made in a daemon thread at most `ahead` before they are taken.

    Closing this generator makes the thread end after the item it is at; nobody waits for it, since it may hang in a
    decoder.

    Raises:
        SourceError: the producer raised it, failed in a way it should not, or gave nothing for `stall_s` seconds.
    """
    handover: _Handover[T] = _Handover(ahead)
    threading.Thread(target=handover.work, args=(produce,), name=name, daemon=True).start()
    try:
        while True:
            try:
                async with asyncio.timeout(stall_s):
                    item = await handover.take()
            except TimeoutError:
                raise SourceError(f"The video could not be read on: nothing was decoded for {stall_s:g} s.") from None
            if isinstance(item, _Finished):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        handover.stop()


class _Finished:
    """The producer's end, with its error if it failed."""

    def __init__(self, error: SourceError | None) -> None:
        self.error = error


class _Handover(Generic[T]):
    """The queue between the thread and the loop it was made in."""

    def __init__(self, ahead: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[T | _Finished] = asyncio.Queue()
        self._room = threading.Semaphore(ahead)
        self._stopped = threading.Event()

    async def take(self) -> "T | _Finished":
        item = await self._queue.get()
        self._room.release()
        return item

    def stop(self) -> None:
        self._stopped.set()
        self._room.release()

    def work(self, produce: Callable[[], Generator[T, None, None]]) -> None:
        """The thread's whole life. Whatever a hostile file does to the producer ends this source alone."""
        error: SourceError | None = None
        try:
            with closing(produce()) as items:
                while self._may_go_on() and (item := next(items, None)) is not None:
                    self._post(item)
        except SourceError as failure:
            error = failure
        except Exception:
            log.exception("a source failed in a way that no source should")
            error = SourceError("The video could not be decoded.")
        self._post(_Finished(error))

    def _may_go_on(self) -> bool:
        self._room.acquire()
        return not self._stopped.is_set()

    def _post(self, item: "T | _Finished") -> None:
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
