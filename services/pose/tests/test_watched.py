"""A worker notices that no engine works any more, and takes no single failure for that."""

from typing import Any

import numpy as np
import pytest

from motus_pose.engines.port import EngineError
from motus_pose.engines.watched import MOST_FAILURES, BrokenError, Watched
from motus_pose.picture import Picture

PICTURE = Picture.of(np.zeros((48, 64, 3), np.uint8))


def _fail(watch: Watched, times: int) -> None:
    for _ in range(times):
        with pytest.raises(EngineError):
            watch().detect(PICTURE, 0)


def test_many_failures_in_a_row_are_the_end(engine: Any) -> None:
    """Of whichever engines they are: the one that is too many says so, with the last one's reason."""
    engine.broken, watch = True, Watched(engine.make)

    _fail(watch, MOST_FAILURES - 1)
    before = watch.fault
    with pytest.raises(BrokenError, match="told to fail"):
        watch().detect(PICTURE, 0)

    assert before == ""
    assert "told to fail" in watch.fault


def test_a_look_that_succeeds_begins_the_count_anew(engine: Any) -> None:
    """Engines that fail on some pictures, however many, are not broken."""
    watch = Watched(engine.make)
    for _ in range(3):
        engine.broken = True
        _fail(watch, MOST_FAILURES - 1)
        engine.broken = False
        assert watch().detect(PICTURE, 0)

    assert watch.fault == ""


def test_an_engine_that_cannot_be_made_counts() -> None:
    """What made engines once and does no more is as broken as they are."""

    def make() -> Any:
        raise EngineError("no memory left")

    watch = Watched(make)
    for _ in range(MOST_FAILURES - 1):
        with pytest.raises(EngineError):
            watch()

    with pytest.raises(BrokenError, match="no memory left"):
        watch()
