"""Who runs a stack on a data folder: a lock that dies with its process, and a file that says where it answers."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TextIO

from motus_client.stack.layout import DataFolderError, Layout


@dataclass(frozen=True)
class StackInfo:
    """A stack that runs.

    Attributes:
        pid: process of the supervisor.
        kind: `up` serves everybody; `analyze` is the private one of one run.
        address: `host:port` of the session service; empty while the stack starts.
        roots: folders whose videos it may read.
        ingest: `host:port` that takes what clients push; empty while the stack starts.
    """

    pid: int
    kind: Literal["up", "analyze"]
    address: str
    roots: tuple[str, ...]
    ingest: str = ""

    def allows(self, video: Path) -> bool:
        """Whether the stack may read a video."""
        return any(video.resolve().is_relative_to(Path(root).resolve()) for root in self.roots)


class StackLock:
    """The right to run a stack on a data folder; the system takes it back when the process dies."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._file: TextIO | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another process has it.

        Raises:
            DataFolderError: the data folder cannot be made or written.
        """
        try:
            self._layout.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self._layout.lock.open("a")
        except OSError as error:
            raise DataFolderError(f"the data folder {self._layout.root} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def publish(self, info: StackInfo) -> None:
        """Say what runs; only the holder of the lock may."""
        partial = self._layout.info.with_suffix(".new")
        partial.write_text(json.dumps(asdict(info)))
        partial.replace(self._layout.info)

    def release(self) -> None:
        """Say that nothing runs any more and give the lock back."""
        if self._file is not None:
            self._layout.info.unlink(missing_ok=True)
            self._file.close()
            self._file = None


def running_stack(layout: Layout) -> StackInfo | None:
    """The stack that runs on a data folder, or None; a file left by a dead process counts for nothing."""
    try:
        fields = json.loads(layout.info.read_text())
        roots, ingest = tuple(fields["roots"]), fields.get("ingest", "")
        info = StackInfo(fields["pid"], fields["kind"], fields["address"], roots, ingest)
        os.kill(info.pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return info
