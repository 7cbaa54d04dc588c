"""`motus-pose-record`: keeps what pose said of a session in a file that the `replay` engine plays."""

import argparse
import asyncio
import sys
from pathlib import Path

import numpy as np

from motus.bus.v1 import landmarks_pb2
from motus_pose.convert import points_of
from motus_pose.engines.recording import Recording
from motus_runtime import topics
from motus_runtime.bus import Bus, BusSettings, decode
from motus_runtime.errors import MotusError, NotFoundError
from motus_runtime.follow import follow
from motus_runtime.settings import SettingsError, load


async def recorded(bus: Bus, session: str) -> Recording:
    """What the stream of landmarks has of a session, up to its end, which is waited for.

    Raises:
        NotFoundError: the stream has nothing of it, or too little.
    """
    subject = topics.landmarks(session)
    if await bus.last(topics.LANDMARKS_STREAM, subject) is None:
        raise NotFoundError(f"the bus has no landmarks of session {session}; they are kept for half an hour")
    times, points, smoothed = list[float](), list[tuple[np.ndarray, np.ndarray]](), True
    async for stored in follow(bus, topics.LANDMARKS_STREAM, subject):
        message = decode(landmarks_pb2.Landmarks, stored.body)
        if message.HasField("end"):
            break
        # What a replaced owner says again of the same time, and what goes back in time, is left out.
        if not times or message.ref.t_s > times[-1]:
            times.append(message.ref.t_s)
            points.append(points_of(message))
            smoothed = message.engine.smoothing == landmarks_pb2.SMOOTHING_ENGINE
    if len(times) < 2:
        raise NotFoundError(f"session {session} has no two frames with landmarks")
    image, world = (np.stack(arrays) for arrays in zip(*points, strict=True))
    return Recording(np.array(times), image, world, smoothed)


async def _record(session: str, path: Path) -> int:
    bus = await Bus.connect(load(BusSettings, "MOTUS_NATS"), "pose-record")
    try:
        recording = await recorded(bus, session)
    finally:
        await bus.close()
    recording.save(path)
    print(f"{path}: {len(recording.t_s)} frames, {recording.t_s[-1] - recording.t_s[0]:.1f} s")
    return 0


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="motus-pose-record", description=__doc__)
    parser.add_argument("session", help="bare id of a session that plays or has just ended")
    parser.add_argument("path", type=Path, help="file to write, as squat.npz")
    arguments = parser.parse_args()
    if not topics.SESSION_ID.fullmatch(arguments.session):
        parser.error(f"{arguments.session!r} is no session id")
    try:
        return asyncio.run(_record(arguments.session, arguments.path))
    except (MotusError, SettingsError, OSError) as error:
        print(f"motus-pose-record: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
