"""The other end of live sources: publishes pictures that tell their number, over any protocol FFmpeg writes."""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.error
import numpy as np

FPS = 30


def numbered(number: int, size: tuple[int, int]) -> np.ndarray:
    """A picture whose upper rows hold its number: eight grey squares, a bit each, so that it survives the codec."""
    width, height = size
    pixels = np.full((height, width, 3), 90, np.uint8)
    pixels[height // 2 :, : (number * 7) % width + 1] = (200, 80, 40)
    for bit in range(8):
        left = bit * width // 8
        pixels[: height // 4, left : left + width // 8] = 235 if number >> bit & 1 else 20
    return pixels


def number_in(pixels: np.ndarray) -> int:
    """The number that a picture holds, modulo 256."""
    height, width = pixels.shape[:2]
    row = pixels[height // 8].mean(axis=1)
    return sum((row[bit * width // 8 + width // 16] > 128) << bit for bit in range(8))


class Publisher:
    """Publishes 30 pictures a second from a thread until its block ends.

    Args:
        url: where to.
        format: FFmpeg's name of the container.
        size: width and height of the pictures.
        options: FFmpeg's options.

    Attributes:
        number: of the next picture; it is shown so many thirtieths of a second after the first.
        begun: when that one was, Unix seconds.
    """

    def __init__(
        self, url: str, format: str, *, size: tuple[int, int] = (320, 180), options: dict[str, str] | None = None
    ) -> None:
        self._url, self._format, self._size, self._options = url, format, size, options or {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._publish, daemon=True)
        self.number = 0
        self.begun: Future[float] = Future()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(5)

    def _publish(self) -> None:
        # Whoever reads may go first.
        with (
            suppress(av.error.FFmpegError, OSError),
            av.open(self._url, "w", format=self._format, options=self._options) as container,
        ):
            stream: Any = container.add_stream("libx264", rate=FPS)
            stream.width, stream.height = self._size
            stream.pix_fmt, stream.codec_context.gop_size = "yuv420p", 10
            stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
            self._feed(container, stream)

    def _picture(self) -> np.ndarray:
        return numbered(self.number, self._size)

    def _feed(self, container: Any, stream: Any) -> None:
        start = time.monotonic()
        self.begun.set_result(time.time())
        while not self._stopped.wait(max(0.0, start + self.number / FPS - time.monotonic())):
            frame = av.VideoFrame.from_ndarray(self._picture(), format="rgb24")
            frame.pts, frame.time_base = self.number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
            self.number += 1


class Clip:
    """A clip's pictures, the next one each time once `rolling` is set; before and behind it the picture stands still.

    Args:
        path: of the video.

    Attributes:
        size: width and height.
        rolling: set it to begin.
    """

    def __init__(self, path: Path) -> None:
        self._pictures = self._decoded(path)
        self._shown = next(self._pictures)
        self.size = (self._shown.shape[1], self._shown.shape[0])
        self.rolling = threading.Event()

    def __iter__(self) -> Iterator[np.ndarray]:
        while True:
            if self.rolling.is_set():
                self._shown = next(self._pictures, self._shown)
            yield self._shown

    @staticmethod
    def _decoded(path: Path) -> Iterator[np.ndarray]:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")


class ClipPublisher(Publisher):
    """Publishes a clip of 30 pictures a second.

    Args:
        clip: the clip.
        url: where to.
    """

    def __init__(self, clip: Clip, url: str) -> None:
        super().__init__(url, "rtsp", size=clip.size, options={"rtsp_transport": "tcp"})
        self._pictures = iter(clip)

    def _picture(self) -> np.ndarray:
        return next(self._pictures)


def main() -> None:
    """Publish until standard input ends: URL, width, height. Prints when picture 0 was shown, Unix seconds."""
    url, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Publisher(url, "rtsp", size=(width, height), options={"rtsp_transport": "tcp"}) as publisher:
        print(publisher.begun.result(), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
