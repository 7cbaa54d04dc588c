"""Fixtures that read the manifests: the base's files by themselves, and every overlay as kustomize renders it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
K8S = REPOSITORY / "deploy" / "k8s"
OVERLAYS = sorted(file.parent.name for file in (K8S / "overlays").glob("*/kustomization.yaml"))

Document = dict[str, Any]


def _renderer() -> list[str] | None:
    """The command that renders a folder, if there is one here."""
    installed = sorted((REPOSITORY / ".tools" / "bin").glob("kustomize-*"))
    if installed:
        return [str(installed[-1]), "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


@pytest.fixture(scope="session")
def base() -> list[Document]:
    """All documents of the base's files."""
    files = sorted(file for file in (K8S / "base").glob("*.yaml") if file.name != "kustomization.yaml")
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


@pytest.fixture(scope="session", params=["base", *OVERLAYS])
def documents(request: pytest.FixtureRequest, base: list[Document]) -> list[Document]:
    """All documents of the base, then those of each overlay."""
    if request.param == "base":
        return base
    renderer = _renderer()
    if renderer is None:
        pytest.skip("no kustomize here: run `python deploy/check_manifests.py` where Go is")
    rendered = subprocess.run([*renderer, K8S / "overlays" / request.param], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(rendered.stdout))


@pytest.fixture(scope="session")
def workloads(documents: list[Document]) -> dict[str, Document]:
    """What runs pods, by name."""
    kinds = ("Deployment", "StatefulSet", "Job")
    return {document["metadata"]["name"]: document for document in documents if document["kind"] in kinds}
