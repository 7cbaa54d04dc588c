"""Keeps the right track of a LiveKit room subscribed, whatever its publisher does, and hands its frames on."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from livekit import rtc

from motus_ingest.sources.livekit_target import Candidate, Target, pick
from motus_ingest.sources.picture import MIN_SIDE_PX

_CHANGES: Final[tuple[rtc.room.EventTypes, ...]] = (
    "participant_disconnected",
    "reconnected",
    "track_published",
    "track_unpublished",
    "track_unmuted",
)
_CLOSE_S: Final = 1.0
_CAMERA: Final = {rtc.TrackSource.SOURCE_CAMERA: True, rtc.TrackSource.SOURCE_UNKNOWN: None}


class Watching:
    """Watches one track at a time.

    Args:
        room: not yet connected, so that nothing is missed.
        target: which track is meant.
        put: gets each frame.
    """

    def __init__(self, room: rtc.Room, target: Target, put: Callable[[rtc.VideoFrameEvent], None]) -> None:
        self._room, self._target, self._put = room, target, put
        self._sid: str | None = None
        self._stream: rtc.VideoStream | None = None
        self._pump: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._over = False
        for event in _CHANGES:
            room.on(event, lambda *_: self.consider())
        room.on("track_subscribed", self._begin)
        room.on("track_unsubscribed", self._cease)

    def consider(self) -> None:
        """Subscribe to the track that is meant, if it is not subscribed."""
        if self._over:
            return
        tracks = _video_tracks(self._room)
        wanted = pick([candidate for candidate, _ in tracks.values()], self._target, self._sid)
        if wanted != self._sid:
            self._leave(tracks.get(self._sid or ""))
            self._sid = wanted
        if wanted is not None and not tracks[wanted][1].subscribed:
            tracks[wanted][1].set_subscribed(True)

    async def close(self) -> None:
        """Watch nothing more."""
        self._over = True
        self._close_stream()
        if self._closing:
            await asyncio.wait(self._closing)

    def _leave(self, before: "tuple[Candidate, rtc.RemoteTrackPublication] | None") -> None:
        self._close_stream()
        if before is not None:
            before[1].set_subscribed(False)

    def _begin(self, track: rtc.Track, publication: rtc.RemoteTrackPublication) -> None:
        if self._over or publication.sid != self._sid:
            return
        self._close_stream()
        # Without a bound a slow reader falls behind for ever.
        self._stream = rtc.VideoStream(track, format=rtc.VideoBufferType.I420, capacity=1)
        self._pump = asyncio.create_task(self._pumped(self._stream))

    def _cease(self, track: rtc.Track, publication: rtc.RemoteTrackPublication) -> None:
        # A stream that is left open would get the next track's frames.
        if publication.sid == self._sid:
            self._close_stream()

    async def _pumped(self, stream: rtc.VideoStream) -> None:
        async for event in stream:
            # A track that is unpublished sends some tiny black frames first.
            if min(event.frame.width, event.frame.height) >= MIN_SIDE_PX:
                self._put(event)

    def _close_stream(self) -> None:
        if self._stream is None or self._pump is None:
            return
        # A stream's iteration ends neither with its track nor when it is closed.
        self._pump.cancel()
        self._keep(_closed(self._stream))
        self._stream = self._pump = None

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _closed(stream: rtc.VideoStream) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await stream.aclose()


def _video_tracks(room: rtc.Room) -> dict[str, tuple[Candidate, rtc.RemoteTrackPublication]]:
    found = {}
    for participant in room.remote_participants.values():
        for publication in participant.track_publications.values():
            if publication.kind == rtc.TrackKind.KIND_VIDEO:
                camera = _CAMERA.get(publication.source, False)
                one = Candidate(publication.sid, publication.name, participant.identity, camera, publication.muted)
                found[publication.sid] = (one, publication)
    return found
