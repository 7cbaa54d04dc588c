"""Calls of many threads, answered together: each gets its own answer, and nobody waits for long."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Semaphore

import pytest

from motus_pose.engines.blazepose import gathering
from motus_pose.engines.blazepose.gathering import WAIT_S, Gathering

FOREVER_S = 3600.0


class Answering:
    """Answers in capitals, when it is let.

    Attributes:
        together: what was answered together.
        busy: it has something to answer.
        open: while cleared, answers wait.
    """

    def __init__(self) -> None:
        self.together: list[list[str]] = []
        self.busy, self.open = Event(), Event()
        self.open.set()

    def __call__(self, calls: list[str]) -> list[str]:
        """The answers; ZeroDivisionError when one of the calls is `bad`."""
        self.together.append(sorted(calls))
        self.busy.set()
        assert self.open.wait(30)
        if "bad" in calls:
            raise ZeroDivisionError
        return [call.upper() for call in calls]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Semaphore:
    """Released by each caller who begins to wait for an answer."""
    waits = Semaphore(0)

    class Watched(Future[str]):
        def result(self, timeout: float | None = None) -> str:
            waits.release()
            return super().result(timeout)

    monkeypatch.setattr(gathering, "Future", Watched)
    return waits


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads for callers."""
    with ThreadPoolExecutor(8) as pool:
        yield pool


Crowd = Callable[[Gathering[str, str], Answering, list[str]], list[Future[str]]]


@pytest.fixture
def crowd(asked: Semaphore, threads: ThreadPoolExecutor) -> Crowd:
    """Makes calls of which all but the first come while the first is answered; gives what will be their answers."""

    def call(gather: Gathering[str, str], answering: Answering, calls: list[str]) -> list[Future[str]]:
        answering.open.clear()
        answering.busy.clear()
        first = threads.submit(gather, calls[0])
        assert answering.busy.wait(30)
        others = [threads.submit(gather, call) for call in calls[1:]]
        for _ in calls:
            assert asked.acquire(timeout=30)
        answering.open.set()
        return [first, *others]

    return call


def test_who_calls_meanwhile_is_answered_together(crowd: Crowd) -> None:
    """While one is answered others come: they are answered at once, each with its own answer."""
    answering = Answering()

    answers = crowd(Gathering(answering, most=8), answering, ["a", "b", "c", "d"])

    assert [answer.result(30) for answer in answers] == ["A", "B", "C", "D"]
    assert answering.together == [["a"], ["b", "c", "d"]]


def test_no_more_are_answered_together_than_may_be(crowd: Crowd) -> None:
    """Calls count by what is in them; those beyond are answered next."""
    answering = Answering()

    answers = crowd(Gathering(answering, most=4), answering, ["a", "bb", "cc", "dd"])

    assert [answer.result(30) for answer in answers] == ["A", "BB", "CC", "DD"]
    assert [sum(map(len, calls)) for calls in answering.together] == [1, 4, 2]


def test_who_is_alone_never_waits() -> None:
    """One caller after the other is answered, however long others would be waited for."""
    gather = Gathering(Answering(), most=8, wait_s=FOREVER_S)

    assert [gather(call) for call in "abc"] == ["A", "B", "C"]


def test_those_in_step_are_waited_for(crowd: Crowd, threads: ThreadPoolExecutor) -> None:
    """As many as were answered together last are answered together again, though they come one by one."""
    answering = Answering()
    gather = Gathering(answering, most=8, wait_s=FOREVER_S)
    for answer in crowd(gather, answering, ["a", "b", "c", "d"]):
        answer.result(30)

    again = [threads.submit(gather, call) for call in "efg"]

    assert [answer.result(30) for answer in again] == ["E", "F", "G"]
    assert answering.together[2:] == [["e", "f", "g"]]


def test_they_are_waited_for_a_moment_only(crowd: Crowd) -> None:
    """Whoever is left alone is answered all the same, and that moment is five milliseconds at most."""
    answering = Answering()
    gather = Gathering(answering, most=8)
    for answer in crowd(gather, answering, ["a", "b", "c", "d"]):
        answer.result(30)

    assert gather("e") == "E"
    assert WAIT_S <= 0.005


def test_a_failure_is_everybodys_and_passes(crowd: Crowd) -> None:
    """All who were to be answered together hear of it, and who comes after them is answered."""
    answering = Answering()
    gather = Gathering(answering, most=8)

    first, *others = crowd(gather, answering, ["a", "bad", "c"])

    assert first.result(30) == "A"
    for other in others:
        with pytest.raises(ZeroDivisionError):
            other.result(30)
    assert gather("d") == "D"
