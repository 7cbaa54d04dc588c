"""Which hosts may be watched: a URI becomes a place to connect to, or a refusal. Names and passwords join it here."""

import base64
import fnmatch
import ipaddress
import netrc
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from motus_ingest.settings import IngestSettings
from motus_ingest.sources.port import LostError, SourceError

_PORTS: Final = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443}
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect.

    Attributes:
        parts: of the URI as it was asked for.
        address: that was found allowed; a name is looked up once, so that a second answer changes nothing.
        port: to connect to.
        login, password: empty when none are known.
    """

    parts: SplitResult
    address: str
    port: int
    login: str = ""
    password: str = field(default="", repr=False)

    def url(self, *, by_name: bool) -> str:
        """The whole URL with its secrets, never to be told; `by_name`: a certificate is checked against the name."""
        host = self.parts.hostname if by_name else self.address
        host = f"[{host}]" if host and ":" in host else host
        secret = f"{quote(self.login, safe='')}:{quote(self.password, safe='')}@" if self.login else ""
        return self.parts._replace(netloc=f"{secret}{host}:{self.port}", fragment="").geturl()

    def basic_auth(self) -> dict[str, str]:
        """The header that gives name and password to an HTTP server; empty when none are known."""
        if not self.login:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(f"{self.login}:{self.password}".encode()).decode()}


def checked_scheme(uri: str, schemes: Sequence[str]) -> SplitResult:
    """A URI's parts, when sources of its kind may be asked for.

    Raises:
        SourceError: they may not.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise SourceError("The source's URI cannot be understood.") from None
    if parts.scheme not in schemes:
        kind = parts.scheme or "without a scheme"
        raise SourceError(f"Sources of the kind {kind!r} cannot be played here, only {', '.join(schemes)}.")
    return parts


def reachable(uri: str, settings: IngestSettings) -> Endpoint:
    """Where the server that a URI names is. Asks the name service, so it must not run in the event loop.

    Raises:
        SourceError: it must not be watched.
        LostError: its name is not known now.
    """
    parts = checked_scheme(uri, settings.schemes)
    try:
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        raise SourceError("The source's port is not a number between 1 and 65535.") from None
    if not host or port is None:
        raise SourceError(f"The source names no host: {parts.scheme}://camera.example/path.")
    if parts.username is not None or parts.password is not None:
        raise SourceError("A source's URI holds no name and no password: the server's operator gives them.")
    if not settings.hosts:
        raise SourceError("This server watches no hosts: MOTUS_INGEST_HOSTS names none.")
    address = _allowed(host, settings.hosts)
    login, password = _credentials(host, settings.netrc)
    return Endpoint(parts, address, port, login, password)


def _allowed(host: str, allowed: Sequence[str]) -> str:
    """The first address of a host, if all of them may be watched.

    Every one is looked at: of two answers, one of them inside, the name service could give either.
    """
    networks = [network for entry in allowed if (network := _network(entry)) is not None]
    by_name = any(fnmatch.fnmatchcase(host, entry.lower()) for entry in allowed if _network(entry) is None)
    # A name that no entry knows is not even looked up: the look-up itself tells the outside something.
    if not by_name and not networks:
        raise _refusal()
    addresses = _addresses(host)
    for address in addresses:
        inside = any(address in network for network in networks)
        if not inside and not (by_name and _public(address)):
            raise _refusal()
    return str(addresses[0])


def _refusal() -> SourceError:
    return SourceError("The source's host is none that this server may watch.")


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None


def _addresses(host: str) -> list[_Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise LostError("The source's host is not known.") from None
    return [_plain(ipaddress.ip_address(str(entry[4][0]).partition("%")[0])) for entry in found]


def _plain(address: _Address) -> _Address:
    """An IPv4 address that came dressed as IPv6, as it is."""
    return getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address


def _public(address: _Address) -> bool:
    # 64:ff9b::/96 leads to IPv4 addresses of any kind, and counts as global.
    translated = address.version == 6 and address in ipaddress.ip_network("64:ff9b::/96")
    return address.is_global and not address.is_multicast and not translated


def _credentials(host: str, path: str) -> tuple[str, str]:
    if not path:
        return "", ""
    try:
        found = netrc.netrc(path).hosts.get(host)
    except OSError as error:
        raise SourceError(f"The server's file of passwords cannot be read: {error.strerror}.") from None
    except netrc.NetrcParseError as error:
        raise SourceError(f"The server's file of passwords cannot be understood in line {error.lineno}.") from None
    return (found[0], found[2]) if found else ("", "")
