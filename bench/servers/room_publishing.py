"""Films LiveKit rooms.

As a program: until standard input ends, with URL, key, secret, room, width, height. Prints when picture 0 was shown,
Unix seconds; picture n is shown n/30 s later and bears its number.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterable

import numpy as np
from livekit import api, rtc

from servers.publishing import FPS, numbered
from servers.until import until_input_ends


def entrance(key: str, secret: str, room: str, identity: str) -> str:
    """The token that lets somebody into a room."""
    grants = api.VideoGrants(room_join=True, room=room)
    return api.AccessToken(key, secret).with_identity(identity).with_grants(grants).to_jwt()


async def published(room: rtc.Room, size: tuple[int, int]) -> rtc.VideoSource:
    """Begin to publish a camera in a room that was entered; what it gets is seen there."""
    source = rtc.VideoSource(*size)
    track = rtc.LocalVideoTrack.create_video_track("front", source)
    encoding = rtc.VideoEncoding(max_framerate=FPS, max_bitrate=2_000_000)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, video_encoding=encoding, simulcast=False)
    await room.local_participant.publish_track(track, options)
    return source


async def film(source: rtc.VideoSource, pictures: Iterable[np.ndarray]) -> None:
    """Show pictures, 30 a second."""
    start = time.monotonic()
    for number, pixels in enumerate(pictures, 1):
        height, width, _ = pixels.shape
        source.capture_frame(rtc.VideoFrame(width, height, rtc.VideoBufferType.RGB24, bytearray(pixels.tobytes())))
        await asyncio.sleep(max(0.0, start + number / FPS - time.monotonic()))


async def _numbers(url: str, key: str, secret: str, name: str, size: tuple[int, int]) -> None:
    room = rtc.Room()
    await room.connect(url, entrance(key, secret, name, "camera"))
    source = await published(room, size)
    print(time.time(), flush=True)
    await film(source, (numbered(number, size) for number in itertools.count()))


def main() -> None:
    """Film until standard input ends."""
    url, key, secret, room, width, height = sys.argv[1:]
    asyncio.run(until_input_ends(_numbers(url, key, secret, room, (int(width), int(height)))))


if __name__ == "__main__":
    main()
