"""A factory of engines that notices when none works any more, as after an error of the GPU that stays."""

from threading import Lock
from typing import Final

from motus_pose.engines.port import EngineError, EngineFactory, EngineInfo, PersonPose, PoseEngine
from motus_pose.picture import Picture
from motus_runtime.errors import PermanentError

MOST_FAILURES: Final = 10
"""So many one after the other, whoever's engines they are of, are no matter of single pictures."""


class BrokenError(PermanentError):
    """No engine of this process works: it ends, so that others take its sessions and it begins anew."""

    reason = "ENGINE_BROKEN"


class Watched:
    """Makes engines and counts what fails one after the other: a look at a picture, or making an engine.

    Args:
        make: makes an engine; called in any thread.

    Attributes:
        fault: why no engine works any more; empty while they do.
    """

    def __init__(self, make: EngineFactory) -> None:
        self._make, self._failures, self._lock = make, 0, Lock()
        self.fault = ""

    def __call__(self) -> PoseEngine:
        """An engine.

        Raises:
            EngineError: it cannot be made.
            BrokenError: nor could anything be done for long.
        """
        try:
            return _WatchedEngine(self._make(), self)
        except EngineError as error:
            self.failed(error)
            raise

    def failed(self, error: EngineError) -> None:
        """Count a failure; BrokenError when it is one too many."""
        with self._lock:
            self._failures += 1
            if self._failures < MOST_FAILURES:
                return
            self.fault = f"the engine failed {self._failures} times in a row: {error}"
        raise BrokenError(self.fault) from error

    def worked(self) -> None:
        """Hear that an engine works."""
        with self._lock:
            self._failures = 0


class _WatchedEngine:
    """An engine whose looks are counted; else it is that engine. Refusing too many people is no failure."""

    def __init__(self, engine: PoseEngine, watch: Watched) -> None:
        self._engine, self._watch = engine, watch

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def follow(self, people: int) -> None:
        self._engine.follow(people)

    def detect(self, picture: Picture, t_ms: int) -> tuple[PersonPose, ...]:
        try:
            found = self._engine.detect(picture, t_ms)
        except EngineError as error:
            self._watch.failed(error)
            raise
        self._watch.worked()
        return found

    def close(self) -> None:
        self._engine.close()
