"""The operator is told what is wrong, and nothing is exposed by mistake."""

import pytest

from motus_runtime.settings import SettingsError, load
from motus_sessions.app import Settings
from motus_sessions.settings import SessionsSettings, default_store_url


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has set anything."""
    for name in ("MOTUS_INSECURE_DEV", "MOTUS_AUTH_KEYS_FILE", "MOTUS_AUTH_ISSUER", "MOTUS_SESSIONS_GRPC_HOST"):
        monkeypatch.delenv(name, raising=False)


def test_a_server_that_nobody_may_call_does_not_start() -> None:
    """Without a word of who may call it ends, and says what to set."""
    with pytest.raises(SettingsError, match="MOTUS_AUTH_KEYS_FILE"):
        Settings.read(insecure_dev=False)


def test_insecure_dev_is_said_by_flag_or_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Either lets everybody on this machine in, and neither anybody else."""
    assert Settings.read(insecure_dev=True).auth.insecure_dev
    monkeypatch.setenv("MOTUS_INSECURE_DEV", "true")
    assert Settings.read(insecure_dev=False).auth.insecure_dev
    monkeypatch.setenv("MOTUS_SESSIONS_GRPC_HOST", "0.0.0.0")
    with pytest.raises(SettingsError, match="this machine alone"):
        Settings.read(insecure_dev=False)


def test_the_store_lies_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting, a SQLite file where such files belong."""
    monkeypatch.setenv("XDG_DATA_HOME", "/data/of/mine")

    assert default_store_url() == "sqlite+aiosqlite:////data/of/mine/motus/sessions.db"
    assert load(SessionsSettings, "MOTUS_SESSIONS", {"MOTUS_STORE_URL": "x://y"}).store_url == "x://y"
