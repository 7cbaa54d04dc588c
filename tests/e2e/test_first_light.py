"""A real video in, repetitions and cues out, through every service, as a user and as a client program see it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import CLIPS, Run, truth

pytestmark = pytest.mark.e2e


def test_the_session_ends_and_the_exit_code_says_so(squat: Run) -> None:
    """Exit code 0 means that the session ENDED, with every documented key in the answer."""
    keys = {"session", "state", "reason", "exercise", "reps", "phases", "cues", "frames", "latency_ms", "report"}

    assert (squat.code, squat.answer["state"]) == (0, "ENDED"), squat.said
    assert keys <= squat.answer.keys()


def test_every_repetition_is_counted_where_it_was(squat: Run) -> None:
    """As many repetitions as the truth has, each start and end within a quarter of a second."""
    reps, true_reps = squat.answer["reps"], truth("squat")["reps"]

    assert len(reps) == len(true_reps)
    for rep, true in zip(reps, true_reps, strict=True):
        assert rep["start_s"] == pytest.approx(true["start_s"], abs=0.25)
        assert rep["end_s"] == pytest.approx(true["end_s"], abs=0.25)
        assert rep["turn_s"] == pytest.approx(true["turn_s"], abs=0.25)


def test_phases_alternate_as_the_athlete_moved(squat: Run) -> None:
    """Each repetition has its way down and its way up, in that order."""
    kinds = [p["kind"] for p in squat.answer["phases"] if p["kind"] in ("eccentric", "concentric")]

    assert kinds == ["eccentric", "concentric"] * len(truth("squat")["reps"])


def test_no_frame_of_a_file_is_lost(squat: Run) -> None:
    """Every frame of the clip went in, nothing was dropped, and the athlete was seen."""
    frames = squat.answer["frames"]

    assert frames["in"] == truth("squat")["frames"]
    assert frames["dropped"] == 0
    assert frames["with_pose"] >= 0.95 * frames["in"]


def test_every_stage_reports_its_latency(squat: Run) -> None:
    """From pose to coach each stage says how long after capture it was done."""
    assert {"pose", "kinematics"} <= squat.answer["latency_ms"].keys()
    assert all(digest["p95"] >= digest["p50"] > 0 for digest in squat.answer["latency_ms"].values())


def test_the_report_needs_nothing_but_itself(squat: Run) -> None:
    """One page with pictures and plots in it, and no address that a browser would fetch."""
    page = Path(squat.answer["report"]).read_text()

    assert "<svg" in page
    assert "data:image/jpeg;base64," in page
    assert re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page) == []


def test_a_client_program_gets_the_same_answers(stack: dict[str, Any], squat: Run, motus: Callable[..., Run]) -> None:
    """What the analysis found is still there in a later stack, over plain gRPC calls."""
    session = squat.answer["session"]

    listed = motus("sessions", "list").answer["sessions"]
    reps = motus("reps", session).answer["reps"]
    series = motus("series", session, "--channel", "knee_flexion_left_deg").answer

    assert session in [entry["session"] for entry in listed]
    assert [rep["turn_s"] for rep in reps] == [rep["turn_s"] for rep in squat.answer["reps"]]
    assert len(series["t_s"]) == truth("squat")["frames"]


def test_whoever_runs_a_stack_sees_its_workers(stack: dict[str, Any], motus: Callable[..., Run]) -> None:
    """The stack's own token lets its holder do all there is, operators' calls too."""
    done = motus("workers")

    assert done.code == 0
    assert {"ingest", "pose", "kinematics", "coach"} <= {worker["stage"] for worker in done.answer["workers"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.mp4", b""), ("noise.mp4", b"\x00\xff" * 5000), ("notes.txt", b"no video at all\n")],
)
def test_what_is_no_video_fails_with_a_reason(
    tmp_path: Path, motus: Callable[..., Run], name: str, content: bytes
) -> None:
    """A file that cannot be read ends its session FAILED, and the user is told why in one sentence."""
    (tmp_path / name).write_bytes(content)

    run = motus("analyze", str(tmp_path / name), "--fast", "--out", str(tmp_path))

    assert run.code != 0
    assert run.answer["state"] == "FAILED"
    assert run.answer["reason"]
    assert "Traceback" not in run.said


def test_a_truncated_video_gives_what_it_has(tmp_path: Path, motus: Callable[..., Run]) -> None:
    """A file cut in the middle fails with a reason or ends; it never hangs and never breaks the stack."""
    whole = (CLIPS / "squat.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])

    run = motus("analyze", str(tmp_path / "cut.mp4"), "--fast", "--out", str(tmp_path))

    assert run.answer["state"] in ("ENDED", "FAILED")
    assert (run.code == 0) == (run.answer["state"] == "ENDED")


def test_a_missing_file_is_named_at_once(motus: Callable[..., Run]) -> None:
    """A wrong name costs no stack start: the command says that there is no such file."""
    run = motus("analyze", "no-such-video.mp4")

    assert run.code != 0
    assert "no-such-video.mp4" in run.answer["error"]["message"]
