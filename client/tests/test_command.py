"""The command line: what it takes, what it says, and what goes to stdout."""

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from motus_client.cli import main
from motus_client.cli.analyze import athlete_name, wanted_session
from motus_client.cli.arguments import parser
from motus_client.cli.interrupts import Interrupted, Interrupts
from motus_client.cli.queries import list_sessions, show_session
from motus_client.cli.summary import summary
from motus_client.cli.tables import table
from motus_client.outcome import Outcome
from motus_client.stack.readiness import free_port, is_free

# Each with words that it takes.
QUERIES = {
    "sessions list": "--athlete ana --from 2026-03-01 --oldest-first",
    "sessions show": "abcd",
    "sessions delete": "abcd --allow-missing",
    "watch": "abcd",
    "reps": "abcd",
    "rep": "sessions/abcd/reps/p1-0001",
    "series": "abcd --channel knee_flexion_left_deg",
    "cues": "abcd",
    "cue dismiss": "sessions/abcd/cues/p1-0001",
    "cue rate": "sessions/abcd/cues/p1-0001 4",
    "events": "abcd",
    "stop": "abcd",
    "update": "abcd --exercise squat --mute --begin-set",
    "assign": "abcd p1 --tap 0.5 0.5",
    "teach": "abcd my-move 1 2",
    "export": "abcd --format csv",
    "measures": "",
    "athletes list": "",
    "athletes show": "ana",
    "athletes create": "ana --name Ana --stature-m 1.7 --sex female",
    "athletes update": "ana --mass-kg 60 --not-mirrored",
    "athletes delete": "ana",
    "trends": "ana squat --measure range_of_motion_deg",
}
COMMANDS = ("analyze", "up", *QUERIES)


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets a stack that really runs on this machine."""
    monkeypatch.setenv("MOTUS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MOTUS_SERVER", raising=False)


@pytest.fixture(autouse=True)
def _signals() -> object:
    """Give the signals back that the command takes."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what the command does and that it has --json."""
    with pytest.raises(SystemExit) as left:
        parser().parse_args([*command.split(), "--help"])

    assert left.value.code == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize("command", QUERIES)
