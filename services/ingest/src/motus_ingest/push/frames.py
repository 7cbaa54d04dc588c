"""Pictures that a client pushes, as a source: passed on as they are, decoded by pose alone."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Never

import simplejpeg

from motus.v1 import ingest_service_pb2
from motus_ingest.push.convert import captured
from motus_ingest.push.requests import Requests, refuse
from motus_ingest.push.settings import PushSettings
from motus_ingest.push.times import Times
from motus_ingest.sampling import Omission
from motus_ingest.sources.picture import MIN_SIDE_PX
from motus_ingest.sources.port import Patch, Picture, Step
from motus_runtime.errors import InvalidArgumentError, MotusError, ResourceExhaustedError


class LeftOpenError(Exception):
    """The caller went without saying that this is the end."""


class PushedFrames:
    """One call's pictures; see the port `FrameSource`.

    What is wrong with a call is no end of its session, so `steps` then just gives nothing more, and `trouble` tells.

    Args:
        requests: the call's.
        times: of its pictures.
        bounds: of each.
    """

    duration_s = None

    def __init__(self, requests: Requests, times: Times, bounds: PushSettings) -> None:
        self._requests, self._times, self._bounds = requests, times, bounds
        self._trouble: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def trouble(self) -> None:
        """Wait until the call cannot go on.

        Raises:
            MotusError: something that came cannot be taken, or nothing comes any more.
            LeftOpenError: the caller went.
        """
        raise await self._trouble

    async def steps(self) -> AsyncGenerator[Step, None]:
        """Every picture until the end was said."""
        try:
            async for message in self._requests.data():
                yield self._step(message.frame)
        except MotusError as error:
            await self._rest(error)
        if not self._requests.ended:
            await self._rest(LeftOpenError())

    async def _rest(self, why: Exception) -> Never:
        self._trouble.set_result(why)
        while True:
            await asyncio.Event().wait()

    def _step(self, frame: ingest_service_pb2.PushedFrame) -> Step:
        now_ns = time.time_ns()
        refuse(self._times.take(frame.t_s))
        width, height = self._size(frame.jpeg)
        if self._times.is_stored(frame.t_s):
            return Omission.RESUMED
        origin, captured_ns = captured(frame, now_ns)
        whole = Patch(0.0, 0.0, width, height, frame.jpeg)
        return Picture(frame.t_s, width, height, (whole,), now_ns, origin, captured_ns)

    def _size(self, jpeg: bytes) -> tuple[int, int]:
        """Width and height by the header; nothing else of it is read here."""
        if len(jpeg) > self._bounds.max_frame_bytes:
            raise _too_large(f"more than {self._bounds.max_frame_bytes} bytes")
        try:
            height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
        except ValueError:
            raise InvalidArgumentError({"frame.jpeg": "must be a JPEG"}) from None
        if max(width, height) > self._bounds.max_side_px:
            raise _too_large(f"a side of more than {self._bounds.max_side_px} pixels")
        if min(width, height) < MIN_SIDE_PX:
            raise InvalidArgumentError({"frame.jpeg": f"must have sides of at least {MIN_SIDE_PX} pixels"})
        return width, height


def _too_large(what: str) -> ResourceExhaustedError:
    return ResourceExhaustedError(f"the picture has {what}", reason="FRAME_TOO_LARGE")
