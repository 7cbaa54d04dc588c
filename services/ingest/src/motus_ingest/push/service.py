"""The RPCs of IngestService: who calls, which session, then what comes until its end."""

from collections.abc import AsyncIterator
from typing import Any

from motus.v1 import ingest_service_pb2, ingest_service_pb2_grpc
from motus_ingest.push.alongside import alongside
from motus_ingest.push.convert import counts_of
from motus_ingest.push.courtesy import heard_out, welcome
from motus_ingest.push.hold import Holds
from motus_ingest.push.landmarks import PushedLandmarks
from motus_ingest.push.requests import Requests
from motus_ingest.push.settings import PushSettings
from motus_ingest.settings import IngestSettings
from motus_runtime import pushed
from motus_runtime.bus import Bus
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
        """Not yet."""
        raise NotImplementedError

    async def PushVideo(
        self, requests: AsyncIterator[ingest_service_pb2.PushVideoRequest], context: Any
    ) -> ingest_service_pb2.PushVideoResponse:
        """Not yet."""
        raise NotImplementedError
