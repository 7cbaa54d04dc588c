"""Live cameras of many sessions in one process: frames at their pace, newest wins, by ingest's own parts.

It plays until its standard input is closed, and then says in one JSON object what became of the frames, by session and
cause.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import simplejpeg

from motus.bus.v1 import frame_pb2
from motus_ingest import convert
from motus_ingest.cutting import Cutting
from motus_ingest.newest_sender import NewestSender
from motus_ingest.regions import Regions
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.picture import PictureForm, encoded, form_of
from motus_ingest.sources.port import Patch, Picture
from motus_runtime.bus import Bus, BusSettings
from motus_runtime.settings import load
from motus_runtime.tally import Tally
from servers.until import until_input_ends

READY_MADE_PX = 64
LONGEST_CLIP_FRAMES = 600


class Camera:
    """One session's camera.

    Args:
        session: bare session id.
        shown: what it shows, over and over: decoded frames, which are encoded as they are sent, or ready pictures.
        fps: frames per second.
    """

    def __init__(self, session: str, shown: Sequence[av.VideoFrame | Picture], fps: float) -> None:
        self.session, self._shown, self._fps = session, shown, fps
        settings = load(IngestSettings, "MOTUS_INGEST")
        self._form = PictureForm(settings.max_side_px, settings.jpeg_quality, settings.patch_px)
        self._cutting = Cutting()
        self.tally, self.regions = Tally("ingest"), Regions()

    def frame(self, number: int) -> frame_pb2.Frame:
        """The frame that is seen now."""
        now_ns, t_s = time.time_ns(), number / self._fps
        ref = frame_pb2.FrameRef(session=self.session, ingest_epoch=1, frame_seq=number, t_s=t_s)
        ref.capture_time_ns = ref.ingest_time_ns = now_ns
        ref.capture_origin = frame_pb2.CAPTURE_ORIGIN_ARRIVAL
        shown = self._shown[number % len(self._shown)]
        picture = shown if isinstance(shown, Picture) else self._encoded(shown, t_s, now_ns)
        frame = convert.picture_frame(ref, picture)
        frame.delivery = frame_pb2.DELIVERY_NEWEST
        return frame

    def _encoded(self, shown: av.VideoFrame, t_s: float, now_ns: int) -> Picture:
        form = form_of(shown, Fraction(1), self._form)
        cuts, self._cutting = self._cutting.judge(t_s, self.regions.newest(), form)
        patches = encoded(shown, form, cuts, self._form.jpeg_quality)
        return Picture(t_s, form.width, form.height, patches, now_ns)


async def send(cameras: Sequence[Camera], bus: Bus, fps: float, *, inviting: bool) -> None:
    """Send all cameras' frames in turn until cancelled."""
    async with AsyncExitStack() as stack:
        senders = [
            await stack.enter_async_context(NewestSender(bus, one.session, one.tally, one.regions, inviting=inviting))
            for one in cameras
        ]
        began, count = time.monotonic(), len(cameras)
        for turn in range(sys.maxsize):
            due_s = began + turn / (fps * count)
            if (early_s := due_s - time.monotonic()) > 0.001:
                await asyncio.sleep(early_s)
            place = turn % count
            await senders[place].send(cameras[place].frame(turn // count))


def ready_made() -> list[Picture]:
    """Small pictures, each below 2 KB, that an engine which looks at none may be given."""
    side = READY_MADE_PX
    grey = np.linspace(0, 255, side * side, dtype=np.uint8).reshape(side, side, 1)
    shades = [np.ascontiguousarray(np.broadcast_to(grey // part, (side, side, 3))) for part in (1, 2)]
    patches = [Patch(0, 0, side, side, simplejpeg.encode_jpeg(shade, quality=60)) for shade in shades]
    return [Picture(0.0, side, side, (patch,), 0) for patch in patches]


def decoded(clip: Path) -> list[av.VideoFrame]:
    """The frames of a clip, held decoded."""
    with av.open(str(clip)) as container:
        return list(islice(container.decode(video=0), LONGEST_CLIP_FRAMES))


async def play(arguments: argparse.Namespace) -> dict[str, dict[str, int]]:
    """Play until standard input ends; returns what became of the frames by session."""
    shown = decoded(arguments.clip) if arguments.clip else ready_made()
    cameras = [Camera(session, shown, arguments.fps) for session in arguments.sessions]
    bus = await Bus.connect(BusSettings(url=arguments.nats), "ingest")
    await until_input_ends(send(cameras, bus, arguments.fps, inviting=not arguments.no_invitations))
    await bus.close()
    return {camera.session: dict(camera.tally.counts) for camera in cameras}


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nats", required=True, help="URL of the server")
    parser.add_argument("--fps", type=float, default=30.0, help="frames per second of each session")
    parser.add_argument("--clip", type=Path, help="video to show instead of small ready-made pictures")
    parser.add_argument("--no-invitations", action="store_true", help="leave it to the leases that a worker is gone")
    parser.add_argument("sessions", nargs="+", help="bare ids")
    print(json.dumps(asyncio.run(play(parser.parse_args()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
