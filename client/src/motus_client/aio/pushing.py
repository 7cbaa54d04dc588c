"""Calls of IngestService: what a client pushes into sessions of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

from motus.v1 import ingest_service_pb2
from motus_client.aio.connection import AsyncConnection
from motus_client.calls import VIDEO_PART_BYTES
from motus_client.names import session_name


class AsyncPushCalls(AsyncConnection):
    """Pushing into a session whose source is `push:…`; every call may raise `ApiError`.

    A call that breaks off leaves the session open: begin another with what was not stored, or all of it once more.
    """

    async def push_landmarks(
        self,
        session: str,
        frames: AsyncIterator[ingest_service_pb2.LandmarksFrame],
        *,
        width: int,
        height: int,
        engine: str = "",
        model: str = "",
        smoothed: bool = False,
        end: bool = True,
    ) -> ingest_service_pb2.PushLandmarksResponse:
        """Push landmarks that were computed here into a session with the source `push:landmarks`.

        Args:
            session: the session.
            frames: one moment after the other, with rising times.
            width: of the pictures that were looked at, pixels.
            height: of them, pixels.
            engine: what computed the landmarks.
            model: its model.
            smoothed: whether they were filtered over time.
            end: whether the session ends behind them; else it stays open for another call.
        """
        start = ingest_service_pb2.LandmarksStart(
            session=session_name(session), width=width, height=height, engine=engine, model=model, smoothed=smoothed
        )

        async def requests() -> AsyncIterator[ingest_service_pb2.PushLandmarksRequest]:
            yield ingest_service_pb2.PushLandmarksRequest(start=start)
            async for frame in frames:
                yield ingest_service_pb2.PushLandmarksRequest(frame=frame)
            if end:
                yield ingest_service_pb2.PushLandmarksRequest(end=True)

        return await self._push(self._ingest.PushLandmarks, requests())

    async def push_frames(
        self, session: str, frames: AsyncIterator[ingest_service_pb2.PushedFrame], *, end: bool = True
    ) -> ingest_service_pb2.PushFramesResponse:
        """Push JPEG pictures into a session with the source `push:frames`.

        Args:
            session: the session.
            frames: one picture after the other, with rising times.
            end: whether the session ends behind them; else it stays open for another call.
        """

        async def requests() -> AsyncIterator[ingest_service_pb2.PushFramesRequest]:
            yield ingest_service_pb2.PushFramesRequest(
                start=ingest_service_pb2.FramesStart(session=session_name(session))
            )
            async for frame in frames:
                yield ingest_service_pb2.PushFramesRequest(frame=frame)
            if end:
                yield ingest_service_pb2.PushFramesRequest(end=True)

        return await self._push(self._ingest.PushFrames, requests())

    async def push_video(self, session: str, video: Path) -> ingest_service_pb2.PushVideoResponse:
        """Push a video file into a session with the source `push:video`; returns once it was played.

        Raises:
            OSError: the file cannot be read.
        """

        async def requests() -> AsyncIterator[ingest_service_pb2.PushVideoRequest]:
            with video.open("rb") as file:
                start = ingest_service_pb2.VideoStart(session=session_name(session), size_bytes=video.stat().st_size)
                yield ingest_service_pb2.PushVideoRequest(start=start)
                while part := file.read(VIDEO_PART_BYTES):
                    yield ingest_service_pb2.PushVideoRequest(data=part)
            yield ingest_service_pb2.PushVideoRequest(end=True)

        return await self._push(self._ingest.PushVideo, requests())
