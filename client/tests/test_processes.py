"""Processes of the stack: real ones, small."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from motus_client.stack.child import Child, Program
from motus_client.stack.keeper import Keeper, Trouble

SLEEP = "import time; print('up', flush=True); time.sleep(600)"


def program(folder: Path, code: str, name: str = "sleeper") -> Program:
    """A Python program."""
    return Program(name, (sys.executable, "-c", code), dict(os.environ), folder / f"{name}.log")


def ended(pid: int, timeout_s: float = 10.0) -> bool:
    """Whether a process ends in time, its own child or not."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], timeout_s)[0])
    finally:
        os.close(handle)


def lines_of(log: Path, count: int) -> list[str]:
    """The log's lines, once there are so many."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        lines = log.read_text().split() if log.exists() else []
        if len(lines) >= count:
            return lines
        os.sched_yield()
    raise TimeoutError(f"{log} has {lines}")


def test_a_child_tells_its_exit_code_and_last_words(tmp_path: Path) -> None:
    """What it printed last is there when it has ended."""
    child = Child(program(tmp_path, "print('one'); print('two'); raise SystemExit(3)"))
    assert ended(child.pid)

    assert child.exit_code() == 3
    assert child.last_words(1) == "two"
    assert child.last_words() == "one\ntwo"


def test_last_words_are_those_of_this_start(tmp_path: Path) -> None:
    """What an earlier process wrote to the same log is not taken for them."""
    for word in ("first", "second"):
        child = Child(program(tmp_path, f"print('{word}')"))
        assert ended(child.pid)
        child.exit_code()

    assert child.last_words() == "second"


def test_a_child_has_a_process_group_of_its_own(tmp_path: Path) -> None:
    """A terminal's Ctrl-C goes to the supervisor's group and does not reach it."""
    child = Child(program(tmp_path, SLEEP))
    try:
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
    finally:
        child.kill()


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    """A grandchild does not outlive a child that was killed."""
    code = """
        import subprocess, sys, time
        inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(inner.pid, flush=True)
        time.sleep(600)
    """
    child = Child(program(tmp_path, textwrap.dedent(code)))
    grandchild = int(lines_of(child.program.log, 1)[0])

    os.kill(child.pid, signal.SIGKILL)
    assert ended(child.pid)

    assert child.exit_code() == -signal.SIGKILL
    assert ended(grandchild)


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Even kill -9 of the supervisor leaves nothing running."""
    code = f"""
        import os, sys, time
        from pathlib import Path
        from motus_client.stack.child import Child, Program
        log = Path({str(tmp_path)!r}) / "child.log"
        child = Child(Program("child", (sys.executable, "-c", {SLEEP!r}), dict(os.environ), log))
        print(child.pid, flush=True)
        time.sleep(600)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    lines_of(tmp_path / "child.log", 1)

    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert ended(pid)


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    """Keeps a sleeping program; it is ready when it has printed something."""
    sleeper = program(tmp_path, SLEEP)
    said: list[str] = []
    keeper = Keeper(sleeper, lambda: None, lambda: "" if sleeper.log.read_text() else "silent", said.append)
    keeper.said = said  # type: ignore[attr-defined]
    return keeper


def step_until_ready(keeper: Keeper, now: float) -> None:
    """Step at one moment until the program is ready."""
    deadline = time.monotonic() + 20
    keeper.step(now)
    while keeper.fault:
        assert time.monotonic() < deadline, keeper.fault
        keeper.step(now)


def test_a_killed_program_is_started_again(keeper: Keeper) -> None:
    """After kill -9 it runs again under another process id, not before the pause is over, and a line says so."""
    step_until_ready(keeper, 0.0)
    assert keeper.child is not None
    first = keeper.child.pid
    os.kill(first, signal.SIGKILL)
    assert ended(first)

    keeper.step(1.0)
    keeper.step(1.05)
    gone = keeper.child
    step_until_ready(keeper, 1.2)
    assert keeper.child is not None
    second = keeper.child.pid
    keeper.child.kill()

    assert gone is None
    assert second != first
    assert keeper.said == ["sleeper ended with signal 9; it is started again"]  # type: ignore[attr-defined]


def test_pauses_grow_to_a_bound() -> None:
    """A program that ends again and again is not started in a storm."""
    pauses = [Trouble(ends).pause_s for ends in range(1, 9)]

    assert pauses[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert pauses[-1] == 5.0


def test_a_program_that_never_came_up_is_given_up_sooner() -> None:
    """Two failed starts are enough; one that was ready once gets more chances."""
    assert Trouble(ends=2).hopeless
    assert not Trouble(ends=4, ready_once=True).hopeless
    assert Trouble(ends=5, ready_once=True).hopeless


def test_a_good_while_wipes_out_earlier_ends(keeper: Keeper) -> None:
    """A program that ran well for some time is trusted again."""
    step_until_ready(keeper, 0.0)
    assert keeper.child is not None
    keeper.trouble = Trouble(ends=3, ready_once=True)

    keeper.step(31.0)
    keeper.child.kill()

    assert keeper.trouble.ends == 0


def test_a_program_that_says_an_error_and_stays_unready_is_stuck(tmp_path: Path) -> None:
    """Not at once, since a fault may pass; and not without an error, since starting may take long."""
    wrong = program(tmp_path, "import time; print('x ERROR x', flush=True); time.sleep(600)", "wrong")
    slow = program(tmp_path, SLEEP, "slow")
    keepers = [Keeper(one, lambda: None, lambda: "no model", lambda line: None) for one in (wrong, slow)]
    for keeper in keepers:
        keeper.step(0.0)
        keeper.step(1.0)
        lines_of(keeper.program.log, 1)

    early, late = [keeper.stuck(5.0) for keeper in keepers], [keeper.stuck(6.5) for keeper in keepers]
    for keeper in keepers:
        assert keeper.child is not None
        keeper.child.kill()

    assert (early, late) == ([False, False], [True, False])