def test_without_a_stack_a_query_says_what_to_do(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One object with the error on stdout, words on stderr, exit code 1."""
    code = main([*command.split(), *QUERIES[command].split(), "--server", f"127.0.0.1:{free_port()}", "--json"])

    printed = capsys.readouterr()
    assert code == 1
    assert json.loads(printed.out)["error"]["code"] == "UNAVAILABLE"
    assert "motus up" in printed.err


def test_a_missing_video_is_named_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No stack is started for a file that is not there."""
    code = main(["analyze", str(tmp_path / "no.mp4"), "--json"])

    printed = capsys.readouterr()
    assert code == 2
    assert json.loads(printed.out)["error"]["code"] == "NO_SUCH_FILE"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["analyze"], "VIDEO"),
        (["analyze", "x.mp4", "--exercise", "sqat"], "did you mean squat?"),
        (["series", "abcd", "--channel", "knee_flexion_deg"], "did you mean knee_flexion_"),
        (["series", "abcd"], "--channel"),
        (["analyze", "x.mp4", "--fast", "--realtime"], "not allowed with"),
        (["analyze", "x.mp4", "--lane", "0.3"], "as 0.3:0.7"),
        (["analyze", "x.mp4", "--lane", "0.7:0.3"], "as 0.3:0.7"),
        (["up", "--port", "99999"], "from 1 to 65535"),
        (["dance"], "invalid choice"),
    ],
)
def test_a_wrong_command_line_is_told_in_json_too(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, an object on stdout when asked for, usage on stderr."""
    code = main([*words, "--json"])

    printed = capsys.readouterr()
    assert code == 2
    assert said in json.loads(printed.out)["error"]["message"]
    assert "usage: motus" in printed.err


def test_without_json_an_error_leaves_stdout_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors are for stderr."""
    main(["analyze", str(tmp_path)])

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "is not a file" in printed.err


@pytest.mark.parametrize("command", ["analyze VIDEO", "up"])
def test_a_data_folder_that_cannot_be_used_is_named(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plain sentence and what to set, in place of the system's error."""
    video = tmp_path / "video.mp4"
    video.touch()
    monkeypatch.setenv("MOTUS_DATA_DIR", str(video))

    code = main([str(video) if word == "VIDEO" else word for word in command.split()])

    assert code == 1
    assert capsys.readouterr().err.splitlines() == [
        f"motus: the data folder {video} cannot be used: File exists",
        "  choose another with MOTUS_DATA_DIR",
    ]


def test_sessions_are_listed_for_people(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A file by its plain path, a time without its fractions."""
    session = made.session(source={"uri": "file:///gym/Meine%20%C3%9Cbungen/a.mp4"})
    session.create_time.FromJsonString("2026-03-01T14:05:09.123456789Z")

    class Client:
        def list_sessions(self, **wanted: Any) -> list[Any]:
            return [session]

    list_sessions(Client(), parser().parse_args(["sessions", "list"]))  # type: ignore[arg-type]

    assert capsys.readouterr().out.splitlines()[1].endswith("2026-03-01 14:05:09  /gym/Meine Übungen/a.mp4")


def test_a_session_that_has_not_ended_is_shown(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A time that is not known yet is a dash."""
    session = made.session()
    session.ClearField("end_time")

    class Client:
        def get_session(self, name: str) -> Any:
            return session

    show_session(Client(), Namespace(json=False, session="test-1"))  # type: ignore[arg-type]

    assert "ended (UTC)   -" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("count", "words"), [(0, "0 reps"), (1, "1 rep, "), (2, "2 reps, ")])
def test_one_rep_is_no_plural(count: int, words: str, made: Any) -> None:
    """The summary counts as people do."""
    reps = tuple(made.rep(ordinal + 1) for ordinal in range(count))

    assert f"squat: {words}" in summary(Outcome(made.session(), "squat", reps, (), ()), None)


@pytest.mark.parametrize("words", [["--lane", "0.3:0.7"], ["--lane", "0.3:0.7", "--athlete", "Ana"]])
def test_a_lane_is_the_participants(words: list[str]) -> None:
    """Whether they are said to be somebody or not; without either there is no participant to create."""
    session, plain = (
        wanted_session("file:///videos/a.mp4", parser().parse_args(["analyze", "a.mp4", *given]))
        for given in (words, [])
    )

    (person,) = session.participants
    assert (person.lane.left, person.lane.right) == (0.3, 0.7)
    assert (person.athlete, person.display_name) == (("athletes/ana", "Ana") if "Ana" in words else ("", ""))
    assert not plain.participants


def test_real_time_is_the_default_pace() -> None:
    """A video is played as it was filmed unless asked otherwise."""
    assert not parser().parse_args(["analyze", "a.mp4"]).fast
    assert parser().parse_args(["analyze", "a.mp4", "--fast"]).fast


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("Ana Díaz", "athletes/ana-diaz"),
        ("athletes/x1", "athletes/x1"),
        ("李雷", f"athletes/{athlete_name('李雷').split('/')[1]}"),
    ],
)
def test_a_persons_name_becomes_one_resource(name: str, resource: str) -> None:
    """The same name is the same athlete in every run, in any script."""
    assert athlete_name(name) == resource == athlete_name(name)
    assert athlete_name("李雷") != athlete_name("韩梅梅")


def test_the_first_signal_interrupts_and_the_next_one_hurries() -> None:
    """Cleaning up is not torn apart by a second Ctrl-C."""
    interrupts, hurried = Interrupts(), []
    interrupts.hurry = lambda: hurried.append(True)
    interrupts.install()

    with pytest.raises(Interrupted) as raised:
        os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)

    assert raised.value.exit_code == 130
    assert hurried == [True]


def test_a_signal_while_cleaning_up_is_held() -> None:
    """The first Ctrl-C during an ordinary end does not break it."""
    interrupts = Interrupts()
    interrupts.install()

    with interrupts.held():
        os.kill(os.getpid(), signal.SIGINT)
        finished = True

    assert finished


def test_a_reader_that_leaves_is_no_error() -> None:
    """`motus ... | head` ends quietly."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "motus_client.cli", "sessions", "list", "--json", "--server", "nowhere"]
    with os.fdopen(writer, "w") as stdout:
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60)

    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_figures_stand_to_the_right() -> None:
    """Columns of figures are aligned for reading, words to the left."""
    assert table(("name", "n"), [("a", "10"), ("bcd", "-")]).splitlines() == ["name   n", "a     10", "bcd    -"]


def test_a_free_port_can_be_listened_on() -> None:
    """It is outside the range that the system uses for outgoing connections."""
    port = free_port()

    assert is_free(port)
    assert not 32768 <= port <= 60999
