"""Settings: what is set is read, and every fault is named at once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from motus_runtime.service import ServiceSettings
from motus_runtime.settings import SettingsError, load, setting


@dataclass(frozen=True)
class Knobs:
    """Settings of every kind."""

    rate_hz: float = setting(1.0, "how often, Hz", minimum=0.2, maximum=4)
    workers: int = setting(2, "how many", minimum=1)
    loud: bool = setting(False, "whether")
    roots: tuple[Path, ...] = setting((), "folders")
    key: str = setting("", "secret", name="API_KEY")


def test_unset_variables_leave_the_defaults() -> None:
    """An empty environment gives sane settings."""
    assert load(Knobs, "MOTUS_X", {}) == Knobs()


def test_variables_are_read_by_type() -> None:
    """Numbers, switches, lists of folders and names of their own are understood."""
    environ = {"MOTUS_X_RATE_HZ": "2.5", "MOTUS_X_LOUD": "yes", "MOTUS_X_ROOTS": "/a:/b", "API_KEY": "k"}

    assert load(Knobs, "MOTUS_X", environ) == Knobs(2.5, 2, True, (Path("/a"), Path("/b")), "k")


def test_all_faults_are_reported_at_once() -> None:
    """Who set three things wrong is told of three."""
    environ = {"MOTUS_X_RATE_HZ": "9", "MOTUS_X_WORKERS": "two", "MOTUS_X_LOUD": "maybe"}

    with pytest.raises(SettingsError) as raised:
        load(Knobs, "MOTUS_X", environ)

    assert len(raised.value.faults) == 3


def test_a_text_must_be_one_of_the_choices() -> None:
    """A wrong word is named like any other fault, with what it may be."""
    with pytest.raises(SettingsError, match="MOTUS_LOG_LEVEL='loud': must be one of DEBUG"):
        load(ServiceSettings, "MOTUS", {"MOTUS_LOG_LEVEL": "loud"})


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    """Bounds hold against NaN and infinity too."""
    with pytest.raises(SettingsError):
        load(Knobs, "MOTUS_X", {"MOTUS_X_RATE_HZ": text})
