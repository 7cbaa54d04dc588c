"""The whole stack against a bare MediaPipe loop, in one run: frame rate, frames dropped, latency.

Each round measures the bare loop (frames held decoded, nothing else) and then the stack on the same clip; ratios of
neighbours are what counts on a noisy machine. The yardstick is MediaPipe with the stock bundle, as anyone would use it.
The stack runs the pruned bundle, so the loop is measured with that one too. Figures: `fast_ratio` (stack's frame rate
over the bare stock loop's, median of the rounds), `fast_pruned_ratio` (over the bare pruned loop's), `realtime_p95_ms`
(ingest time to sample, real-time pacing), `realtime_dropped`, and of the fast rounds `cpu_ms_<part>`: processor time of
each process for a frame, which says where time goes also on a busy machine.
"""

import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from motus.v1 import session_service_pb2
from motus_client.client import Client
from motus_client.outcome import outcome_json, read_outcome
from motus_client.stack.layout import Layout
from motus_client.stack.supervisor import Supervisor
from motus_pose.bundle import PRUNED, STOCK, Bundle, default_bundle_path

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT / "samples/clips/squat.mp4"
LONG_SIDE = 640


def decoded(clip: Path) -> tuple[list[NDArray[np.uint8]], float]:
    """All frames as contiguous RGB at sending size, and the frame rate."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        scale = min(1.0, LONG_SIDE / max(stream.width, stream.height))
        size = (round(stream.width * scale), round(stream.height * scale))
        pictures = (frame.reformat(*size, format="rgb24").to_ndarray() for frame in container.decode(stream))
        frames = [np.ascontiguousarray(picture).astype(np.uint8, copy=False) for picture in pictures]
        return frames, float(stream.average_rate or 30)


def bare_rate(frames: list[NDArray[np.uint8]], fps: float, bundle: Bundle) -> float:
    """Frames per second of MediaPipe alone in a process of its own thread, VIDEO mode, model already loaded."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(default_bundle_path(bundle))),
        running_mode=vision.RunningMode.VIDEO,
    )
    with vision.PoseLandmarker.create_from_options(options) as landmarker:
        started = time.perf_counter()
        for number, frame in enumerate(frames):
            landmarker.detect_for_video(mp.Image(mp.ImageFormat.SRGB, frame), round(number * 1000 / fps))
        return len(frames) / (time.perf_counter() - started)


@contextmanager
def stack() -> Iterator[tuple[Client, dict[str, int]]]:
    """A whole stack in a temporary folder: a client of it, and its process ids by part."""
    with tempfile.TemporaryDirectory() as folder:
        supervisor = Supervisor(Layout(Path(folder)), [CLIP.parent], own_store=True)
        supervisor.start()
        try:
            with Client(supervisor.address, supervisor.access, timeout_s=60) as client:
                yield client, supervisor.pids
        finally:
            supervisor.stop()


def processor_ms(pid: int) -> int:
    """Processor time that a process has used; see proc(5), fields utime and stime of `stat`."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(after_name[11]) + int(after_name[12])) // os.sysconf("SC_CLK_TCK")


def play(client: Client, clip: Path, pacing: session_service_pb2.Pacing.ValueType) -> tuple[str, float]:
    """Play a clip; returns the session and the seconds of video measured per second, from first sample to last."""
    source = session_service_pb2.Source(uri=clip.resolve().as_uri(), pacing=pacing)
    session = client.create_session(session_service_pb2.Session(source=source, exercise="squat")).name
    seen = [
        (time.perf_counter(), response.sample.t_s)
        for response in client.watch_session(session, sample_rate_hz=10, channels=["trunk_lean_deg"])
        if response.WhichOneof("item") == "sample"
    ]
    return session, (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])


def measure(clip: Path, rounds: int) -> dict[str, float]:
    """All figures, measured side by side."""
    frames, fps = decoded(clip)
    stock, pruned, fast = [], [], []
    used = Counter[str]()
    with stack() as (client, pids):
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            stock.append(bare_rate(frames, fps, STOCK))
            pruned.append(bare_rate(frames, fps, PRUNED))
            used.subtract({part: processor_ms(pid) for part, pid in pids.items()})
            fast.append(fps * play(client, clip, session_service_pb2.PACING_FAST)[1])
            used.update({part: processor_ms(pid) for part, pid in pids.items()})
        live = read_outcome(client, play(client, clip, session_service_pb2.PACING_REALTIME)[0])
    return {
        "bare_fps": statistics.median(stock),
        "bare_pruned_fps": statistics.median(pruned),
        "fast_fps": statistics.median(fast),
        "fast_ratio": statistics.median(f / b for f, b in zip(fast, stock, strict=True)),
        "fast_pruned_ratio": statistics.median(f / b for f, b in zip(fast, pruned, strict=True)),
        **{f"cpu_ms_{part}": ms / (rounds * len(frames)) for part, ms in used.items()},
        **{f"realtime_{name}": value for name, value in realtime_figures(outcome_json(live, None)).items()},
    }


def realtime_figures(outcome: dict[str, Any]) -> dict[str, float]:
    """Latency of a sample and frames dropped."""
    latency = outcome["latency_ms"]["kinematics"]
    return {"p50_ms": latency["p50"], "p95_ms": latency["p95"], "dropped": outcome["frames"]["dropped"]}
