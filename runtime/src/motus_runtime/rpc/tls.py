"""TLS of a server: its certificate, and whose certificates clients must have."""

import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc

from motus_runtime.rpc.server_settings import ListenSettings
from motus_runtime.settings import SettingsError


def certificates_of(settings: ListenSettings) -> "Certificates | None":
    """The certificates that a server's settings name; None: no TLS."""
    if not settings.certificate_file:
        return None
    client_ca = Path(settings.client_ca_file) if settings.client_ca_file else None
    return Certificates(Path(settings.certificate_file), Path(settings.key_file), client_ca)


class Certificates:
    """Certificate, key and client authority from PEM files, read again for each new connection once they have changed.

    Args:
        certificate: the server's certificate, with those between it and the authority.
        key: its private key.
        client_ca: authority of clients' certificates; None: clients need none.
    """

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None) -> None:
        self._files = [certificate, key, *([client_ca] if client_ca else [])]
        self._stamps: list[float] = []

    def credentials(self) -> grpc.ServerCredentials:
        """What a port is opened with.

        Raises:
            SettingsError: a file cannot be read.
        """
        try:
            first = self._configuration()
        except OSError as error:
            raise SettingsError([f"TLS: {error}"]) from None
        newest: Any = self._newest  # the stubs do not know that None means no change
        return grpc.dynamic_ssl_server_credentials(first, newest, require_client_authentication=self._asks)

    def context(self) -> ssl.SSLContext:
        """What a socket is wrapped with by Python's own TLS; `renew` keeps it up to date.

        Raises:
            SettingsError: a file cannot be read.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._load(context)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError([f"TLS: {error}"]) from None
        return context

    def renew(self, context: ssl.SSLContext) -> None:
        """Have the next connections see files that have changed."""
        # In the middle of a change: the next look finds it done.
        with suppress(OSError, ssl.SSLError):
            if self._changed():
                self._load(context)

    def _load(self, context: ssl.SSLContext) -> None:
        chain, key, *client_ca = self._files
        context.load_cert_chain(chain, key)
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca[0])
        self._stamps = [file.stat().st_mtime for file in self._files]

    @property
    def _asks(self) -> bool:
        return len(self._files) > 2

    def _newest(self) -> grpc.ServerCertificateConfiguration | None:
        """For gRPC, at each handshake: None when nothing has changed."""
        try:
            return self._configuration() if self._changed() else None
        except OSError:
            # In the middle of a change; the next connection looks again.
            return None

    def _changed(self) -> bool:
        return [file.stat().st_mtime for file in self._files] != self._stamps

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        self._stamps = [file.stat().st_mtime for file in self._files]
        chain, key, *client_ca = [file.read_bytes() for file in self._files]
        return grpc.ssl_server_certificate_configuration([(key, chain)], client_ca[0] if client_ca else None)
