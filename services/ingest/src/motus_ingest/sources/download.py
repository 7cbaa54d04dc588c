"""Fetches a recording by HTTP(S) into a file, from hosts that may be watched alone, wherever redirects lead."""

import http.client
import socket
import ssl
import time
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from motus_ingest.settings import IngestSettings
from motus_ingest.sources.port import LostError, SourceError
from motus_ingest.sources.reachable import Endpoint, reachable

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_CHUNK: Final = 1 << 18
_PATIENCE_S: Final = 10.0


class _Connection(http.client.HTTPConnection):
    """Goes to the address that was judged, whatever the name leads to by now."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext | None) -> None:
        super().__init__(endpoint.parts.hostname or "", endpoint.port, timeout=_PATIENCE_S)
        self._endpoint, self._context = endpoint, context

    def connect(self) -> None:
        plain = socket.create_connection((self._endpoint.address, self._endpoint.port), _PATIENCE_S)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host) if self._context else plain


def download(uri: str, settings: IngestSettings, path: Path) -> None:
    """Write what a URI names into a file. It blocks.

    Raises:
        SourceError: it must not or cannot be fetched, is too large, or takes too long.
    """
    deadline_s = time.monotonic() + settings.download_s
    for _ in range(_MOST_REDIRECTS + 1):
        endpoint = _place(uri, settings)
        connection = _Connection(endpoint, _context(settings) if endpoint.parts.scheme == "https" else None)
        try:
            response = _asked(connection, endpoint)
            if response.status not in _REDIRECTS:
                _kept(response, settings, path, deadline_s)
                return
            uri = urljoin(uri, response.headers.get("Location", ""))
        except (OSError, http.client.HTTPException, ValueError):
            raise SourceError("The source's server could not be reached, or broke off.") from None
        finally:
            connection.close()
    raise SourceError("The source's server sends us from one place to the next.")


def _place(uri: str, settings: IngestSettings) -> Endpoint:
    try:
        endpoint = reachable(uri, settings)
    except LostError as error:
        raise SourceError(str(error)) from None
    if endpoint.parts.scheme not in ("http", "https"):
        raise SourceError("The source's server sends us to something that is no web address.")
    return endpoint


def _context(settings: IngestSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    if not settings.tls_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _asked(connection: _Connection, endpoint: Endpoint) -> http.client.HTTPResponse:
    target = endpoint.parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    connection.request("GET", target, headers={"User-Agent": "motus-ingest", **endpoint.basic_auth()})
    return connection.getresponse()


def _kept(response: http.client.HTTPResponse, settings: IngestSettings, path: Path, deadline_s: float) -> None:
    if response.status in (401, 403):
        raise SourceError("The source's server refuses the name and password that it was given.")
    if response.status != 200:
        raise SourceError(f"The source's server answers with {response.status}.")
    most, expected, size = settings.max_download_bytes, response.length, 0
    with path.open("wb") as file:
        while chunk := response.read1(_CHUNK):
            size += len(chunk)
            if size > most:
                raise SourceError(f"The source is larger than the {most} bytes that are allowed.")
            if time.monotonic() > deadline_s:
                raise SourceError(f"The source was not here after the {settings.download_s:g} s that are allowed.")
            file.write(chunk)
    if expected is not None and size < expected:
        raise SourceError("The source's server broke off in the midst of the video.")
