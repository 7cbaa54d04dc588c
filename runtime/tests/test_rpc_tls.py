"""TLS and mutual TLS, with certificates made here."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
import trustme

from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.limits import LimitSettings
from motus_runtime.rpc.server import RpcServer
from motus_runtime.rpc.server_settings import ServerSettings
from motus_runtime.settings import SettingsError

CA = trustme.CA()
OTHER_CA = trustme.CA()


def write(folder: Path, ca: trustme.CA = CA) -> dict[str, str]:
    """A certificate for this machine in a folder, as settings name it."""
    made = ca.issue_cert("localhost", "127.0.0.1")
    made.private_key_pem.write_to_path(folder / "tls.key")
    (folder / "tls.crt").write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))
    return {"certificate_file": str(folder / "tls.crt"), "key_file": str(folder / "tls.key")}


def credentials(ca: trustme.CA = CA, own: trustme.LeafCert | None = None) -> grpc.ChannelCredentials:
    """A client that believes an authority, with a certificate or without."""
    if own is None:
        return grpc.ssl_channel_credentials(ca.cert_pem.bytes())
    return grpc.ssl_channel_credentials(
        ca.cert_pem.bytes(), own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes()
    )


@pytest.fixture
def asked(serve_probe: Any) -> Callable[..., Any]:
    """Asks a server at its TLS port, with the token `all`."""

    async def ask(port: int, secure: grpc.ChannelCredentials) -> list[str]:
        whole = grpc.composite_channel_credentials(secure, grpc.access_token_call_credentials("all"))
        async with grpc.aio.secure_channel(f"localhost:{port}", whole) as channel:
            answer = await channel.unary_unary("/probe.v1.Probe/Ask")(b"", timeout=10)
        return [answer[2:].decode()]

    return ask


async def test_a_client_that_believes_the_authority_is_served(serve_probe: Any, asked: Any, tmp_path: Path) -> None:
    """Who believes another one, or speaks without TLS, is not."""
    async with serve_probe(server=ServerSettings(**write(tmp_path))) as served:
        port = served.server.port

        assert await asked(port, credentials()) == ["gym-a"]
        for wrong in (credentials(OTHER_CA), grpc.local_channel_credentials()):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await asked(port, wrong)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_with_a_client_authority_clients_show_a_certificate(serve_probe: Any, asked: Any, tmp_path: Path) -> None:
    """One of that authority's; the token is needed all the same."""
    clients = trustme.CA()
    clients.cert_pem.write_to_path(tmp_path / "clients.pem")
    settings = ServerSettings(**write(tmp_path), client_ca_file=str(tmp_path / "clients.pem"))
    async with serve_probe(server=settings) as served:
        port = served.server.port

        assert await asked(port, credentials(own=clients.issue_cert("gate"))) == ["gym-a"]
        for wrong in (credentials(), credentials(own=OTHER_CA.issue_cert("gate"))):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await asked(port, wrong)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        async with grpc.aio.secure_channel(f"localhost:{port}", credentials(own=clients.issue_cert("gate"))) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary("/probe.v1.Probe/Ask")(b"", timeout=10)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_renewed_certificate_is_taken_up(serve_probe: Any, asked: Any, tmp_path: Path) -> None:
    """Whoever renews the files need not restart the server."""
    async with serve_probe(server=ServerSettings(**write(tmp_path))) as served:
        port = served.server.port
        assert await asked(port, credentials()) == ["gym-a"]

        for name in write(tmp_path, OTHER_CA).values():
            os.utime(name, (2e9, 2e9))

        assert await asked(port, credentials(OTHER_CA)) == ["gym-a"]


async def test_a_certificate_that_is_not_there_is_named(tmp_path: Path, keys_file: Path) -> None:
    """The server does not start without what it was told to use."""
    settings = ServerSettings(certificate_file=str(tmp_path / "no.crt"), key_file=str(tmp_path / "no.key"))
    server = RpcServer(settings, AuthSettings(keys_file=str(keys_file)), LimitSettings(), lambda: True)

    with pytest.raises(SettingsError, match=r"no\.crt"):
        server.bind()
