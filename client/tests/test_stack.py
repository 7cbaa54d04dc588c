"""The command with the whole stack behind it: real processes, a real clip."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from motus_client import Access, ApiError, Client
from motus_client.stack.readiness import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CLIP = Path(__file__).parents[2] / "samples" / "clips" / "squat.mp4"
TRUTH = json.loads(CLIP.with_suffix(".json").read_text())
MOTUS = [sys.executable, "-m", "motus_client.cli"]


def environ_for(data: Path, **more: str) -> dict[str, str]:
    """An environment with a data folder of its own."""
    kept = {name: value for name, value in os.environ.items() if name not in ("MOTUS_SERVER", "MOTUS_STORE_URL")}
    return {**kept, "MOTUS_DATA_DIR": str(data), **more}


def processes_of(data: Path) -> list[int]:
    """Processes that run with a data folder in their environment: those of its stack."""
    mark, found = f"MOTUS_STORE_URL=sqlite+aiosqlite:///{data}/".encode(), []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return found


def all_end(pids: list[int], timeout_s: float = 20.0) -> bool:
    """Whether processes end in time."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([handle], [], [], timeout_s)[0]:
                return False
        finally:
            os.close(handle)
    return True


def motus(data: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run([*MOTUS, *words], env=environ_for(data, **more), capture_output=True, text=True, timeout=240)


def begin(data: Path, *words: str) -> "subprocess.Popen[str]":
    """Start a command."""
    return subprocess.Popen(
        [*MOTUS, *words], env=environ_for(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def read_until(stream: object, words: str) -> str:
    """Read lines until one holds the words."""
    seen = ""
    for line in stream:  # type: ignore[attr-defined]
        seen += line
        if words in line:
            return seen
    raise EOFError(seen)


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, subprocess.CompletedProcess[str]]":
    """A data folder, and what `motus analyze` said of the sample clip."""
    data = tmp_path_factory.mktemp("analysis")
    return data, motus(
        data, "analyze", str(CLIP), "--exercise", "squat", "--fast", "--json", "--out", str(data / "out")
    )


def test_a_clip_is_analyzed(analysis: "tuple[Path, subprocess.CompletedProcess[str]]") -> None:
    """Exit code 0, one object on stdout, as many reps as the truth has, no frame dropped, and a report."""
    _, done = analysis

    result = json.loads(done.stdout)
    assert (done.returncode, result["state"]) == (0, "ENDED"), done.stderr
    assert len(result["reps"]) == len(TRUTH["reps"])
    assert (result["frames"]["in"], result["frames"]["dropped"]) == (TRUTH["frames"], 0)
    assert {"pose", "kinematics"} <= result["latency_ms"].keys()
    assert Path(result["report"]).read_text().count("data:image/jpeg;base64,") == 9


def test_nothing_is_left_running_after_a_run(analysis: "tuple[Path, subprocess.CompletedProcess[str]]") -> None:
    """All processes of the private stack have ended."""
    data, _ = analysis

    assert processes_of(data) == []
    assert not (data / "stack.json").exists()


def test_what_is_no_video_fails_with_a_reason(tmp_path: Path) -> None:
    """The session FAILED and says why; the exit code is not 0, and stdout is still one object."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no video" * 64)

    done = motus(tmp_path / "data", "analyze", str(broken), "--json")

    result = json.loads(done.stdout)
    assert (done.returncode, result["state"]) == (1, "FAILED"), done.stderr
    assert result["reason"]


def test_a_part_that_cannot_start_is_named(tmp_path: Path) -> None:
    """The service, what it lacks and where its log lies; nothing is left running."""
    done = motus(tmp_path / "data", "analyze", str(CLIP), "--json", MOTUS_POSE_MODEL=str(tmp_path / "no.task"))

    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert error["message"].startswith("pose does not get ready")
    assert "no.task" in error["message"]
    assert str(tmp_path / "data" / "logs") in error["hint"]
    assert processes_of(tmp_path / "data") == []


def test_a_part_that_ends_at_once_is_named_with_its_last_words(tmp_path: Path) -> None:
    """A setting that a service refuses: its own line is shown."""
    done = motus(tmp_path, "analyze", str(CLIP), "--json", MOTUS_STORE_URL="nonsense://")

    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert error["message"].startswith("sessions does not start: it ended with exit code 1")
    assert "MOTUS_STORE_URL" in error["details"]


def test_ctrl_c_while_the_stack_starts(tmp_path: Path) -> None:
    """One line, exit code 130, nothing left."""
    running = begin(tmp_path, "analyze", str(CLIP))
    read_until(running.stderr, "starting the stack")

    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)

    assert (running.returncode, out) == (130, "")
    assert err.splitlines() == ["motus: interrupted; nothing that it started is left running"]
    assert processes_of(tmp_path) == []


def test_ctrl_c_during_a_session(tmp_path: Path) -> None:
    """It ends within seconds, and the session is not taken up again by the next stack."""
    running = begin(tmp_path, "analyze", str(CLIP), "--exercise", "squat")
    read_until(running.stdout, "rep")

    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "Traceback" not in err
    assert processes_of(tmp_path) == []


def test_a_killed_supervisor_leaves_nothing(tmp_path: Path) -> None:
    """All processes die with it, even by kill -9."""
    running = begin(tmp_path, "up", "--port", str(free_port()), "--json")
    read_until(running.stdout, "}")
    pids = [pid for pid in processes_of(tmp_path) if pid != running.pid]

    running.kill()
    running.communicate()

    assert len(pids) >= 6
    assert all_end(pids)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[tuple[Path, str]]":
    """A stack that is kept up: its data folder and address."""
    data = tmp_path_factory.mktemp("up")
    running = begin(data, "up", "--root", str(CLIP.parent), "--port", str(free_port()), "--json")
    said = json.loads(read_until(running.stdout, "}"))
    assert said["ingest"] == json.loads((data / "stack.json").read_text())["ingest"]
    yield data, said["address"]
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert processes_of(data) == []


def test_a_running_stack_is_used(stack: "tuple[Path, str]") -> None:
    """The session of `motus analyze` is there for every query afterwards."""
    data, address = stack

    done = motus(
        data,
        "analyze",
        str(CLIP),
        "--exercise",
        "squat",
        "--athlete",
        "Ana Díaz",
        "--fast",
        "--json",
        "--out",
        str(data),
    )
    session = json.loads(done.stdout)["session"]
    shown = json.loads(motus(data, "sessions", "show", session, "--json").stdout)
    reps = json.loads(motus(data, "reps", f"sessions/{session}", "--json").stdout)["reps"]
    series = json.loads(
        motus(data, "series", session, "--channel", "knee_flexion_left_deg", "--max-points", "50", "--json").stdout
    )

    assert "starting the stack" not in done.stderr
    assert (shown["state"], shown["participants"][0]["athlete"]) == ("ENDED", "ana-diaz")
    assert len(reps) == shown["rep_count"] == len(TRUTH["reps"])
    assert 2 <= len(series["t_s"]) <= 50
    with Client(address, Access(token_file=data / "token")) as client:
        assert session in [found.name.split("/")[1] for found in client.list_sessions()]
        assert any(event.WhichOneof("detail") == "rep" for event in client.list_events(session))


def test_a_video_outside_the_roots_is_refused_with_the_way_out(stack: "tuple[Path, str]", tmp_path: Path) -> None:
    """The message has the command that allows it."""
    data, _ = stack
    (tmp_path / "x.mp4").write_bytes(CLIP.read_bytes())

    done = motus(data, "analyze", str(tmp_path / "x.mp4"), "--json")

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, "OUTSIDE_ROOTS")
    assert f"motus up --root {tmp_path}" in error["hint"]


def test_a_second_stack_on_the_same_folder_is_refused(stack: "tuple[Path, str]") -> None:
    """It names the one that runs."""
    data, address = stack

    done = motus(data, "up", "--json")

    assert done.returncode == 1
    assert address in json.loads(done.stdout)["error"]["message"]


def test_a_session_that_does_not_exist(stack: "tuple[Path, str]") -> None:
    """The client raises the server's code and reason."""
    data, address = stack
    with Client(address, Access(token_file=data / "token")) as client, pytest.raises(ApiError) as raised:
        client.get_session("no-such-session")

    assert raised.value.code is grpc.StatusCode.NOT_FOUND
    assert raised.value.answered


def test_nobody_without_the_stacks_token_is_let_in(stack: "tuple[Path, str]") -> None:
    """The token is for the eyes of the stack's user alone, and who lacks it is told what to give."""
    data, address = stack

    done = motus(data, "sessions", "list", "--server", address, "--json")
    known = motus(data, "sessions", "list", "--server", address, "--json", "--token-file", str(data / "token"))

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, "TOKEN_MISSING")
    assert "--token-file" in error["hint"]
    assert known.returncode == 0
    assert (data / "token").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("service", ["ingest", "pose", "kinematics", "coach", "sessions"])
def test_a_killed_service_comes_back_and_the_session_goes_on(stack: "tuple[Path, str]", service: str) -> None:
    """kill -9 in the middle of a session: it ends with all its reps all the same."""
    data, _ = stack
    running = begin(data, "analyze", str(CLIP), "--exercise", "squat", "--json", "--out", str(data))
    victim = _service(data, service)
    _wait_for_rep(data, running)

    os.kill(victim, signal.SIGKILL)
    out, err = running.communicate(timeout=200)

    result = json.loads(out)
    assert (running.returncode, result["state"]) == (0, "ENDED"), err
    assert len(result["reps"]) == len(TRUTH["reps"])
    assert _service(data, service) != victim


def _service(data: Path, name: str) -> int:
    """The process id of a service."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid in processes_of(data):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"motus_{name}".encode() in words and b"-m" in words:
                return pid
    raise TimeoutError(f"{name} does not run")


def _wait_for_rep(data: Path, running: "subprocess.Popen[str]") -> None:
    """Until the newest session has a rep."""
    address = json.loads((data / "stack.json").read_text())["address"]
    with Client(address, Access(token_file=data / "token")) as client:
        known = {session.name for session in client.list_sessions() if session.state > 2}
        while True:
            assert running.poll() is None
            new = [session.name for session in client.list_sessions() if session.name not in known]
            if new:
                break
        for response in client.watch_session(new[0]):
            if response.event.WhichOneof("detail") == "rep":
                return
