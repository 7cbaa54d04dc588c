"""Videos that are pushed, on the disk for as long as they are played, within bounds."""

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from motus_runtime.errors import InvalidArgumentError, ResourceExhaustedError, TooManyRequestsError, UnavailableError

log = logging.getLogger("motus.ingest")

PREFIX: Final = "motus-push-"


class Spool:
    """The place where they are kept.

    Args:
        folder: below which each has a folder of its own; empty: the system's for such files.
        max_file_bytes: of one.
        max_bytes: of all at a time.
    """

    def __init__(self, folder: str, max_file_bytes: int, max_bytes: int) -> None:
        self._folder = Path(folder or tempfile.gettempdir())
        self._max_file, self._max_all = max_file_bytes, max_bytes
        self._used = 0

    def sweep(self) -> None:
        """Remove what a process left that was killed. Nobody else of this name may have begun yet."""
        for left in self._folder.glob(f"{PREFIX}*"):
            pid = left.name.removeprefix(PREFIX).partition("-")[0]
            if pid.isdigit() and (int(pid) == os.getpid() or not _lives(int(pid))):
                log.info("removing %s, which was left behind", left)
                shutil.rmtree(left, ignore_errors=True)

    @contextmanager
    def place(self, size_bytes: int) -> Iterator["SpooledFile"]:
        """Keep a file within the block; it is gone behind it, whatever happens there.

        Args:
            size_bytes: that it will have, as its sender says; 0: not known.

        Raises:
            ResourceExhaustedError: it is too large.
            TooManyRequestsError: there is no room for it now.
            UnavailableError: the disk refuses it.
        """
        if size_bytes > self._max_file:
            raise _too_large(self._max_file)
        self._check_room(size_bytes)
        try:
            folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=self._folder))
        except OSError as error:
            raise _no_disk(error) from None
        file = SpooledFile(self, folder / "video", size_bytes)
        try:
            yield file
        finally:
            self._used -= file.size
            shutil.rmtree(folder, ignore_errors=True)

    def take(self, file_bytes: int, more: int) -> None:
        """Give a file room for more bytes.

        Raises:
            ResourceExhaustedError: it grows too large.
            TooManyRequestsError: there is no room now.
        """
        if file_bytes + more > self._max_file:
            raise _too_large(self._max_file)
        self._check_room(more)
        self._used += more

    def _check_room(self, more: int) -> None:
        if self._used + more > self._max_all:
            raise TooManyRequestsError("too many videos are being played", reason="SPOOL_FULL", retry_after_s=5.0)


class SpooledFile:
    """One video.

    Args:
        spool: that it lies in.
        path: where.
        expected: bytes that it shall have; 0: not known.

    Attributes:
        path: where it lies.
        size: bytes so far.
    """

    def __init__(self, spool: Spool, path: Path, expected: int) -> None:
        self._spool, self._expected = spool, expected
        self.path, self.size = path, 0

    async def fill(self, parts: AsyncIterator[bytes]) -> None:
        """Write the file, part by part.

        Raises:
            MotusError: as `Spool.take`; or it has not the bytes that it shall have.
            UnavailableError: the disk refuses them.
        """
        try:
            with self.path.open("wb") as file:
                async for part in parts:
                    self._spool.take(self.size, len(part))
                    self.size += len(part)
                    await asyncio.to_thread(file.write, part)
        except OSError as error:
            raise _no_disk(error) from None
        if self._expected and self.size != self._expected:
            raise InvalidArgumentError({"start.size_bytes": f"says {self._expected}, but {self.size} came"})


def _lives(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


def _too_large(most: int) -> ResourceExhaustedError:
    return ResourceExhaustedError(
        f"the video has more than the {most} bytes that are allowed", reason="VIDEO_TOO_LARGE"
    )


def _no_disk(error: OSError) -> UnavailableError:
    return UnavailableError(f"the video cannot be kept: {error.strerror}")
