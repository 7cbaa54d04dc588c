"""The whole stack as a user runs it: the `motus` command in a process of its own, in a data folder of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from motus.v1.session_service_pb2 import PACING_FAST, Session, Source
from motus_client.client import Client
from motus_client.stack.layout import Layout
from motus_client.stack.presence import StackLock
from motus_client.stack.supervisor import Supervisor

CLIPS = Path(__file__).resolve().parents[2] / "samples/clips"
MOTUS = str(Path(sys.executable).parent / "motus")


@dataclass(frozen=True)
class Run:
    """A finished command: exit code, the one object on its standard output, what it said beside."""

    code: int
    answer: dict[str, Any]
    said: str


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for the run's stacks."""
    return tmp_path_factory.mktemp("motus-home")


@pytest.fixture(scope="session")
def environment(home: Path) -> dict[str, str]:
    """The user's environment with that folder, and no model to coach."""
    kept = {key: value for key, value in os.environ.items() if key not in ("OPENAI_API_KEY", "MOTUS_COACH_BASE_URL")}
    return kept | {"MOTUS_DATA_DIR": str(home), "MOTUS_INGEST_HOSTS": "127.0.0.0/8"}


@pytest.fixture(scope="session")
def motus(environment: dict[str, str]) -> Callable[..., Run]:
    """Runs `motus … --json` and reads its answer."""

    def run(*arguments: str) -> Run:
        done = subprocess.run(
            [MOTUS, *arguments, "--json"], env=environment, capture_output=True, text=True, timeout=300
        )
        return Run(done.returncode, json.loads(done.stdout), done.stderr)

    return run


@pytest.fixture(scope="session")
def squat(motus: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The sample squat, analysed as fast as the pipeline takes it."""
    out = tmp_path_factory.mktemp("squat")
    return motus("analyze", str(CLIPS / "squat.mp4"), "--exercise", "squat", "--fast", "--out", str(out))


@pytest.fixture
def stack(environment: dict[str, str], home: Path, squat: Run) -> Iterator[dict[str, Any]]:
    """A stack that `motus up` keeps, on the data that the analysis left; yields its stack.json."""
    process = subprocess.Popen(
        [MOTUS, "up", "--root", str(CLIPS)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if _address(home):
                break
            print(line, end="")
        yield json.loads((home / "stack.json").read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert not (home / "stack.json").exists()


@contextmanager
def running_stack(home: Path, *roots: Path, http_port: int = 0) -> Iterator[Supervisor]:
    """A whole stack in this process's hands, on a data folder of its own."""
    layout = Layout(home)
    lock = StackLock(layout)
    assert lock.acquire()
    stack = Supervisor(layout, roots, http_port=http_port, own_store=True)
    stack.start()
    try:
        yield stack
    finally:
        stack.stop()
        lock.release()


def play(client: Client, video: Path, exercise: str) -> Session:
    """Play a video as fast as the pipeline takes it; returns the session once it is over."""
    source = Source(uri=video.as_uri(), pacing=PACING_FAST)
    session = client.create_session(Session(source=source, exercise=exercise)).name
    for _ in client.watch_session(session):
        pass
    return client.get_session(session)


def _address(home: Path) -> str:
    info = home / "stack.json"
    return str(json.loads(info.read_text())["address"]) if info.exists() else ""


def truth(clip: str) -> dict[str, Any]:
    """The exact truth of a sample clip."""
    data: dict[str, Any] = json.loads((CLIPS / f"{clip}.json").read_text())
    return data
