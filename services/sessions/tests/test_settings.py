"""The operator is told what is wrong, and nothing is exposed by mistake."""

from pathlib import Path

import pytest

from motus_runtime.errors import UnavailableError
from motus_runtime.settings import SettingsError, load
from motus_sessions.server import Server
from motus_sessions.service import SessionServicer
from motus_sessions.settings import SessionsSettings, default_store_url


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_an_address_beyond_this_machine_is_refused(host: str) -> None:
    """Without authentication nobody else may ask, unless the operator says so."""
    environ = {"MOTUS_SESSIONS_GRPC_HOST": host}

    with pytest.raises(SettingsError, match="MOTUS_SESSIONS_GRPC_INSECURE"):
        load(SessionsSettings, "MOTUS_SESSIONS", environ).refuse_exposure()
    load(SessionsSettings, "MOTUS_SESSIONS", environ | {"MOTUS_SESSIONS_GRPC_INSECURE": "true"}).refuse_exposure()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_this_machine_is_served(host: str) -> None:
    """Loopback needs no further word."""
    settings = load(SessionsSettings, "MOTUS_SESSIONS", {"MOTUS_SESSIONS_GRPC_HOST": host})

    settings.refuse_exposure()

    assert settings.grpc_host == host


def test_the_store_lies_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting, a SQLite file where such files belong."""
    monkeypatch.setenv("XDG_DATA_HOME", "/data/of/mine")

    assert default_store_url() == "sqlite+aiosqlite:////data/of/mine/motus/sessions.db"
    assert load(SessionsSettings, "MOTUS_SESSIONS", {"MOTUS_STORE_URL": "x://y"}).store_url == "x://y"


async def test_the_port_is_written_down_and_taken_once(tmp_path: Path) -> None:
    """Who waits for the port file reads the port; a second server there is refused in one sentence."""
    file = tmp_path / "port"
    servicer = SessionServicer(None, None, None, None)  # type: ignore[arg-type]
    server = Server(SessionsSettings(grpc_port=0, grpc_port_file=str(file)), servicer, lambda: True)
    server.bind()
    await server.start()

    port = int(file.read_text())
    second = Server(SessionsSettings(grpc_port=port), servicer, lambda: True)

    assert port == server.port
    with pytest.raises(UnavailableError, match="is another server there"):
        second.bind()
    await server.stop(0)
