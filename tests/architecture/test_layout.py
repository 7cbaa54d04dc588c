"""Who knows one service knows all: the same files, the same thin shells."""

import re
from pathlib import Path

import pytest

from motus_runtime import topics

ROOT = Path(__file__).resolve().parents[2]
SERVICES = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "pyproject.toml").exists())
SUBJECT_LITERAL = re.compile(r"[\"']motus\.v1\.(?:frames|landmarks|live|samples|events|commands|dlq)\b")


def _sources(*folders: str) -> list[Path]:
    return [file for folder in folders for file in (ROOT / folder).rglob("*.py") if ".venv" not in file.parts]


def test_the_services_are_those_that_the_runtime_knows() -> None:
    """A service that is added or left out is noticed here."""
    assert sorted(topics.STAGES) == SERVICES


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("file", ["__main__.py", "settings.py", "app.py", "convert.py", "py.typed"])
def test_every_service_has_the_same_files(service: str, file: str) -> None:
    """Settings, shell and conversion lie where they lie in every other service."""
    assert (ROOT / "services" / service / "src" / f"motus_{service}" / file).exists()


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_one_page_and_tests(service: str) -> None:
    """A newcomer finds a page and tests for each service."""
    assert (ROOT / "services" / service / "README.md").stat().st_size > 500
    assert list((ROOT / "services" / service / "tests").glob("test_*.py"))


@pytest.mark.parametrize("service", SERVICES)
def test_entry_points_only_compose(service: str) -> None:
    """`__main__` reads settings, builds and runs, in at most 15 lines of code."""
    text = (ROOT / "services" / service / "src" / f"motus_{service}" / "__main__.py").read_text()
    code = [line for line in text.splitlines() if line.strip() and not line.strip().startswith(('"""', "#"))]

    assert len(code) <= 15


def test_subjects_are_written_in_one_place() -> None:
    """No subject string exists outside `topics`."""
    offenders = [
        str(file.relative_to(ROOT))
        for file in _sources("runtime/src", "services", "client/src")
        if file.name != "topics.py" and SUBJECT_LITERAL.search(file.read_text())
    ]

    assert offenders == []


def test_protos_stop_at_convert() -> None:
    """Pure cores see no message: only shells and `convert` import the stubs."""
    cores = ["ingest/sampling", "kinematics/core", "coach/policy", "sessions/projection", "pose/tracking"]
    files = [
        file
        for core in cores
        for base in [ROOT / "services" / core.split("/")[0] / "src" / f"motus_{core.replace('/', '/', 1)}"]
        for file in [*base.rglob("*.py"), base.with_suffix(".py")]
        if file.exists()
    ]

    assert files
    assert [str(file) for file in files if re.search(r"^(?:from|import) motus\b", file.read_text(), re.M)] == []
