"""Calls of many threads, answered together: a GPU does sixty-four squares in little more time than one.

Whoever calls while others are answered is answered next. A moment is waited for as many as came last time, so that
cameras in step are answered together; whoever is alone never waits.
"""

from collections import deque
from collections.abc import Callable, Sized
from concurrent.futures import Future
from itertools import accumulate
from threading import Condition, Thread
from typing import Final, Generic, TypeVar

WAIT_S: Final = 0.005
"""How long others are waited for at most."""

Call = TypeVar("Call", bound=Sized)
Answer = TypeVar("Answer")


class Gathering(Generic[Call, Answer]):
    """Answers calls by a thread of its own, which lives as long as the process.

    Args:
        answer: gives the answers to several calls, in their order; what it raises, all of these callers get.
        most: how many things calls that are answered together have at most; a single call has no more.
        wait_s: how long others are waited for at most, seconds.
    """

    def __init__(self, answer: Callable[[list[Call]], list[Answer]], most: int, wait_s: float = WAIT_S) -> None:
        self._answer, self._most, self._wait_s = answer, most, wait_s
        self._waiting: deque[tuple[Call, Future[Answer]]] = deque()
        self._changed, self._usual = Condition(), 1
        Thread(target=self._work, name="motus-pose-gathering", daemon=True).start()

    def __call__(self, call: Call) -> Answer:
        """The answer to a call; waits for it."""
        future: Future[Answer] = Future()
        with self._changed:
            self._waiting.append((call, future))
            self._changed.notify()
        return future.result()

    def _work(self) -> None:
        while True:
            calls, futures = zip(*self._gathered(), strict=True)
            try:
                answers = self._answer(list(calls))
            except Exception as error:  # whatever it is, callers must not wait forever
                for future in futures:
                    future.set_exception(error)
            else:
                for future, answer in zip(futures, answers, strict=True):
                    future.set_result(answer)

    def _gathered(self) -> list[tuple[Call, Future[Answer]]]:
        """The calls to answer next, in the order in which they came."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            self._changed.wait_for(lambda: len(self._waiting) >= self._usual, self._wait_s)
            sizes = accumulate(len(call) for call, _ in self._waiting)
            self._usual = max(sum(size <= self._most for size in sizes), 1)
            return [self._waiting.popleft() for _ in range(self._usual)]
