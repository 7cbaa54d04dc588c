"""Engines made ahead: handed out at once, replaced behind, and given back in the end."""

import threading

from motus_pose.engines.port import EngineInfo, PersonPose
from motus_pose.engines.spares import Spares
from motus_pose.picture import Picture


class Engine:
    """An engine that sees nobody and knows its number."""

    info = EngineInfo(name="numbered", model="none", device="cpu", smoothed=False)

    def __init__(self, number: int) -> None:
        self.number, self.closed = number, False

    def follow(self, people: int) -> None:
        """See PoseEngine."""

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        """See PoseEngine."""
        return ()

    def close(self) -> None:
        """See PoseEngine."""
        self.closed = True


class Maker:
    """Makes engines, and lets the test wait for as many as it expects."""

    def __init__(self) -> None:
        self.made: list[Engine] = []
        self._changed = threading.Condition()

    def __call__(self) -> Engine:
        """The next one."""
        with self._changed:
            self.made.append(Engine(len(self.made)))
            self._changed.notify_all()
            return self.made[-1]

    def wait_for(self, count: int) -> None:
        """Until so many were made."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.made) >= count, timeout=10)


def test_an_engine_that_is_ready_is_handed_out_and_another_made_in_its_place() -> None:
    """The first to be made is the first to be handed out, and as many as before are ready soon."""
    maker = Maker()
    spares = Spares(maker, 2)
    maker.wait_for(2)

    first = spares()
    maker.wait_for(3)
    spares.close()

    assert first is maker.made[0]
    assert [engine.closed for engine in maker.made] == [False, True, True]


def test_without_spares_each_is_made_when_it_is_wanted() -> None:
    """None is kept, none is lost."""
    maker = Maker()
    spares = Spares(maker, 0)

    engines = [spares(), spares()]
    spares.close()

    assert engines == maker.made
