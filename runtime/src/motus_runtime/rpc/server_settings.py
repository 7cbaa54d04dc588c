"""What the operator says about a server, each a variable `<PREFIX>_<NAME>`, as `MOTUS_SESSIONS_GRPC_HOST`."""

from collections.abc import Iterator
from dataclasses import dataclass

from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.signing_keys import is_loopback, url_fault
from motus_runtime.settings import SettingsError, setting


@dataclass(frozen=True)
class ListenSettings:
    """Where a server listens, and how."""

    host: str = setting("127.0.0.1", "address to listen at")
    port: int = setting(0, "port to listen at; 0 takes a free one", minimum=0, maximum=65535)
    port_file: str = setting("", "file to write that port to once it is bound")
    certificate_file: str = setting("", "certificate for TLS, PEM, with its chain")
    key_file: str = setting("", "private key for TLS, PEM")
    client_ca_file: str = setting("", "authority whose certificates clients must have, PEM; empty: they need none")
    plaintext: bool = setting(
        False, "serve without TLS beyond this machine, where a mesh or gateway encrypts what passes between machines"
    )

    def faults(self) -> Iterator[str]:
        """What is wrong with them."""
        if bool(self.certificate_file) != bool(self.key_file):
            yield "CERTIFICATE_FILE and KEY_FILE go together"
        if self.client_ca_file and not self.certificate_file:
            yield "CLIENT_CA_FILE needs CERTIFICATE_FILE and KEY_FILE"
        if not is_loopback(self.host) and not (self.certificate_file or self.plaintext):
            yield (
                f"HOST={self.host!r} is reachable from elsewhere: set CERTIFICATE_FILE and KEY_FILE for TLS, or "
                "PLAINTEXT=true where something else encrypts"
            )


@dataclass(frozen=True)
class ServerSettings(ListenSettings):
    """Where a gRPC server listens, and how."""

    port: int = setting(7443, "port of the gRPC API; 0 takes a free one", minimum=0, maximum=65535)
    reflection: bool = setting(False, "serve gRPC reflection to callers with a token")


def refuse_exposure(server: ListenSettings, prefix: str, auth: AuthSettings) -> None:
    """Refuse to serve whom nobody meant to serve.

    Args:
        server: where it would listen.
        prefix: of the server's variables, as `MOTUS_SESSIONS_GRPC`.
        auth: who may call.

    Raises:
        SettingsError: saying all that is wrong, and what to do.
    """
    faults = [*auth.faults(), *(f"{prefix}_{fault}" for fault in server.faults())]
    if auth.insecure_dev and not is_loopback(server.host):
        faults.append(f"{prefix}_HOST={server.host!r}: MOTUS_INSECURE_DEV serves this machine alone, as 127.0.0.1")
    for name, url in (("ISSUER", auth.issuer), ("JWKS_URL", auth.jwks_url)):
        if url and (fault := url_fault(url)):
            faults.append(f"MOTUS_AUTH_{name}={url!r} {fault}")
    if faults:
        raise SettingsError(faults)
