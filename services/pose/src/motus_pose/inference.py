"""A session's engine in a thread of its own, off the event loop, and a second thread that decodes one frame ahead.

Threads, since decoding and the networks run without the GIL and the loop is idle meanwhile; only a busy Python thread
in the same process would slow them down.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from prometheus_client import Histogram

from motus_pose.engines.port import EngineError, EngineFactory, EngineInfo, PersonPose, PoseEngine
from motus_pose.frames import Frame
from motus_pose.picture import Picture, read

INFERENCE: Final = Histogram(
    "motus_pose_inference_seconds",
    "From picture to landmarks, for one frame.",
    ["engine"],
    buckets=(0.005, 0.01, 0.015, 0.02, 0.025, 0.033, 0.05, 0.075, 0.1, 0.2, 0.5, 1),
)
# A source that begins anew is another stream to an engine that tracks; less than this is jitter.
_BACKWARDS_S: Final = 1.0
_SMOOTHING: Final = 0.1


class Inference:
    """Looks at one session's frames, one after the other.

    Args:
        session: bare session id.
        make_engine: makes the session's engine; called in the session's thread.
        people: how many must be followed.

    Attributes:
        info: what the engine is; None before the first start.
        seconds: smoothed duration of one look, 0 before the first.
    """

    def __init__(self, session: str, make_engine: EngineFactory, people: int) -> None:
        self._make_engine, self._people = make_engine, people
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"pose-{session}")
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix=f"decode-{session}")
        self._engine: PoseEngine | None = None
        self._picture: Picture | None = None
        self._last_t_s = 0.0
        self._looking_since_s = 0.0
        self.info: EngineInfo | None = None
        self.seconds = 0.0

    @property
    def looking_s(self) -> float:
        """For how long the look in progress has lasted, seconds; 0 when there is none."""
        since_s = self._looking_since_s
        return time.monotonic() - since_s if since_s else 0.0

    async def start(self) -> None:
        """Have the engine ready before the first frame; EngineError when it cannot be made."""
        await self._in_thread(self._ready)

    def decode(self, frame: Frame) -> "Future[Picture]":
        """Begin to decode a frame; BadPictureError comes with the future."""
        return self._decoder.submit(self._decode, frame)

    def look(self, frame: Frame, picture: "Future[Picture]") -> "asyncio.Future[tuple[PersonPose, ...]]":
        """Begin to look at a frame; the future gives the people in it, in order of the calls.

        Its errors: BadPictureError when the frame is no picture, EngineError when the engine failed, in which case
        the next look begins with a new one.
        """
        return asyncio.get_running_loop().run_in_executor(self._thread, self._look, frame, picture)

    async def rest(self) -> None:
        """Give the engine back; a later look makes a new one."""
        await self._in_thread(self._drop)

    def close(self) -> None:
        """Give everything back as soon as the look in progress is over; does not wait for it."""
        self._thread.submit(self._drop)
        self._thread.shutdown(wait=False)
        self._decoder.shutdown(wait=False)

    async def _in_thread(self, call: Callable[[], object]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _decode(self, frame: Frame) -> Picture:
        self._picture = read(frame, self._picture)
        return self._picture

    def _look(self, frame: Frame, decoded: "Future[Picture]") -> tuple[PersonPose, ...]:
        picture = decoded.result()
        began = time.perf_counter()
        if frame.ref.t_s < self._last_t_s - _BACKWARDS_S:
            self._drop()
        engine = self._ready()
        self._looking_since_s = time.monotonic()
        try:
            poses = engine.detect(picture, round(frame.ref.t_s * 1000))
        except EngineError:
            self._drop()
            raise
        finally:
            self._looking_since_s = 0.0
        self._last_t_s = frame.ref.t_s
        self._record(engine.info.name, time.perf_counter() - began)
        return poses

    def _ready(self) -> PoseEngine:
        if self._engine is None:
            engine = self._make_engine()
            try:
                engine.follow(self._people)
            except EngineError:
                engine.close()
                raise
            self._engine, self.info = engine, engine.info
        return self._engine

    def _drop(self) -> None:
        engine, self._engine, self._last_t_s = self._engine, None, 0.0
        if engine is not None:
            engine.close()

    def _record(self, engine: str, seconds: float) -> None:
        INFERENCE.labels(engine).observe(seconds)
        self.seconds += (_SMOOTHING if self.seconds else 1.0) * (seconds - self.seconds)
