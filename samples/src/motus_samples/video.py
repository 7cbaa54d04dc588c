"""Encoding of frames into a small H.264 file."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

QUALITY = "27"
"""Constant rate factor of x264: a clip of ten seconds stays below 300 KB."""


def encode(frames: Iterable[NDArray[np.uint8]], path: Path, *, fps: int, width: int, height: int) -> None:
    """Write frames (height, width, 3; RGB) as H.264 in MP4, 4:2:0, to `path`; a frame of another size is scaled."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": QUALITY, "preset": "veryfast", "movflags": "+faststart"}
        for image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame = frame.reformat(width=width, height=height, format="yuv420p", interpolation="AREA")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
