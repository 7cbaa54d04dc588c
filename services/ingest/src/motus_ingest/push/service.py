"""The RPCs of IngestService: who calls, which session, then what comes until its end."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from motus.v1 import ingest_service_pb2, ingest_service_pb2_grpc
from motus_ingest.push.alongside import alongside
from motus_ingest.push.convert import counts_of
from motus_ingest.push.courtesy import heard_out, welcome
from motus_ingest.push.frames import LeftOpenError, PushedFrames
from motus_ingest.push.hold import Hold, Holds
from motus_ingest.push.landmarks import PushedLandmarks, over
from motus_ingest.push.playing import Playing
from motus_ingest.push.requests import Requests
from motus_ingest.push.settings import PushSettings
from motus_ingest.push.spool import Spool
from motus_ingest.push.times import Times
from motus_ingest.session import position
from motus_ingest.settings import IngestSettings
from motus_runtime import pushed
from motus_runtime.bus import Bus
from motus_runtime.errors import InvalidArgumentError
from motus_runtime.rpc.call import caller


class IngestServicer(ingest_service_pb2_grpc.IngestServiceServicer):
    """Takes what clients push, from each caller into the sessions of their tenant.

    Args:
        bus: the bus.
        holds: the sessions that are pushed into here.
        settings: the service's.
        bounds: of what is pushed.
    """

    def __init__(self, bus: Bus, holds: Holds, settings: IngestSettings, bounds: PushSettings) -> None:
        self._bus, self._holds, self._settings, self._bounds = bus, holds, settings, bounds
        self._spool = Spool(bounds.spool, bounds.max_video_bytes, bounds.max_spool_bytes)
        self._spool.sweep()

    async def PushLandmarks(
        self, requests: AsyncIterator[ingest_service_pb2.PushLandmarksRequest], context: Any
    ) -> ingest_service_pb2.PushLandmarksResponse:
        """Landmarks, straight to where pose's go."""
        async with heard_out(context):
            stream = Requests(requests, self._bounds.silence_s)
            start = await stream.start()
            async with self._holds.hold(caller().tenant, start.session, pushed.LANDMARKS) as hold:
                push = await PushedLandmarks.begin(self._bus, hold, start, self._settings)
                await welcome(context)
                await alongside(push.run(stream), self._holds.lost(hold), push.report())
            return ingest_service_pb2.PushLandmarksResponse(counts=counts_of(push.tally))

    async def PushFrames(
        self, requests: AsyncIterator[ingest_service_pb2.PushFramesRequest], context: Any
    ) -> ingest_service_pb2.PushFramesResponse:
        """Pictures, on to pose."""
        async with heard_out(context):
            stream = Requests(requests, self._bounds.silence_s)
            start = await stream.start()
            async with self._holds.hold(caller().tenant, start.session, pushed.FRAMES) as hold:
                frames = PushedFrames(stream, await self._times(hold), self._bounds)
                playing = Playing(self._bus, hold, self._settings)
                await welcome(context)
                with suppress(LeftOpenError):
                    await alongside(playing.frames(frames), self._holds.lost(hold), frames.trouble())
            return ingest_service_pb2.PushFramesResponse(counts=counts_of(playing.tally))

    async def PushVideo(
        self, requests: AsyncIterator[ingest_service_pb2.PushVideoRequest], context: Any
    ) -> ingest_service_pb2.PushVideoResponse:
        """A file: kept, played, removed."""
        async with heard_out(context):
            stream = Requests(requests, self._bounds.silence_s)
            start = await stream.start()
            async with self._holds.hold(caller().tenant, start.session, pushed.VIDEO) as hold:
                await self._times(hold)
                with self._spool.place(start.size_bytes) as file:
                    await welcome(context)
                    await alongside(file.fill(_bytes(stream)), self._holds.lost(hold))
                    playing = Playing(self._bus, hold, self._settings)
                    await alongside(playing.file(file.path), self._holds.lost(hold))
            return ingest_service_pb2.PushVideoResponse(counts=counts_of(playing.tally))

    async def _times(self, hold: Hold) -> Times:
        """The times of a session that is gone on with.

        Raises:
            FailedPreconditionError: it is over.
            RetryableError: the bus does not answer.
        """
        after_s, ended = await position(self._bus, hold.spec.session)
        if ended:
            raise over(hold)
        return Times(self._settings.max_fps, self._settings.max_duration_s, after_s)


async def _bytes(requests: Requests) -> AsyncIterator[bytes]:
    async for message in requests.data():
        yield message.data
    if not requests.ended:
        raise InvalidArgumentError({"end": "is missing: the file is not whole"})
