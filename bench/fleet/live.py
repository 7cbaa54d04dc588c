"""Live cameras of many sessions in one process: frames at their pace, newest wins.

It stands for what ingest does with live sources: when the server says that nobody receives a session's frames, it
invites the workers of pose to take the session over, and offers the newest frame again until there is a newer one. It
plays until its standard input is closed, and then says in one JSON object what the answers were, by session and
outcome.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import simplejpeg
from nats.aio.msg import Msg

from motus.bus.v1 import control_pb2, frame_pb2
from motus_ingest.sampling import Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.file_source import FileSource
from motus_ingest.sources.port import Picture
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings, decode
from motus_runtime.errors import UnavailableError

READY_MADE_PX = 64
AGAIN_S = 0.01
LONGEST_CLIP_S = 60.0


@dataclass
class Camera:
    """One session's camera.

    Attributes:
        session: bare session id.
        sent: frames sent so far; the next one's number.
        newest: the last one.
        pose_epoch: of the owner who answered last.
        outcomes: answers by outcome, and `deserted` for frames that nobody received.
    """

    session: str
    sent: int = 0
    newest: frame_pb2.Frame = field(default_factory=frame_pb2.Frame)
    pose_epoch: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


class Cameras:
    """All cameras of this process.

    Args:
        bus: the bus.
        sessions: whose they are.
        pictures: what they show, over and over.
        fps: frames per second of each.
        inviting: whether workers are invited when nobody receives.
    """

    def __init__(self, bus: Bus, sessions: list[str], pictures: list[Picture], fps: float, *, inviting: bool) -> None:
        self._bus, self._pictures, self._fps, self._inviting = bus, pictures, fps, inviting
        self._inbox = bus.client.new_inbox()
        self.cameras = [Camera(session) for session in sessions]
        self._deserted: asyncio.Queue[tuple[int, int]] = asyncio.Queue()

    async def run(self) -> None:
        """Send until cancelled."""
        stop = await self._bus.listen(f"{self._inbox}.*.*", self._hear)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._invite(group))
                group.create_task(self._send())
        finally:
            await stop()

    async def _send(self) -> None:
        began, count = time.monotonic(), len(self.cameras)
        for turn in range(sys.maxsize):
            due_s = began + turn / (self._fps * count)
            if (early_s := due_s - time.monotonic()) > 0.001:
                await asyncio.sleep(early_s)
            await self._publish(turn % count)

    async def _publish(self, place: int) -> None:
        camera, now_ns = self.cameras[place], time.time_ns()
        picture = self._pictures[camera.sent % len(self._pictures)]
        ref = frame_pb2.FrameRef(session=camera.session, ingest_epoch=1, frame_seq=camera.sent)
        ref.t_s, ref.capture_time_ns, ref.ingest_time_ns = camera.sent / self._fps, now_ns, now_ns
        ref.capture_origin = frame_pb2.CAPTURE_ORIGIN_ARRIVAL
        frame = frame_pb2.Frame(ref=ref, width=picture.width, height=picture.height)
        frame.patches.add(jpeg=picture.jpeg, scale=1.0)
        frame.delivery = frame_pb2.DELIVERY_NEWEST
        camera.sent, camera.newest = camera.sent + 1, frame
        await self._offer(place)

    async def _offer(self, place: int) -> None:
        camera = self.cameras[place]
        reply = f"{self._inbox}.{place}.{camera.newest.ref.frame_seq}"
        try:
            await self._bus.publish(topics.frames(camera.session), camera.newest, reply=reply)
        except UnavailableError:
            camera.outcomes["not_connected"] += 1

    def _hear(self, message: Msg) -> None:
        place, number = map(int, message.subject.rsplit(".", 2)[1:])
        camera = self.cameras[place]
        if (message.headers or {}).get("Status") == "503":
            camera.outcomes["deserted"] += 1
            self._deserted.put_nowait((place, number))
            return
        ack = decode(frame_pb2.FrameAck, message.data)
        camera.outcomes[frame_pb2.FrameOutcome.Name(ack.outcome).removeprefix("FRAME_OUTCOME_").lower()] += 1
        camera.pose_epoch = max(camera.pose_epoch, ack.pose_epoch)

    async def _invite(self, group: asyncio.TaskGroup) -> None:
        while True:
            place, number = await self._deserted.get()
            camera = self.cameras[place]
            group.create_task(self._offer_again(place, number))
            if camera.pose_epoch and self._inviting:
                invitation = control_pb2.Invitation(session=camera.session, pose_epoch=camera.pose_epoch)
                with suppress(UnavailableError):  # the frame is offered again, and so is this
                    await self._bus.publish(topics.invitations(camera.session), invitation)

    async def _offer_again(self, place: int, number: int) -> None:
        await asyncio.sleep(AGAIN_S)
        if number == self.cameras[place].sent - 1:
            await self._offer(place)


def ready_made() -> list[Picture]:
    """Small pictures, each below 2 KB, that an engine which looks at none may be given."""
    grey = np.linspace(0, 255, READY_MADE_PX * READY_MADE_PX, dtype=np.uint8).reshape(READY_MADE_PX, READY_MADE_PX, 1)
    shades = [np.ascontiguousarray(np.broadcast_to(grey // part, (READY_MADE_PX, READY_MADE_PX, 3))) for part in (1, 2)]
    jpegs = [simplejpeg.encode_jpeg(shade, quality=60) for shade in shades]
    return [Picture(0.0, READY_MADE_PX, READY_MADE_PX, jpeg, 0) for jpeg in jpegs]


async def decoded(clip: Path) -> list[Picture]:
    """The pictures of a clip, as ingest makes them."""
    settings = IngestSettings(roots=(clip.parent,), max_duration_s=LONGEST_CLIP_S)
    steps = FileSource(clip.resolve().as_uri(), settings, Sampling(settings.max_fps)).steps()
    return [step async for step in steps if isinstance(step, Picture)]


async def play(arguments: argparse.Namespace) -> dict[str, dict[str, int]]:
    """Play until standard input ends; returns the answers by session."""
    pictures = await decoded(arguments.clip) if arguments.clip else ready_made()
    bus = await Bus.connect(BusSettings(url=arguments.nats), "ingest")
    cameras = Cameras(bus, arguments.sessions, pictures, arguments.fps, inviting=not arguments.no_invitations)
    playing = asyncio.create_task(cameras.run())
    ending = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait({playing, ending}, return_when=asyncio.FIRST_COMPLETED)
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    await bus.close()
    return {camera.session: {"sent": camera.sent, **camera.outcomes} for camera in cameras.cameras}


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
