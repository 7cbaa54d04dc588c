"""How a client is let in: the token that says who it is, and the certificates by which both sides know each other."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc


@dataclass(frozen=True)
class Access:
    """What a client shows and whom it believes.

    Attributes:
        token: bearer token.
        token_file: file with the token, read again for each call since tokens expire; instead of `token`.
        ca_file: authority that signed the server's certificate, PEM; None: the system's.
        certificate_file: the client's own certificate, PEM, where the server asks for one; with `key_file`.
        key_file: its private key, PEM.
    """

    token: str = ""
    token_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def current_token(self) -> str:
        """The token as it is now; empty when there is none.

        Raises:
            OSError: its file cannot be read.
        """
        return self.token_file.read_text().strip() if self.token_file else self.token


def channel_credentials(address: str, access: Access) -> grpc.ChannelCredentials:
    """Of a channel to `host:port`: by TLS, or without it to this machine when no authority is named.

    A token never leaves the machine unencrypted.

    Raises:
        OSError: a file cannot be read.
    """
    plain = _is_this_machine(address) and not (access.ca_file or access.certificate_file)
    credentials = grpc.local_channel_credentials() if plain else _tls(access)
    if access.current_token():
        bearer = grpc.metadata_call_credentials(_Bearer(access))
        credentials = grpc.composite_channel_credentials(credentials, bearer)
    return credentials


class _Bearer(grpc.AuthMetadataPlugin):
    def __init__(self, access: Access) -> None:
        self._access = access

    def __call__(self, context: Any, callback: Callable[..., None]) -> None:
        try:
            callback((("authorization", f"Bearer {self._access.current_token()}"),), None)
        except OSError as error:
            callback((), error)


def _tls(access: Access) -> grpc.ChannelCredentials:
    files = (access.ca_file, access.key_file, access.certificate_file)
    return grpc.ssl_channel_credentials(*(file.read_bytes() if file else None for file in files))


def _is_this_machine(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
