"""The yardstick: a plain design of the same pipeline, as a capable team would build it in a week.

Frames of 720 lines as JPEG by OpenCV in quality 90, one topic a session; workers run MediaPipe with the stock bundle in
VIDEO mode, one landmarker a session, newest frame first, in threads beside their loop; landmarks travel as nested
protobuf messages; a last process computes the same measures as Motus does, by the same core. No leases, no
acknowledgements, nothing stored, no metrics: it does less than Motus, and is no straw man.

Each role is a process: `python -m pipelines.plain source|worker|sink --nats URL … session…`.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import nats
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from nats.aio.client import Client
from nats.aio.msg import Msg

from motus_kinematics.core.body import Frame
from motus_kinematics.core.pipeline import Config, State, step
from motus_pose.bundle import STOCK, default_bundle_path
from motus_runtime.slots import NewestSlot
from servers.until import until_input_ends

QUALITY = 90
HELD_FRAMES = 300
_KIND = descriptor_pb2.FieldDescriptorProto
_FIELDS: dict[str, dict[str, Any]] = {
    "Picture": {"session": _KIND.TYPE_STRING, "ingest_ns": _KIND.TYPE_INT64, "t_s": _KIND.TYPE_DOUBLE,
                "jpeg": _KIND.TYPE_BYTES},
    "Point": dict.fromkeys(("x", "y", "z", "visibility", "presence"), _KIND.TYPE_FLOAT),
    "Landmarks": {"session": _KIND.TYPE_STRING, "ingest_ns": _KIND.TYPE_INT64, "t_s": _KIND.TYPE_DOUBLE,
                  "width": _KIND.TYPE_UINT32, "height": _KIND.TYPE_UINT32, "image": "Point", "world": "Point"},
    "Measures": {"session": _KIND.TYPE_STRING, "ingest_ns": _KIND.TYPE_INT64, "values": _KIND.TYPE_BYTES},
}  # fmt: skip


@cache
def messages() -> dict[str, Any]:
    """The classes of the nested messages by their names."""
    file = descriptor_pb2.FileDescriptorProto(name="plain.proto", package="plain", syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), start=1):
            nested = isinstance(kind, str)
            label = _KIND.LABEL_REPEATED if nested else _KIND.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            added.type = _KIND.TYPE_MESSAGE if nested else kind
            if nested:
                added.type_name = f".plain.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"plain.{name}")) for name in _FIELDS}


async def source(bus: Client, sessions: Sequence[str], clip: Path, fps: float) -> None:
    """Cameras of all sessions: held decoded, encoded as they are sent, at their pace."""
    with av.open(str(clip)) as container:
        shown = [frame.to_ndarray(format="bgr24") for frame in islice(container.decode(video=0), HELD_FRAMES)]
    began, count = time.monotonic(), len(sessions)
    for turn in range(sys.maxsize):
        due_s = began + turn / (fps * count)
        if (early_s := due_s - time.monotonic()) > 0.001:
            await asyncio.sleep(early_s)
        number, session, now_ns = turn // count, sessions[turn % count], time.time_ns()
        _, jpeg = cv2.imencode(".jpg", shown[number % len(shown)], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        picture = messages()["Picture"](session=session, ingest_ns=now_ns, t_s=number / fps, jpeg=jpeg.tobytes())
        await bus.publish(f"plain.pictures.{session}", picture.SerializeToString())


class Worker:
    """One session's landmarker and the newest of its pictures."""

    def __init__(self, bus: Client) -> None:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._bus, self._mediapipe = bus, mediapipe
        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(default_bundle_path(STOCK))),
            running_mode=vision.RunningMode.VIDEO,
        )
        self._landmarker = vision.PoseLandmarker.create_from_options(options)
        self._slot: NewestSlot[bytes] = NewestSlot()

    async def receive(self, message: Msg) -> None:
        """Keep the newest picture."""
        self._slot.put(message.data)

    async def run(self) -> None:
        """Look at one picture after the other."""
        while True:
            found = await asyncio.to_thread(self._look, await self._slot.take())
            await self._bus.publish(f"plain.landmarks.{found.session}", found.SerializeToString())

    def _look(self, body: bytes) -> Any:
        picture = messages()["Picture"].FromString(body)
        bgr: Any = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        image = self._mediapipe.Image(self._mediapipe.ImageFormat.SRGB, rgb)
        result = self._landmarker.detect_for_video(image, round(picture.t_s * 1000))
        landmarks = messages()["Landmarks"](session=picture.session, ingest_ns=picture.ingest_ns, t_s=picture.t_s)
        landmarks.height, landmarks.width = rgb.shape[:2]
        for field, people in ((landmarks.image, result.pose_landmarks), (landmarks.world, result.pose_world_landmarks)):
            for point in people[0] if people else ():
                field.add(x=point.x, y=point.y, z=point.z, visibility=point.visibility, presence=point.presence)
        return landmarks


async def work(bus: Client, sessions: Sequence[str]) -> None:
    """Look at the pictures of some sessions."""
    async with asyncio.TaskGroup() as group:
        for session in sessions:
            worker = Worker(bus)
            await bus.subscribe(f"plain.pictures.{session}", cb=worker.receive)
            group.create_task(worker.run())


async def sink(bus: Client, sessions: Sequence[str]) -> None:
    """Measure what the landmarks of all sessions say."""
    states = dict.fromkeys(sessions, State())

    async def receive(message: Msg) -> None:
        landmarks = messages()["Landmarks"].FromString(message.data)
        if not landmarks.image:
            return
        state, outputs = step(states[landmarks.session], _frame(landmarks), Config("squat"))
        states[landmarks.session] = state
        measures = messages()["Measures"](session=landmarks.session, ingest_ns=landmarks.ingest_ns)
        measures.values = b"" if outputs.now is None else outputs.now.values.astype(np.float32).tobytes()
        await bus.publish(f"plain.measures.{landmarks.session}", measures.SerializeToString())

    await bus.subscribe("plain.landmarks.*", cb=receive)
    await asyncio.Event().wait()


def _frame(landmarks: Any) -> Frame:
    image = np.array([(p.x, p.y, p.z, p.visibility) for p in landmarks.image])
    world = np.array([(p.x, p.y, p.z) for p in landmarks.world])
    present = np.ones(len(image), dtype=bool)
    size = landmarks.width, landmarks.height
    return Frame(landmarks.t_s, *size, image[:, :3], world, image[:, 3], present, smoothed=True)


async def play(arguments: argparse.Namespace) -> None:
    """One role, until standard input ends."""
    bus = await nats.connect(arguments.nats)
    roles: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "source": lambda: source(bus, arguments.sessions, arguments.clip, arguments.fps),
        "worker": lambda: work(bus, arguments.sessions),
        "sink": lambda: sink(bus, arguments.sessions),
    }
    await until_input_ends(roles[arguments.role]())
    await bus.close()


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", choices=("source", "worker", "sink"))
    parser.add_argument("--nats", required=True, help="URL of the server")
    parser.add_argument("--clip", type=Path, help="what the cameras show")
    parser.add_argument("--fps", type=float, default=30.0, help="frames per second of each session")
    parser.add_argument("sessions", nargs="+", help="names")
    asyncio.run(play(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
