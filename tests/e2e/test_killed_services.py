"""kill -9 of any one service in the middle of a session: it comes back, the session goes on, nothing is lost."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from motus.v1 import event_pb2, session_service_pb2
from motus_client.client import Client
from motus_client.stack.supervisor import Supervisor
from tests.e2e.conftest import CLIPS, running_stack, truth

pytestmark = pytest.mark.e2e
EXERCISES = ("squat", "pushup", "lunge")


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """A stack whose processes the test knows."""
    with running_stack(tmp_path_factory.mktemp("killed"), CLIPS) as stack:
        yield stack


def _play(client: Client, clip: str, exercise: str = "squat") -> str:
    source = session_service_pb2.Source(uri=(CLIPS / clip).as_uri(), pacing=session_service_pb2.PACING_FAST)
    return client.create_session(session_service_pb2.Session(source=source, exercise=exercise)).name


@pytest.mark.parametrize("service", ["ingest", "pose", "kinematics", "coach", "sessions"])
@pytest.mark.timeout(240)
def test_a_killed_service_comes_back_and_the_session_resumes(supervisor: Supervisor, service: str) -> None:
    """After the first repetition a service is killed; every frame and every repetition counts once."""
    before = supervisor.pids
    names: list[str] = []
    with Client(supervisor.address, supervisor.access, timeout_s=60) as client:
        session = _play(client, "squat.mp4")
        killed = False
        for response in client.watch_session(session, patience_s=60):
            if response.WhichOneof("item") == "event":
                names.append(f"{response.event.name}@{response.event.revision}")
            if not killed and response.event.WhichOneof("detail") == "rep":
                os.kill(before[service], signal.SIGKILL)
                killed = True
        ended = client.get_session(session)
        reps = list(client.list_reps(session))
        times = [frame.t_s for frame in client.get_skeleton(session)]
        cues = [(cue.name, cue.cue_code) for cue in client.list_cues(session)]

    after = supervisor.pids
    assert ended.state == event_pb2.SESSION_STATE_ENDED, ended.reason
    assert [rep.ordinal for rep in reps] == list(range(1, len(truth("squat")["reps"]) + 1))
    assert times == sorted(set(times))
    assert len(times) == truth("squat")["frames"]
    assert len(names) == len(set(names))
    assert len(cues) == len(set(cues))
    assert {name for name in before if before[name] != after[name]} == {service}


@pytest.mark.timeout(300)
def test_sessions_is_killed_under_three_sessions_and_every_watcher_goes_on(supervisor: Supervisor) -> None:
    """Whoever watches gets every event once, and every session ends with the repetitions that it truly has."""
    began = threading.Barrier(len(EXERCISES), action=lambda: os.kill(supervisor.pids["sessions"], signal.SIGKILL))

    def watched(clip: str) -> tuple[list[str], list[int]]:
        names: list[str] = []
        with Client(supervisor.address, supervisor.access, timeout_s=60) as client:
            session = _play(client, f"{clip}.mp4", clip)
            for response in client.watch_session(session, patience_s=120):
                if response.WhichOneof("item") == "event":
                    names.append(f"{response.event.name}@{response.event.revision}")
                    if len(names) == 1:
                        began.wait(timeout=60)
            assert client.get_session(session).state == event_pb2.SESSION_STATE_ENDED
            return names, [rep.ordinal for rep in client.list_reps(session)]

    with ThreadPoolExecutor(len(EXERCISES)) as pool:
        seen = dict(zip(EXERCISES, pool.map(watched, EXERCISES), strict=True))

    for clip, (names, ordinals) in seen.items():
        assert len(names) == len(set(names)), clip
        assert ordinals == list(range(1, len(truth(clip)["reps"]) + 1)), clip


def test_no_service_said_its_woe_in_tracebacks(supervisor: Supervisor) -> None:
    """What the killed ones left behind was met with single lines, not with storms of tracebacks."""
    logs = {
        log.name: log.read_text(errors="replace").count("Traceback") for log in Path(supervisor.logs).rglob("*.log")
    }

    assert {name: count for name, count in logs.items() if count} == {}
