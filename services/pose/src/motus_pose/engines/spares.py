"""Engines made ahead, so that a session that changes hands need not wait until one is made."""

from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue

from motus_pose.engines.port import EngineFactory, PoseEngine


class Spares:
    """A factory that keeps some engines ready and makes others in their place; calls come from sessions' threads.

    Args:
        make: makes an engine.
        count: engines kept ready.
    """

    def __init__(self, make: EngineFactory, count: int) -> None:
        self._make = make
        self._ready: SimpleQueue[Future[PoseEngine]] = SimpleQueue()
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="spare-engines")
        for _ in range(count):
            self._prepare()

    def __call__(self) -> PoseEngine:
        """An engine: one that is ready, or else a new one.

        Raises:
            EngineError: it cannot be made.
        """
        try:
            spare = self._ready.get_nowait()
        except Empty:
            return self._make()
        self._prepare()
        # One that is not even begun would be waited for longer than it takes to make another.
        return self._make() if spare.cancel() else spare.result()

    def close(self) -> None:
        """Give those that are ready back; no call may follow."""
        self._maker.shutdown(cancel_futures=True)
        while not self._ready.empty():
            spare = self._ready.get()
            if not spare.cancelled() and spare.exception() is None:
                spare.result().close()

    def _prepare(self) -> None:
        self._ready.put(self._maker.submit(self._make))
