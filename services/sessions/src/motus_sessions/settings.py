"""What the operator can tell the sessions service alone; its gRPC server has settings of its own, see motus_runtime."""

import os
from dataclasses import dataclass
from pathlib import Path

from motus_runtime.settings import setting


def default_store_url() -> str:
    """A SQLite file in the user's data folder."""
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    return f"sqlite+aiosqlite:///{data / 'motus' / 'sessions.db'}"


@dataclass(frozen=True)
class SessionsSettings:
    """The sessions service's own settings."""

    store_url: str = setting(
        "",
        "SQLAlchemy URL of the database; empty: a SQLite file in ${XDG_DATA_HOME:-~/.local/share}/motus",
        name="MOTUS_STORE_URL",
    )
    store_pool_size: int = setting(
        10, "connections to PostgreSQL", minimum=1, maximum=1000, name="MOTUS_STORE_POOL_SIZE"
    )
    audit_retention_days: int = setting(400, "how long the audit log keeps who read or erased what, days", minimum=1)
    landmarks_retention_days: float = setting(
        0.0, "how long landmarks of sessions that do not say are kept after their end, days; 0: for ever", minimum=0.0
    )
    measures_retention_days: float = setting(
        0.0, "how long all else that was measured is, days; 0: for ever", minimum=0.0
    )
    store_timeout_s: float = setting(
        3.0,
        "seconds that PostgreSQL may take for a transaction before callers hear UNAVAILABLE",
        minimum=0.1,
        name="MOTUS_STORE_TIMEOUT_S",
    )
