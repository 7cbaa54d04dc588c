"""The keys that an OIDC issuer signs with: fetched when needed, kept, and fetched again when old or incomplete."""

import asyncio
import ipaddress
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt

from motus_runtime.errors import UnavailableError

log = logging.getLogger("motus.auth")

FRESH_S = 300.0
STALE_S = 3600.0
PAUSE_S = 10.0
"""Whoever invents key ids makes us ask the issuer no more often than this."""
_PATIENCE_S = 5.0
_MOST_BYTES = 1024 * 1024


class SigningKeys:
    """An issuer's public keys by id.

    Args:
        issuer: its URL, where discovery tells where the keys are.
        url: where they are, when that is known; else empty.
        clock: seconds that never go back.
    """

    def __init__(self, issuer: str, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._url, self._clock = issuer, url, clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of an id; None when the issuer has no such key.

        Raises:
            UnavailableError: the issuer did not answer for too long.
        """
        now = self._clock()
        if (kid not in self._keys or now - self._fetched_at > FRESH_S) and now - self._tried_at > PAUSE_S:
            self._tried_at = now
            self._fetching = asyncio.create_task(self._fetch())
        if kid not in self._keys and self._fetching is not None:
            # Others wait for it too, and it must not end with the first of them that gives up.
            await asyncio.shield(self._fetching)
        if self._clock() - self._fetched_at > STALE_S:
            raise UnavailableError("the issuer of tokens does not answer", reason="ISSUER_UNAVAILABLE")
        return self._keys.get(kid)

    async def _fetch(self) -> None:
        try:
            self._keys = await asyncio.to_thread(_fetched, self._issuer, self._url)
            self._fetched_at = self._clock()
        except (OSError, ValueError, LookupError, TypeError, jwt.PyJWTError) as error:
            log.warning("no signing keys from %s: %s: %s", self._issuer, type(error).__name__, error)


def _fetched(issuer: str, url: str) -> dict[str, jwt.PyJWK]:
    if not url:
        document = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document["issuer"] != issuer:
            raise ValueError(f"the issuer calls itself {document['issuer']!r}")
        url = document["jwks_uri"]
    keys = {}
    for entry in _document(url)["keys"]:
        if entry.get("use", "sig") == "sig" and entry.get("kty") in ("RSA", "EC", "OKP") and entry.get("kid"):
            # A kind of key that the library lacks is no reason to do without the others.
            try:
                keys[entry["kid"]] = jwt.PyJWK(entry)
            except jwt.PyJWTError as error:
                log.warning("a key of %s is of no use: %s", issuer, error)
    return keys


def url_fault(url: str) -> str:
    """Why keys cannot be fetched from a URL safely; empty when they can."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return ""
    if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
        return ""
    return "must be https://…, or http:// of this machine"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _document(url: str) -> Any:
    if fault := url_fault(url):
        raise ValueError(f"{url} {fault}")
    with _OPENER.open(url, timeout=_PATIENCE_S) as answer:
        return json.loads(answer.read(_MOST_BYTES))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)
