"""Gathers what several streams ask for at about the same time into one batch, for who likes many at once."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

WAIT_S: Final = 0.005
"""A batch never waits longer for more."""
T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Calls a function with what came together, in a thread of its own that ends with the process.

    Args:
        run: gets items and gives as many results, in their order.
        most: items of a batch at most.
        wait_s: how long the first of a batch waits for others, seconds.
    """

    def __init__(self, run: Callable[[Sequence[T]], Sequence[R]], most: int, wait_s: float = WAIT_S) -> None:
        self._run, self._most, self._wait_s = run, most, wait_s
        self._asked: SimpleQueue[tuple[T, Future[R]]] = SimpleQueue()
        threading.Thread(target=self._work, name="batches", daemon=True).start()

    def ask(self, items: Sequence[T]) -> list[R]:
        """The results of some items; waits until they are there, and raises what the function raised."""
        futures = [Future[R]() for _ in items]
        for one in zip(items, futures, strict=True):
            self._asked.put(one)
        return [future.result() for future in futures]

    def _work(self) -> None:
        while True:
            batch = self._gathered()
            try:
                results = self._run([item for item, _ in batch])
            except Exception as error:  # whoever asked raises it
                for _, future in batch:
                    future.set_exception(error)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)

    def _gathered(self) -> list[tuple[T, "Future[R]"]]:
        batch = [self._asked.get()]
        until = time.monotonic() + self._wait_s
        while len(batch) < self._most:
            try:
                batch.append(self._asked.get(timeout=max(until - time.monotonic(), 0.0)))
            except Empty:
                break
        return batch
