"""The check of the manifests finds what it should, and says where."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
HAS_TOOLS = len(list((REPOSITORY / ".tools" / "bin").glob("ku*-[0-9]*"))) >= 2
WITH_GO = pytest.param(
    "with-go",
    marks=pytest.mark.skipif(
        not HAS_TOOLS, reason="no kubeconform: run `python deploy/check_manifests.py` where Go is"
    ),
)
# File below deploy/k8s, what is right in it, what makes it wrong.
FAULTS = (
    ("base/pose.yaml", "readinessProbe:", "readynessProbe:"),
    ("base/settings.yaml", '"8080"', "8080"),
    ("base/provision.yaml", "kind: Deployment", "kind: Deploymentt"),
    ("overlays/dev/small.yaml", "/resources/requests", "/resources/request"),
)


def _check(k8s: Path, how: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(REPOSITORY / "deploy" / "check_manifests.py"), "--k8s", str(k8s)]
    command += ["--without-go"] if how == "without-go" else []
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", params=["without-go", WITH_GO])
def spoiled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "subprocess.CompletedProcess[str]":
    """What the check says about a copy of the manifests with all FAULTS."""
    k8s = shutil.copytree(REPOSITORY / "deploy" / "k8s", tmp_path_factory.mktemp("spoiled") / "k8s")
    for name, right, wrong in FAULTS:
        text = (k8s / name).read_text()
        assert right in text
        (k8s / name).write_text(text.replace(right, wrong))
    return _check(k8s, request.param)


@pytest.mark.parametrize("how", ["without-go", WITH_GO])
def test_the_manifests_are_valid(how: str) -> None:
    """What is committed passes."""
    done = _check(REPOSITORY / "deploy" / "k8s", how)

    assert done.returncode == 0, done.stdout + done.stderr


def test_faults_end_in_a_failure(spoiled: "subprocess.CompletedProcess[str]") -> None:
    """Whoever calls the check sees from its exit code that something is wrong."""
    assert spoiled.returncode == 1


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("base/pose.yaml", "readynessProbe"),  # a field that Kubernetes would drop silently
        ("base/settings.yaml", "MOTUS_HEALTH_PORT"),  # a number where text is needed
        ("base/provision.yaml", "Deploymentt"),  # a kind that has no schema
    ],
)
def test_a_fault_is_named_with_its_file(spoiled: "subprocess.CompletedProcess[str]", file: str, what: str) -> None:
    """A line says which file and which field, or kind, is wrong."""
    lines = spoiled.stdout.splitlines()

    assert [line for line in lines if file in line and what in line]


def test_a_fault_of_an_overlay_is_found_or_said_to_be_skipped(spoiled: "subprocess.CompletedProcess[str]") -> None:
    """Nobody takes an overlay for right that was not rendered."""
    lines = [line for line in spoiled.stdout.splitlines() if "overlays/dev" in line]

    assert any("resources" in line or "SKIPPED" in line for line in lines)
