"""Live video out of LiveKit rooms, and cues back into them."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from livekit import rtc

from motus_ingest.settings import IngestSettings
from motus_ingest.sources.livekit_access import refusal, token
from motus_ingest.sources.livekit_frames import av_frame
from motus_ingest.sources.livekit_target import target_of
from motus_ingest.sources.livekit_watching import Watching
from motus_ingest.sources.newest import Newest
from motus_ingest.sources.port import LostError, Shot, SourceError

log = logging.getLogger("motus.ingest")

CUE_TOPIC: Final = "motus.cue"
TEXT_TOPIC: Final = "motus.cue.text"
_CONNECT_S: Final = 5.0
_LEAVE_S: Final = 1.0
_SAY_S: Final = 2.0
# Rooms that are being left; a task that nobody holds may be collected half-way.
_leaving: set["asyncio.Task[None]"] = set()


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A frame as the SDK gave it, and when, Unix nanoseconds."""

    event: rtc.VideoFrameEvent
    arrived_ns: int


class LiveKitSource:
    """One connection to a room; see the port.

    What goes on in the room ends no connection: a camera that is muted, replaced or not there yet gives no frames.
    The SDK itself mends a connection for 25 s.

    Args:
        uri: `livekit://ROOM[/PARTICIPANT[/TRACK]]`.
        settings: which server, and its key.
        identity: of nobody else in the room; whoever comes later with the same one puts the earlier one out.
    """

    def __init__(self, uri: str, settings: IngestSettings, identity: str) -> None:
        self._uri, self._settings, self._identity = uri, settings, identity
        self._slot: Newest[_Arrival] | None = None
        self._room: rtc.Room | None = None

    @property
    def overtaken(self) -> int:
        """See the port."""
        return self._slot.overtaken if self._slot is not None else 0

    async def shots(self) -> AsyncGenerator[Shot, None]:
        """See the port."""
        target = target_of(self._uri)
        opener = token(self._settings, target.room, self._identity)
        slot = self._slot = Newest()
        room = rtc.Room()
        watching = Watching(room, target, lambda event: slot.put(_Arrival(event, time.time_ns())))
        room.on("disconnected", lambda reason: slot.end(_end(reason)))
        options = rtc.RoomOptions(auto_subscribe=False, connect_timeout=_CONNECT_S)
        joining = asyncio.create_task(room.connect(self._settings.livekit_url, opener, options))
        try:
            await _joined(joining)
            self._room = room
            watching.consider()
            while (arrival := await slot.take()) is not None:
                yield self._shot(arrival)
        finally:
            self._room = None
            await _left(room, joining, watching)

    async def say(self, text: str, data: bytes, attributes: Mapping[str, str] | None = None) -> None:
        """Send a cue to everybody in the room: `data` as a message, `text` as a text stream with these attributes.

        Raises:
            LostError: it was not sent, or not whole.
        """
        room = self._room
        if room is None or not room.isconnected():
            raise LostError("The LiveKit room is not connected.")
        try:
            async with asyncio.timeout(_SAY_S):
                await room.local_participant.publish_data(data, topic=CUE_TOPIC)
                await room.local_participant.send_text(text, topic=TEXT_TOPIC, attributes=dict(attributes or {}))
        except (rtc.participant.PublishDataError, rtc.StreamError, TimeoutError) as error:
            log.info("a cue was not sent into its room: %s", type(error).__name__)
            raise LostError("A cue could not be sent into the LiveKit room.") from None

    def _shot(self, arrival: _Arrival) -> Shot:
        event, most = arrival.event, self._settings.max_source_pixels
        if event.frame.width * event.frame.height > most:
            size = f"{event.frame.width}×{event.frame.height}"
            raise SourceError(f"The source's picture of {size} pixels is larger than allowed.")
        # The stream's own time stamp tells when a frame was to be shown here, no better than its arrival.
        taken_us = event.metadata.user_timestamp if event.metadata is not None else 0
        if not taken_us:
            return Shot(av_frame(event), None, arrival.arrived_ns)
        return Shot(av_frame(event), taken_us / 1e6, arrival.arrived_ns, taken_us * 1000)


def _end(reason: "rtc.DisconnectReason.ValueType") -> LostError | SourceError | None:
    """What a disconnection means; None: the other side ended it."""
    log.info("a LiveKit room was lost: %s", rtc.DisconnectReason.Name(reason))
    if reason in (rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED):
        return None
    if reason == rtc.DisconnectReason.PARTICIPANT_REMOVED:
        return SourceError("This server was put out of the LiveKit room.")
    return LostError("The connection to the LiveKit room was lost.")


async def _joined(joining: "asyncio.Task[None]") -> None:
    try:
        # The SDK goes on when it is cancelled: nobody could leave the room, and it ends who leaves it waiting.
        await asyncio.shield(joining)
    except rtc.ConnectError as error:
        raise refusal(error) from None


async def _left(room: rtc.Room, joining: "asyncio.Task[None]", watching: Watching) -> None:
    """Leave a room, entered or not; what takes long goes on by itself."""
    leaving = asyncio.create_task(_leave(room, joining, watching))
    _leaving.add(leaving)
    leaving.add_done_callback(_leaving.discard)
    await asyncio.wait({leaving}, timeout=_LEAVE_S)


async def _leave(room: rtc.Room, joining: "asyncio.Task[None]", watching: Watching) -> None:
    with suppress(rtc.ConnectError):
        await joining
    await watching.close()
    await room.disconnect()
