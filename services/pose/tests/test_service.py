"""The service as a process: killed it comes back and resumes, and what it lacks it says instead of crashing."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus_pose.engines.watched import MOST_FAILURES
from motus_runtime import topics
from motus_runtime.bus import Bus, decode

# What runs the service, and the same with an engine that fails whatever it looks at.
_WHOLE = ("-m", "motus_pose")
_BROKEN_ENGINE = """
import sys
import motus_pose.app
from conftest import ObedientEngine
from motus_pose.__main__ import main
engine = ObedientEngine()
engine.broken = True
motus_pose.app.engine_factory = lambda settings: engine.make
sys.exit(main())
"""
# The safe path: in the folder that it runs in there is another conftest.
_BROKEN = ("-P", "-c", _BROKEN_ENGINE)
_JPEG = simplejpeg.encode_jpeg(np.full((48, 64, 3), 128, np.uint8))


class _Service:
    """A pose process under test and its health port."""

    def __init__(self, process: asyncio.subprocess.Process, port_file: Path) -> None:
        self.process, self._port_file = process, port_file

    async def wait_for_line(self, text: str) -> str:
        """The first line of its log that holds `text`."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            if text in line.decode():
                return line.decode()
        raise AssertionError(f"it ended without saying {text!r}")

    def readiness(self) -> dict[str, str]:
        """Its readiness faults."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port_file.read_text()}/readyz") as answer:
                return dict(json.load(answer)["faults"])
        except urllib.error.HTTPError as error:
            return dict(json.load(error)["faults"])


@contextlib.asynccontextmanager
async def _running(
    nats_url: str, folder: Path, program: tuple[str, ...] = _WHOLE, **environ: str
) -> AsyncIterator[_Service]:
    port_file = folder / "port"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *program,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "MOTUS_NATS_URL": nats_url, "MOTUS_HEALTH_PORT_FILE": str(port_file), **environ},
    )
    try:
        yield _Service(process, port_file)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def _frame(session: str, seq: int) -> bytes:
    ref = frame_pb2.FrameRef(session=session, ingest_epoch=5, frame_seq=seq, t_s=seq / 30, ingest_time_ns=1)
    frame = frame_pb2.Frame(ref=ref, width=64, height=48, patches=[frame_pb2.Patch(jpeg=_JPEG)])
    frame.delivery = frame_pb2.DELIVERY_EVERY
    return frame.SerializeToString()


async def _send(bus: Bus, session: str, seq: int) -> frame_pb2.FrameAck:
    answer = await bus.client.request(topics.frames(session), _frame(session, seq), timeout=30)
    return decode(frame_pb2.FrameAck, answer.data)


async def test_killed_service_comes_back_and_resumes(bus: Bus, nats_url: str, model: Path, tmp_path: Path) -> None:
    """After kill -9 a new process takes the session over by itself, under a higher epoch, behind the last frame."""
    session = f"pose-{secrets.token_hex(6)}"
    reports: asyncio.Queue[samples_pb2.Live] = asyncio.Queue()
    await bus.listen(topics.live(session), lambda message: reports.put_nowait(decode(samples_pb2.Live, message.data)))
    participants = [control_pb2.ParticipantSpec(id="p1")]
    await bus.store(topics.spec_key(session), control_pb2.SessionSpec(session=session, participants=participants))

    async with _running(nats_url, tmp_path) as service:
        before = (await reports.get()).epoch
        faults = service.readiness()
        first = [(await _send(bus, session, seq)).outcome for seq in range(2)]
        service.process.kill()
        await service.process.wait()
    async with _running(nats_url, tmp_path) as service:
        while (await reports.get()).epoch == before:
            pass
        behind = [await _send(bus, session, seq) for seq in (1, 2)]
        service.process.send_signal(signal.SIGTERM)
        code = await service.process.wait()

    last = await bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session))
    assert last is not None
    assert last.data is not None
    assert faults == {}
    assert first == [frame_pb2.FRAME_OUTCOME_DONE] * 2
    assert [ack.outcome for ack in behind] == [frame_pb2.FRAME_OUTCOME_DUPLICATE, frame_pb2.FRAME_OUTCOME_DONE]
    assert behind[1].pose_epoch > before
    assert decode(landmarks_pb2.Landmarks, last.data).ref.frame_seq == 2
    assert code == 0


@pytest.mark.usefixtures("bus")
async def test_without_a_model_it_says_so_and_stays_up(nats_url: str, tmp_path: Path) -> None:
    """A missing model is a readiness fault with its remedy, not a crash, and SIGTERM ends it cleanly."""
    async with _running(nats_url, tmp_path, MOTUS_POSE_MODEL=str(tmp_path / "none.task")) as service:
        await service.wait_for_line("not ready")
        faults = service.readiness()
        service.process.send_signal(signal.SIGTERM)
        code = await service.process.wait()

    assert "python -m motus_pose.bundle" in faults["engine"]
    assert code == 0


@pytest.mark.usefixtures("bus", "model")
async def test_without_the_gpu_that_was_asked_for_it_is_not_ready(nats_url: str, tmp_path: Path) -> None:
    """No GPU, or nothing that could use one: a readiness fault with its remedy, and no engine on the CPU instead."""
    async with _running(nats_url, tmp_path, MOTUS_POSE_DEVICE="cuda", CUDA_VISIBLE_DEVICES="") as service:
        await service.wait_for_line("not ready")
        faults = service.readiness()

    assert "MOTUS_POSE_DEVICE" in faults["engine"]


@pytest.mark.usefixtures("bus")
async def test_wrong_settings_are_named_in_one_line(nats_url: str, tmp_path: Path) -> None:
    """A setting that cannot be is named before anything starts."""
    async with _running(nats_url, tmp_path, MOTUS_POSE_CAPACITY="many") as service:
        await service.wait_for_line("MOTUS_POSE_CAPACITY")
        code = await service.process.wait()

    assert code == 1


async def test_a_process_whose_engine_is_broken_ends(bus: Bus, nats_url: str, tmp_path: Path) -> None:
    """It answers BAD for as long as that may be the frames' fault; then it says why in one line and exits with 1."""
    session = f"pose-{secrets.token_hex(6)}"
    await bus.store(topics.spec_key(session), control_pb2.SessionSpec(session=session))
    owned = await bus.client.subscribe(topics.live(session))
    path = os.pathsep.join((str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")))

    async with _running(nats_url, tmp_path, _BROKEN, PYTHONPATH=path) as service:
        await owned.next_msg(30)
        outcomes = [(await _send(bus, session, seq)).outcome for seq in range(MOST_FAILURES - 1)]
        await bus.client.publish(topics.frames(session), _frame(session, MOST_FAILURES - 1))
        line = await service.wait_for_line("motus-pose: ")
        code = await service.process.wait()

    assert set(outcomes) == {frame_pb2.FRAME_OUTCOME_BAD}
    assert "told to fail" in line
    assert code == 1
