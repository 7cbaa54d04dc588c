"""Static keys: tokens that the operator made, known by their hashes from a secret file.

The file is TOML, a table for each key:

    [keys.front-desk]
    sha256 = "64 hexadecimal digits: SHA-256 of the whole token"
    tenant = "gym-north"
    scopes = ["sessions.read", "sessions.write"]
    expires = 2027-01-01T00:00:00Z    # may be left out

A token must be random and long, since its hash is neither salted nor slow: `openssl rand -hex 32` makes one.
"""

import hashlib
import hmac
import re
import time
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from motus_runtime.errors import UnauthenticatedError
from motus_runtime.rpc.auth import INVALID
from motus_runtime.rpc.call import TENANT, Caller
from motus_runtime.settings import SettingsError

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_FIELDS = {"sha256", "tenant", "scopes", "expires"}


@dataclass(frozen=True)
class _Key:
    digest: bytes
    caller: Caller


class StaticKeys:
    """An authority over the keys of one file."""

    def __init__(self, keys: tuple[_Key, ...]) -> None:
        self._keys = keys

    @classmethod
    def read(cls, file: Path) -> "StaticKeys":
        """The keys of a file.

        Raises:
            SettingsError: it cannot be read, or is not as described above.
        """
        try:
            tables = tomllib.loads(file.read_text()).get("keys", {})
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError([f"the keys in {file} cannot be read: {error}"]) from None
        found = tables.items() if isinstance(tables, dict) else ()
        faults = [f"{file}: keys.{name} {fault}" for name, table in found if (fault := _fault(table))]
        if faults or not found:
            raise SettingsError(faults or [f"{file}: there is no table [keys.NAME]"])
        return cls(tuple(_key(name, table) for name, table in found))

    async def caller(self, token: str) -> Caller | None:
        """Who a token belongs to."""
        digest = hashlib.sha256(token.encode()).digest()
        # All are compared, so that the time does not tell which came near.
        found = [key.caller for key in self._keys if hmac.compare_digest(key.digest, digest)]
        if not found:
            return None
        if found[0].expires_s is not None and found[0].expires_s <= time.time():
            raise UnauthenticatedError(INVALID, reason="TOKEN_EXPIRED")
        return found[0]


def _fault(table: Any) -> str:
    if not isinstance(table, dict):
        return "is not a table"
    if unknown := sorted(set(table) - _FIELDS):
        return f"has an unknown field {unknown[0]}"
    if not _is_text(table.get("sha256"), _SHA256):
        return "needs sha256, 64 hexadecimal digits"
    if not _is_text(table.get("tenant"), TENANT):
        return "needs a tenant of 1 to 64 letters, digits and ._-"
    scopes = table.get("scopes")
    if not isinstance(scopes, list) or not scopes or not all(isinstance(scope, str) for scope in scopes):
        return "needs a list of scopes"
    expires = table.get("expires")
    if expires is not None and not (isinstance(expires, datetime) and expires.tzinfo):
        return "has an expires that is no date and time with its zone"
    return ""


def _is_text(value: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _key(name: str, table: dict[str, Any]) -> _Key:
    expires = table.get("expires")
    caller = Caller(
        table["tenant"], f"key {name}", frozenset(table["scopes"]), expires.timestamp() if expires else None
    )
    return _Key(bytes.fromhex(table["sha256"]), caller)
