"""Films a LiveKit room until standard input ends: URL, key, secret, room, width, height.

Prints when picture 0 was shown, Unix seconds; picture n is shown n/30 s later and bears its number.
"""

import asyncio
import sys
import time

from livekit import api, rtc

from servers.publishing import FPS, numbered
from servers.until import until_input_ends


async def film(url: str, key: str, secret: str, room: str, size: tuple[int, int]) -> None:
    """Publish to a room."""
    grants = api.VideoGrants(room_join=True, room=room)
    token = api.AccessToken(key, secret).with_identity("camera").with_grants(grants).to_jwt()
    place, source = rtc.Room(), rtc.VideoSource(*size)
    await place.connect(url, token)
    track = rtc.LocalVideoTrack.create_video_track("front", source)
    encoding = rtc.VideoEncoding(max_framerate=FPS, max_bitrate=2_000_000)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, video_encoding=encoding, simulcast=False)
    await place.local_participant.publish_track(track, options)
    start, number = time.monotonic(), 0
    print(time.time(), flush=True)
    while True:
        pixels = numbered(number, size)
        source.capture_frame(rtc.VideoFrame(*size, rtc.VideoBufferType.RGB24, bytearray(pixels.tobytes())))
        number += 1
        await asyncio.sleep(max(0.0, start + number / FPS - time.monotonic()))


def main() -> None:
    """Film until standard input ends."""
    url, key, secret, room, width, height = sys.argv[1:]
    asyncio.run(until_input_ends(film(url, key, secret, room, (int(width), int(height)))))


if __name__ == "__main__":
    main()
