"""Pages of which origins may call: none but the server's own, unless the operator names them."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from motus_runtime.errors import PermissionDeniedError
from motus_runtime.rpc.signing_keys import is_loopback

_SHOWN = "Content-Disposition, Retry-After"
_TAKEN = "Authorization, Content-Type, Last-Event-ID, X-Server-Timeout"
_KEPT_S = "600"


class Origins:
    """Who may call from a browser.

    Args:
        allowed: origins by name; `*` is any.
        local_only: the server lets everybody on this machine in, so a page must not reach it by a name of its own that
            leads here.
    """

    def __init__(self, allowed: frozenset[str], *, local_only: bool) -> None:
        self._allowed, self._local_only = allowed, local_only

    def check(self, headers: Mapping[str, str]) -> None:
        """Let a request in.

        Raises:
            PermissionDeniedError: it comes from a page that may not call.
        """
        host, origin = headers.get("Host", ""), headers.get("Origin", "")
        if self._local_only and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            raise PermissionDeniedError("this server answers to its own address alone", reason="HOST_REFUSED")
        if origin and not self._may(origin) and urlsplit(origin).netloc != host:
            raise PermissionDeniedError("pages of this origin may not call", reason="ORIGIN_REFUSED")

    def shown(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers by which a browser shows an answer to its page."""
        origin = headers.get("Origin", "")
        vary = {"Vary": "Origin"} if self._allowed else {}
        if not self._may(origin):
            return vary
        return vary | {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _SHOWN}

    def preflight(self, headers: Mapping[str, str], verbs: tuple[str, ...]) -> dict[str, str]:
        """Headers by which a browser knows that a page may send what it wishes to."""
        told = {"Access-Control-Allow-Methods": ", ".join(verbs), "Access-Control-Allow-Headers": _TAKEN}
        return self.shown(headers) | told | {"Access-Control-Max-Age": _KEPT_S}

    def _may(self, origin: str) -> bool:
        return bool(origin) and (origin in self._allowed or "*" in self._allowed)
