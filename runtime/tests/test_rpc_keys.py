"""Static keys: what their file may say, and who is known by it."""

import hashlib
from pathlib import Path

import pytest

from motus_runtime.errors import UnauthenticatedError
from motus_runtime.rpc.keys import StaticKeys
from motus_runtime.settings import SettingsError

GOOD = f"""
[keys.desk]
sha256 = "{hashlib.sha256(b"desk-token").hexdigest()}"
tenant = "gym-north"
scopes = ["sessions.read"]
"""
OLD = GOOD.replace("desk", "old").replace(
    hashlib.sha256(b"desk-token").hexdigest(), hashlib.sha256(b"old-token").hexdigest()
)


def keys(tmp_path: Path, text: str) -> StaticKeys:
    """The keys of a file with a text."""
    file = tmp_path / "keys.toml"
    file.write_text(text)
    return StaticKeys.read(file)


async def test_a_key_says_whose_and_what_for(tmp_path: Path) -> None:
    """Tenant and scopes are the file's, the subject is the key's name."""
    known = await keys(tmp_path, GOOD).caller("desk-token")

    assert known is not None
    assert (known.tenant, known.subject, known.scopes) == ("gym-north", "key desk", {"sessions.read"})


@pytest.mark.parametrize("token", ["", "desk-toke", "desk-token ", hashlib.sha256(b"desk-token").hexdigest(), "é"])
async def test_anything_but_the_token_is_unknown(tmp_path: Path, token: str) -> None:
    """Neither a part of it nor what the file shows lets anybody in."""
    assert await keys(tmp_path, GOOD).caller(token) is None


async def test_a_key_ends_when_the_file_says(tmp_path: Path) -> None:
    """One that has expired is refused as such; one that has not is good until then."""
    known = keys(tmp_path, f"{GOOD}expires = 2999-01-01T00:00:00Z\n{OLD}expires = 2020-01-01T00:00:00Z\n")

    good = await known.caller("desk-token")

    assert good is not None
    assert good.expires_s == 32472144000
    with pytest.raises(UnauthenticatedError) as caught:
        await known.caller("old-token")
    assert caught.value.reason == "TOKEN_EXPIRED"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no table"),
        ("keys = 1", "no table"),
        ("not toml", "cannot be read"),
        ("[keys]\ndesk = 1", "keys.desk is not a table"),
        (GOOD.replace("sha256", "sha1"), "keys.desk has an unknown field sha1"),
        (GOOD.replace('256 = "', '256 = "0'), "keys.desk needs sha256"),
        (GOOD.replace("gym-north", "gym/north"), "keys.desk needs a tenant"),
        (GOOD.replace('"gym-north"', "5"), "keys.desk needs a tenant"),
        (GOOD.replace('["sessions.read"]', "[]"), "keys.desk needs a list of scopes"),
        (f"{GOOD}expires = 2027-01-01", "keys.desk has an expires"),
    ],
)
def test_a_wrong_file_is_refused_with_its_fault(tmp_path: Path, text: str, fault: str) -> None:
    """The server does not start with keys that it would not understand."""
    with pytest.raises(SettingsError, match=fault):
        keys(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """So is one that is not there."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        StaticKeys.read(tmp_path / "nowhere.toml")
