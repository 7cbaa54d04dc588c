"""One HTTP port per service: /metrics, /livez (the event loop beats) and /readyz (what readiness needs, by name)."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

HUNG_AFTER_S = 10.0
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Health:
    """Serves a service's health and metrics from a thread of its own, so that a hung loop can be seen.

    Args:
        host: address to bind to.
        port: port to bind to, 0 for a free one.
    """

    def __init__(self, host: str, port: int) -> None:
        self._beaten_at = time.monotonic()
        self._checks: dict[str, Callable[[], str]] = {}
        self._metrics = make_wsgi_app()
        self._server = make_server(host, port, self._answer, _Server, _QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it is bound to."""
        return int(self._server.server_port)

    def beat(self) -> None:
        """Say that the event loop runs."""
        self._beaten_at = time.monotonic()

    def require(self, name: str, check: Callable[[], str]) -> None:
        """Readiness needs `check` to return an empty string; else it is the reason why the service is not ready."""
        self._checks[name] = check

    def faults(self) -> dict[str, str]:
        """Why the service is not ready, by name of the check; empty when it is."""
        return {name: fault for name, check in list(self._checks.items()) if (fault := check())}

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            answer: Iterable[bytes] = self._metrics(environ, start_response)
            return answer
        if path == "/livez":
            hung = time.monotonic() - self._beaten_at > HUNG_AFTER_S
            return _json(start_response, {"loop": "hung"} if hung else {})
        if path == "/readyz":
            return _json(start_response, self.faults())
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"see /livez, /readyz or /metrics\n"]


def _json(start_response: StartResponse, faults: dict[str, str]) -> Iterable[bytes]:
    start_response("503 Service Unavailable" if faults else "200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"ok": not faults, "faults": faults}).encode()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    # Who connects and says nothing must not hold a thread for ever.
    timeout = 5

    def log_message(self, format: str, *args: Any) -> None:
        pass
