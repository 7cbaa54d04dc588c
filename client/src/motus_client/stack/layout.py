"""Where a stack keeps its things: one data folder with the store, the bus's streams, logs and the lock."""

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_KEPT_RUNS = 5


class DataFolderError(Exception):
    """The data folder cannot be named, made or written."""


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`$MOTUS_DATA_DIR`, else `$XDG_DATA_HOME/motus`, else `~/.local/share/motus`.

    Raises:
        DataFolderError: the user has no home.
    """
    chosen = Path(environ.get("MOTUS_DATA_DIR") or Path(environ.get("XDG_DATA_HOME") or "~/.local/share") / "motus")
    try:
        return chosen.expanduser().absolute()
    except RuntimeError:
        raise DataFolderError(f"there is no home folder for {chosen}") from None


@dataclass(frozen=True)
class Layout:
    """The paths below one data folder.

    Attributes:
        root: the data folder.
    """

    root: Path

    @property
    def lock(self) -> Path:
        """Held by the one stack that runs on this folder."""
        return self.root / "lock"

    @property
    def info(self) -> Path:
        """What runs, for those who look for it."""
        return self.root / "stack.json"

    @property
    def run(self) -> Path:
        """Files of the run that is on: ports and the NATS server's configuration."""
        return self.root / "run"

    @property
    def streams(self) -> Path:
        """The bus's stored messages."""
        return self.root / "nats"

    @property
    def logs(self) -> Path:
        """One folder per run."""
        return self.root / "logs"

    @property
    def token(self) -> Path:
        """The token of whoever may use the stack; made once, for its user's eyes alone."""
        return self.root / "token"

    @property
    def keys(self) -> Path:
        """By which the services know that token."""
        return self.run / "keys.toml"

    @property
    def store_url(self) -> str:
        """The store of sessions as a database address."""
        return f"sqlite+aiosqlite:///{self.root / 'motus.db'}"

    def begin_run(self) -> Path:
        """Make what a run needs, forget the files of the last one and all but the newest logs; returns its log folder.

        Raises:
            OSError: the data folder cannot be written.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(self.run, ignore_errors=True)
        for folder in (self.run, self.streams, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
        for old in sorted(self.logs.iterdir())[: -_KEPT_RUNS + 1]:
            shutil.rmtree(old, ignore_errors=True)
        logs = self.logs / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        logs.mkdir(exist_ok=True)
        return logs
