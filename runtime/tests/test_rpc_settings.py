"""A server says what is wrong with its settings, and exposes nothing by mistake."""

from typing import Any

import pytest

from motus_runtime.errors import UnavailableError
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.limits import Bucket, LimitSettings
from motus_runtime.rpc.server import RpcServer
from motus_runtime.rpc.server_settings import ServerSettings, refuse_exposure
from motus_runtime.settings import SettingsError, load

DEV = AuthSettings(insecure_dev=True)
KEYS = AuthSettings(keys_file="keys.toml")
TLS = {"certificate_file": "tls.crt", "key_file": "tls.key"}


def faults(server: ServerSettings, auth: AuthSettings) -> str:
    """What is wrong, in one text; empty when nothing is."""
    try:
        refuse_exposure(server, "MOTUS_X_GRPC", auth)
    except SettingsError as error:
        return str(error)
    return ""


def test_without_a_word_of_who_may_call_the_server_refuses() -> None:
    """It says what to set, for production and for development."""
    told = faults(ServerSettings(), AuthSettings())

    assert all(name in told for name in ("MOTUS_AUTH_ISSUER", "MOTUS_AUTH_KEYS_FILE", "--insecure-dev"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_insecure_dev_serves_this_machine(host: str) -> None:
    """Loopback needs no further word."""
    assert faults(ServerSettings(host=host), DEV) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])
@pytest.mark.parametrize("more", [{}, TLS, {"plaintext": True}])
def test_insecure_dev_serves_nobody_else(host: str, more: dict[str, Any]) -> None:
    """Nothing that is set beside it changes that."""
    assert "serves this machine alone" in faults(ServerSettings(host=host, **more), DEV)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_tokens_do_not_cross_a_network_in_clear(host: str) -> None:
    """Beyond this machine there is TLS, or the operator says that something else encrypts."""
    assert "CERTIFICATE_FILE" in faults(ServerSettings(host=host), KEYS)
    assert faults(ServerSettings(host=host, **TLS), KEYS) == ""
    assert faults(ServerSettings(host=host, plaintext=True), KEYS) == ""


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({"keys_file": "k", "insecure_dev": True}, "take one of them away"),
        ({"issuer": "https://id.example"}, "MOTUS_AUTH_AUDIENCE"),
        ({"issuer": "http://id.example", "audience": "a"}, "MOTUS_AUTH_ISSUER='http://id.example' must be https"),
        ({"issuer": "id.example", "audience": "a"}, "must be https"),
        ({"issuer": "https://id", "audience": "a", "jwks_url": "file:///keys"}, "MOTUS_AUTH_JWKS_URL"),
        ({"keys_file": "k", "algorithms": "RS256,HS256"}, "HS256"),
        ({"keys_file": "k", "algorithms": " none "}, "none"),
        ({"keys_file": "k", "algorithms": ","}, "names none"),
    ],
)
def test_every_doubt_about_who_may_call_stops_the_server(auth: dict[str, Any], told: str) -> None:
    """The sentence names the variable."""
    assert told in faults(ServerSettings(), AuthSettings(**auth))


@pytest.mark.parametrize(
    "server",
    [{"certificate_file": "c"}, {"key_file": "k"}, {"client_ca_file": "a"}, {"client_ca_file": "a", "key_file": "k"}],
)
def test_half_of_tls_is_none(server: dict[str, Any]) -> None:
    """Certificate, key and client authority make sense together alone."""
    assert "MOTUS_X_GRPC_C" in faults(ServerSettings(**server), KEYS)


def test_all_faults_are_told_at_once() -> None:
    """Nobody starts a server five times to learn five things."""
    told = faults(ServerSettings(host="0.0.0.0", key_file="k"), AuthSettings(issuer="x", insecure_dev=True))

    assert len(told.splitlines()) >= 6


def test_variables_have_their_names() -> None:
    """The switch for development has one name in every service, and clocks may not differ by more than a minute."""
    assert load(AuthSettings, "MOTUS_AUTH", {"MOTUS_INSECURE_DEV": "1"}).insecure_dev
    with pytest.raises(SettingsError, match="MOTUS_AUTH_LEEWAY_S"):
        load(AuthSettings, "MOTUS_AUTH", {"MOTUS_AUTH_LEEWAY_S": "61"})


async def test_the_port_is_written_down_and_taken_once(tmp_path: Any) -> None:
    """Who waits for the port file reads the port; a second server there is refused in one sentence."""
    file = tmp_path / "port"

    def server(**settings: Any) -> RpcServer:
        return RpcServer(ServerSettings(**settings), DEV, LimitSettings(), lambda: True)

    first = server(port=0, port_file=str(file))
    first.bind()
    await first.start()

    port = int(file.read_text())
    assert port == first.port
    with pytest.raises(UnavailableError, match="is another server there"):
        server(port=port).bind()
    await first.stop(0)


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    """Idle time fills it, but never beyond its size."""
    bucket = Bucket(rate=2.0, size=3, now_s=0.0)

    assert [bucket.take(0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert bucket.take(0.25) == 0.25
    assert bucket.take(0.5) == 0
    assert [bucket.take(1000.0) for _ in range(4)] == [0, 0, 0, 0.5]
