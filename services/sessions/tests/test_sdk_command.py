"""The `motus` command against the service: what it changes, what it prints, what it leaves on the disk."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from motus_client.cli.command import run
from motus_client.cli.interrupts import Interrupts

Motus = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


@pytest.fixture
def motus(running: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Motus:
    """Runs a command as the owner; its exit code and the one object that it prints."""
    monkeypatch.setenv("MOTUS_TOKEN", "owner")
    server = f"127.0.0.1:{running.app.server.port}"

    async def command(words: str, *more: str) -> tuple[int, dict[str, Any]]:
        argv = [*words.split(), *more, "--server", server, "--json"]
        code = await asyncio.to_thread(run, argv, Interrupts())
        return code, json.loads(capsys.readouterr().out)

    return command


async def test_athletes_are_kept_by_command(motus: Motus) -> None:
    """What one command keeps the next one shows; what is not named stays."""
    made = await motus("athletes create ana --stature-m 1.7 --sex female --level advanced", "--name", "Ana B.")
    twice = await motus("athletes create ana")
    changed = await motus("athletes update ana --mass-kg 60 --mirrored")
    nothing = await motus("athletes update ana")
    listed = await motus("athletes list")
    trends = await motus("trends ana squat --measure range_of_motion_deg")
    gone = [await motus("athletes delete ana"), await motus("athletes show ana")]

    assert made[0] == 0
    assert (made[1]["display_name"], made[1]["sex"], made[1]["mass_kg"]) == ("Ana B.", "female", None)
    assert (twice[0], twice[1]["error"]["code"]) == (1, "ATHLETE_EXISTS")
    assert (changed[1]["stature_m"], changed[1]["mass_kg"], changed[1]["camera_mirrored"]) == (1.7, 60, True)
    assert (nothing[0], nothing[1]["error"]["code"]) == (2, "NOTHING_TO_CHANGE")
    assert [one["athlete"] for one in listed[1]["athletes"]] == ["ana"]
    assert trends[1]["trends"] == {"range_of_motion_deg": {"points": [], "baseline": None}}
    assert [code for code, _ in gone] == [0, 1]
    assert gone[1][1]["error"]["code"] == "ATHLETE_NOT_FOUND"


async def test_a_session_is_changed_exported_and_erased_by_command(
    motus: Motus, running: Any, stages: Callable[[str], Any], tmp_path: Path
) -> None:
    """The file holds what was measured, under the name that was asked for, and nothing half written stays."""
    await running.create("by-command")
    say = stages("by-command")
    await say.see(0.0)
    await say.measure(0.0, 30, trunk_lean_deg=lambda t_s: 10 + t_s)
    await say.count_rep(1)
    await say.cue(1, "Deeper.")
    changed = await motus("update by-command --exercise lunge --mute --begin-set")
    taught = await motus("teach by-command my-move 1 2")
    await say.finish(1.0)
    await running.until_over("by-command")
    target = tmp_path / "squats.parquet"

    exported = await motus(f"export by-command --out {target}")
    rep = await motus("rep sessions/by-command/reps/p1-0001")
    rated = await motus("cue rate sessions/by-command/cues/p1-1 4")
    dismissed = await motus("cue dismiss sessions/by-command/cues/p1-1")
    measures = await motus("measures")
    listed = await motus("sessions list --oldest-first --before 2099-01-01")
    gone = [await motus("sessions delete by-command"), await motus("export by-command", "--out", str(target))]

    assert (changed[1]["exercise"], taught[1]["movement"]) == ("lunge", "my-move")
    assert exported[1] == {
        "file": str(target),
        "media_type": "application/vnd.apache.parquet",
        "bytes": target.stat().st_size,
    }
    assert len(pyarrow.parquet.read_table(target)) == 30
    assert (rep[1]["ordinal"], "curve" in rep[1]) == (1, True)
    assert rated[0] == dismissed[0] == 0
    assert {one["name"] for one in measures[1]["measures"]} > {"trunk_lean_deg"}
    assert [one["session"] for one in listed[1]["sessions"]] == ["by-command"]
    assert gone[0] == (0, {"session": "by-command", "deleted": True})
    assert gone[1][1]["error"]["code"] == "SESSION_NOT_FOUND"
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("squats")] == ["squats.parquet"]


async def test_a_video_that_nobody_takes_ends_its_session(motus: Motus, running: Any, tmp_path: Path) -> None:
    """A server without a gateway, and nobody named beside it: the user is told what to name, and nothing stays open."""
    (tmp_path / "clip.mp4").write_bytes(b"a video")

    code, answer = await motus(f"analyze {tmp_path / 'clip.mp4'} --out {tmp_path}")
    listed = await motus("sessions list")

    assert (code, answer["error"]["code"]) == (1, "NOT_SERVED")
    assert "--ingest-server" in answer["error"]["hint"]
    assert [session["source"] for session in listed[1]["sessions"]] == ["push:video"]
