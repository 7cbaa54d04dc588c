"""What the operator can tell the sessions service, each a variable `MOTUS_SESSIONS_<NAME>`."""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from motus_runtime.settings import SettingsError, setting


def default_store_url() -> str:
    """A SQLite file in the user's data folder."""
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    return f"sqlite+aiosqlite:///{data / 'motus' / 'sessions.db'}"


@dataclass(frozen=True)
class SessionsSettings:
    """The sessions service's own settings; see motus_runtime for those that every service has."""

    grpc_host: str = setting("127.0.0.1", "address of the gRPC API")
    grpc_port: int = setting(7443, "port of the gRPC API; 0 takes a free one", minimum=0, maximum=65535)
    grpc_port_file: str = setting("", "file to write that port to once it is bound")
    grpc_reflection: bool = setting(False, "serve gRPC reflection")
    grpc_insecure: bool = setting(False, "allow an address beyond loopback, where anybody may then do anything")
    store_url: str = setting(
        "",
        "SQLAlchemy URL of the database; empty: a SQLite file in ${XDG_DATA_HOME:-~/.local/share}/motus",
        name="MOTUS_STORE_URL",
    )
    store_pool_size: int = setting(
        10, "connections to PostgreSQL", minimum=1, maximum=1000, name="MOTUS_STORE_POOL_SIZE"
    )
    store_timeout_s: float = setting(
        3.0,
        "seconds that PostgreSQL may take for a transaction before callers hear UNAVAILABLE",
        minimum=0.1,
        name="MOTUS_STORE_TIMEOUT_S",
    )

    def refuse_exposure(self) -> None:
        """Nobody is asked who they are, so only this machine may ask.

        Raises:
            SettingsError: the address is reachable from elsewhere, and nothing says that this is meant.
        """
        if not self.grpc_insecure and not _is_loopback(self.grpc_host):
            raise SettingsError(
                [
                    f"MOTUS_SESSIONS_GRPC_HOST={self.grpc_host!r}: without authentication only a loopback address is "
                    "allowed; set MOTUS_SESSIONS_GRPC_INSECURE=true to serve everybody who can reach it"
                ]
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
