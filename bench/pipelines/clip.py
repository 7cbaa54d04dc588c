"""The clip that live cameras show, as a camera of 720 lines gives it."""

import subprocess
import sys
import time
from pathlib import Path

import av

LONG_SIDE = 1280


def enlarged(clip: Path, folder: Path) -> Path:
    """The clip with a long side of 1,280 pixels, coded again without loss that matters, in a folder."""
    path = folder / "camera.mp4"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        scale = LONG_SIDE / max(stream.width, stream.height)
        out = target.add_stream("libx264", rate=stream.average_rate or 30, options={"crf": "12", "preset": "ultrafast"})
        out.width, out.height = (2 * round(side * scale / 2) for side in (stream.width, stream.height))
        out.pix_fmt = "yuv420p"
        for frame in source.decode(stream):
            target.mux(out.encode(frame.reformat(out.width, out.height, "yuv420p", interpolation="BICUBIC")))
        target.mux(out.encode())
    return path


def decoding_ms(clip: Path) -> float:
    """Processor time for decoding a frame of it, milliseconds: what both designs spare since they hold it decoded."""
    began, frames = time.process_time(), 0
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_count = 1
        for _ in container.decode(video=0):
            frames += 1
    return 1000.0 * (time.process_time() - began) / max(frames, 1)


def camera(module: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process of cameras; it plays until its standard input is closed."""
    command = [sys.executable, "-m", module, *arguments]
    folder = Path(__file__).parents[1]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
