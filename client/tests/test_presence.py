"""Who runs a stack on a data folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from motus_client.stack.layout import DataFolderError, Layout, data_folder
from motus_client.stack.libraries import missing_packages
from motus_client.stack.presence import StackInfo, StackLock, running_stack


def test_only_one_may_have_the_lock(tmp_path: Path) -> None:
    """The second is told, until the first gives it back."""
    first, second = StackLock(Layout(tmp_path)), StackLock(Layout(tmp_path))

    taken = (first.acquire(), second.acquire())
    first.release()

    assert taken == (True, False)
    assert second.acquire()
    second.release()


def test_a_published_stack_is_found(tmp_path: Path) -> None:
    """What its holder says is read by others, and gone when it is released."""
    layout, lock = Layout(tmp_path), StackLock(Layout(tmp_path))
    lock.acquire()
    info = StackInfo(os.getpid(), "up", "127.0.0.1:7443", ("/videos",), "127.0.0.1:7444")

    lock.publish(info)
    found = running_stack(layout)
    lock.release()

    assert found == info
    assert running_stack(layout) is None


def test_what_a_dead_process_left_counts_for_nothing(tmp_path: Path) -> None:
    """A file of a process that was killed is not taken for a running stack."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    StackLock(Layout(tmp_path)).publish(StackInfo(dead.pid, "up", "127.0.0.1:7443", ()))

    assert running_stack(Layout(tmp_path)) is None


def test_a_video_is_allowed_below_a_root_only(tmp_path: Path) -> None:
    """Neither a neighbour whose name begins alike nor a way out by a link is below it."""
    root, beside = tmp_path / "videos", tmp_path / "videos-private"
    for folder in (root, beside):
        folder.mkdir()
        (folder / "a.mp4").touch()
    (root / "link.mp4").symlink_to(beside / "a.mp4")
    info = StackInfo(1, "up", "", (str(root),))

    assert info.allows(root / "a.mp4")
    assert not info.allows(beside / "a.mp4")
    assert not info.allows(root / "link.mp4")


def test_the_data_folder_follows_the_environment() -> None:
    """The own variable comes before the desktop's, that before the home folder."""
    assert data_folder({"MOTUS_DATA_DIR": "/d", "XDG_DATA_HOME": "/x"}) == Path("/d")
    assert data_folder({"XDG_DATA_HOME": "/x"}) == Path("/x/motus")
    assert data_folder({}) == Path.home() / ".local/share/motus"


def test_logs_of_the_last_runs_are_kept(tmp_path: Path) -> None:
    """Five runs' logs, the oldest go first."""
    layout = Layout(tmp_path)
    layout.logs.mkdir()
    for day in range(1, 9):
        (layout.logs / f"2000010{day}-000000-1").mkdir()

    newest = layout.begin_run()

    assert sorted(path.name for path in layout.logs.iterdir()) == [
        *(f"2000010{day}-000000-1" for day in range(5, 9)),
        newest.name,
    ]


def test_a_missing_library_is_named_by_its_package() -> None:
    """What the loader printed becomes the packages to install, each once."""
    printed = (
        "ImportError: libGLESv2.so.2: cannot open shared object file: No such file or directory\nlibGL.so.1: cannot"
    )

    assert missing_packages(printed) == ("libegl1", "libgles2")
    assert missing_packages("ImportError: no module named x") == ()


def test_a_user_without_a_home_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with a bare user id."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 123_456)

    with pytest.raises(DataFolderError, match="no home folder"):
        data_folder({})
