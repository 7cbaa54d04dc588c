"""Videos made on the spot, and the other side of the contract: who receives frames and answers them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from nats.aio.msg import Msg

from motus.bus.v1 import control_pb2, frame_pb2
from motus.v1 import session_service_pb2
from motus_ingest.regions import Regions
from motus_ingest.sampling import Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.file_source import FileSource
from motus_runtime import topics
from motus_runtime.bus import Bus, decode

_numbers = itertools.count(1)
_PIXELS = {"png": "rgb24", "mjpeg": "yuvj420p"}


def picture(width: int, height: int, number: int) -> np.ndarray:
    """Grey that changes from frame to frame, with a red top left corner."""
    pixels = np.full((height, width, 3), 60 + number * 5 % 120, np.uint8)
    pixels[: height // 4, : width // 4] = (255, 0, 0)
    return pixels


class VideoMaker:
    """Encodes small videos into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self,
        name: str = "video.mp4",
        *,
        frames: int = 30,
        size: tuple[int, int] = (64, 48),
        rate: int = 30,
        codec: str = "libx264",
        stamps_ms: Sequence[int] | None = None,
        rotation: int = 0,
        pixel_aspect: Fraction | None = None,
        options: dict[str, str] | None = None,
    ) -> Path:
        """Write a video; `stamps_ms` gives each frame its own time."""
        path = self.folder / name
        with av.open(str(path), "w", options=options or {}) as container:
            stream: Any = container.add_stream(codec, rate=rate)
            stream.width, stream.height, stream.pix_fmt = *size, _PIXELS.get(codec, "yuv420p")
            if size[0] % 2 or size[1] % 2:
                stream.pix_fmt = "yuv444p"
            stream.codec_context.gop_size = 10
            if pixel_aspect is not None:
                stream.codec_context.sample_aspect_ratio = pixel_aspect
            if rotation:
                stream.set_display_rotation(rotation)
            if stamps_ms is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
            for number in range(frames):
                frame = av.VideoFrame.from_ndarray(picture(*size, number), format="rgb24")
                if stamps_ms is not None:
                    frame.pts, frame.time_base = stamps_ms[number], Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    def audio(self, name: str = "song.mp4") -> Path:
        """Write a file that holds sound alone."""
        path = self.folder / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=44100)
            for _ in range(20):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                frame.sample_rate = 44100
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path


@pytest.fixture
def make_video(tmp_path: Path) -> VideoMaker:
    """Makes videos below the test's own folder."""
    return VideoMaker(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    """Settings that allow the test's own folder; nobody says where people are, so nothing waits for that."""
    return IngestSettings(roots=(tmp_path,), patch_px=0)


@pytest.fixture
def open_source(settings: IngestSettings) -> Callable[..., FileSource]:
    """Opens a file as a source, from the beginning or behind a position."""

    def open_file(path: Path, after_s: float = -float("inf")) -> FileSource:
        return FileSource(path.as_uri(), settings, Sampling(settings.max_fps, after_s), Regions())

    return open_file


@pytest.fixture
def session() -> str:
    """A session id that no other test has."""
    return f"ingest-test-{next(_numbers)}"


Answer = Callable[[frame_pb2.Frame, int], "frame_pb2.FrameOutcome.ValueType | None"]


class Receiver:
    """Receives a session's frames and answers each as `answer(frame, times it came)` says; None is no answer.

    Attributes:
        frames: what came, in order, repeats included.
        headers: of each.
        ended: set when the end came.
    """

    def __init__(self, bus: Bus, session: str, answer: Answer) -> None:
        self._bus, self._session, self._answer = bus, session, answer
        self.frames: list[frame_pb2.Frame] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.replies: list[str] = []
        self.ended = asyncio.Event()
        self.came = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen from now on."""
        self._stop = await self._bus.listen(topics.frames(self._session), self._receive)

    async def stop(self) -> None:
        """Listen no more."""
        await self._stop()

    async def has(self, count: int) -> None:
        """Wait until so many messages came."""
        while len(self.frames) < count:
            self.came.clear()
            await self.came.wait()

    async def answer(self, index: int, outcome: "frame_pb2.FrameOutcome.ValueType", pose_epoch: int = 1) -> None:
        """Answer a message that came."""
        ack = frame_pb2.FrameAck(ref=self.frames[index].ref, outcome=outcome, pose_epoch=pose_epoch)
        await self._bus.publish(self.replies[index], ack)

    def seqs(self) -> list[int]:
        """Numbers of the frames that came, in order, without the end."""
        return [frame.ref.frame_seq for frame in self.frames if not frame.HasField("end")]

    def _receive(self, message: Msg) -> None:
        frame = decode(frame_pb2.Frame, message.data)
        times = sum(body == message.data for body in self.bodies) + 1
        self.frames.append(frame)
        self.bodies.append(message.data)
        self.headers.append(dict(message.headers or {}))
        self.replies.append(message.reply)
        self.came.set()
        outcome = self._answer(frame, times)
        if outcome is not None:
            task = asyncio.create_task(self.answer(len(self.frames) - 1, outcome))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if frame.HasField("end"):
            self.ended.set()


def always_done(frame: frame_pb2.Frame, times: int) -> "frame_pb2.FrameOutcome.ValueType":
    """The answer of a receiver for which all goes well."""
    return frame_pb2.FRAME_OUTCOME_DONE


@pytest.fixture
async def receivers(bus: Bus) -> AsyncIterator[Callable[..., Receiver]]:
    """Makes receivers; those that listen are stopped after the test."""
    made: list[Receiver] = []

    def make(session: str, answer: Answer = always_done) -> Receiver:
        made.append(Receiver(bus, session, answer))
        return made[-1]

    yield make
    for receiver in made:
        if hasattr(receiver, "_stop"):
            await receiver.stop()


@pytest.fixture
def make_spec(session: str) -> Callable[..., control_pb2.SessionSpec]:
    """Makes the spec of the test's session for a file, played fast."""

    def make(path: Path, pacing: str = "PACING_FAST", session: str = session) -> control_pb2.SessionSpec:
        spec = control_pb2.SessionSpec(session=session, create_time_ns=1_700_000_000_000_000_000, revision=1)
        spec.source.uri = path.as_uri()
        spec.source.pacing = session_service_pb2.Pacing.Value(pacing)
        spec.participants.add(id="p1")
        return spec

    return make


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Path]:
    """A named pipe, which would block whoever opens it."""
    import os

    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    yield path
    path.unlink()
