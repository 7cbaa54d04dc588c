"""Validates `deploy/k8s` strictly: every file of the base, and every overlay as kustomize renders it.

With Go (or the tools it once installed into `.tools/bin`) kubeconform reads files and renderings. Without, the base's
files are read by kubernetes-validate, and the overlays are named as skipped. The schemas are those in the PyPI package
kubernetes-validate, so that only the first run on a machine needs a network.
"""

import argparse
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
# The newest Kubernetes and the oldest that knows every field we use.
VERSIONS = ("1.31", "1.37")


@dataclass(frozen=True)
class Tool:
    """A Go command at a fixed version, kept below a file name that carries the version."""

    package: str
    version: str

    @property
    def path(self) -> Path:
        """Where the binary is kept."""
        return REPOSITORY / ".tools" / "bin" / f"{self.command}-{self.version}"

    @property
    def command(self) -> str:
        """The name that `go install` gives it: the last part of the package that is no major version."""
        return next(part for part in reversed(self.package.split("/")) if not re.fullmatch(r"v\d+", part))


KUSTOMIZE = Tool("sigs.k8s.io/kustomize/kustomize/v5", "5.8.2")
KUBECONFORM = Tool("github.com/yannh/kubeconform/cmd/kubeconform", "0.8.0")


class CheckError(Exception):
    """The check itself cannot be done; the text says what to do."""


def install(tool: Tool) -> None:
    """Build a tool with Go unless it is there already."""
    if tool.path.exists():
        return
    print(f"installing {tool.command} {tool.version} with go (once)", file=sys.stderr)
    tool.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tool.path.parent) as scratch:
        command = ["go", "install", f"{tool.package}@v{tool.version}"]
        if subprocess.run(command, env=os.environ | {"GOBIN": scratch}, check=False).returncode != 0:
            raise CheckError(f"`{' '.join(command)}` failed: mend it, or use --without-go")
        (Path(scratch) / tool.command).replace(tool.path)


def schemas(version: str) -> Path:
    """The strict schemas of a Kubernetes version in the form that kubeconform resolves without a network."""
    distribution = importlib.metadata.distribution("kubernetes-validate")
    target = REPOSITORY / ".tools" / "kubernetes-schemas" / f"{version}-by-{distribution.version}"
    if target.exists():
        return target
    source = Path(
        str(distribution.locate_file(f"kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict"))
    )
    if not source.is_dir():
        raise CheckError(f"no schemas in {source}: install the locked kubernetes-validate")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir()
        for file in source.glob("*.json"):
            # Ids and references are addresses at kubernetes.io, which kubeconform would fetch: make them file names.
            schema = json.loads(file.read_text().replace('"/api/_definitions.json#', '"_definitions.json#'))
            schema.pop("$id", None)
            (whole / file.name).write_text(json.dumps(schema))
        whole.replace(target)
    return target


def base_files(k8s: Path) -> list[Path]:
    """The base's manifests, each valid by itself."""
    return sorted(file for file in (k8s / "base").glob("*.yaml") if file.name != "kustomization.yaml")


def overlays(k8s: Path) -> list[Path]:
    """The folders that kustomize renders, the base itself among them."""
    return [k8s / "base", *sorted(file.parent for file in (k8s / "overlays").glob("*/kustomization.yaml"))]


def check_with_go(k8s: Path) -> list[str]:
    """Validate files and renderings; returns the faults, each with its file and field."""
    for tool in (KUSTOMIZE, KUBECONFORM):
        install(tool)
    names, faults = {str(file): _shown(file) for file in base_files(k8s)}, []
    with tempfile.TemporaryDirectory() as scratch:
        for number, overlay in enumerate(overlays(k8s)):
            built = subprocess.run([KUSTOMIZE.path, "build", overlay], capture_output=True, text=True, check=False)
            if built.returncode != 0:
                faults.append(f"{_shown(overlay)}: {built.stderr.strip()}")
                continue
            rendered = Path(scratch) / f"{number}.yaml"
            rendered.write_text(built.stdout)
            names[str(rendered)] = f"{_shown(overlay)} as rendered"
        for version in VERSIONS:
            faults += _conform(names, version)
    return faults


def _conform(names: dict[str, str], version: str) -> list[str]:
    """Validate files in one go, since the schemas take a second to load; `names` tells how to call each file."""
    location = f"{schemas(version)}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [str(KUBECONFORM.path), "-strict", "-output", "json", "-schema-location", location, *names]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        resources = json.loads(checked.stdout).get("resources", [])
    except json.JSONDecodeError:
        raise CheckError(f"kubeconform failed: {checked.stderr.strip() or checked.stdout.strip()}") from None
    faults = []
    for found in resources:
        # The listed `validationErrors` stop at the first reference; the message goes down to the field.
        what = re.sub(r"^.*validation failed with '[^']*'\s*(- )?", "", found["msg"], flags=re.DOTALL)
        faults.append(f"{names[found['filename']]} (Kubernetes {version}): {found['kind']}/{found['name']}: {what}")
    if checked.returncode != 0 and not faults:
        raise CheckError(f"kubeconform ended with {checked.returncode}: {checked.stderr.strip()}")
    return sorted(faults)


def check_without_go(k8s: Path) -> list[str]:
    """Validate the base's files; returns the faults. A kind without a schema is a fault as well."""
    command = [sys.executable, "-m", "kubernetes_validate", "--strict", "--quiet"]
    command += [option for version in VERSIONS for option in ("-k", version)]
    checked = subprocess.run(
        [*command, *(_shown(file) for file in base_files(k8s))],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
    )  # fmt: skip
    lines = (checked.stdout + checked.stderr).strip().splitlines()
    if checked.returncode != 0 and not lines:
        lines = [f"kubernetes-validate ended with {checked.returncode}"]
    return lines


def _shown(path: Path) -> str:
    return os.path.relpath(path, REPOSITORY)


def main() -> int:
    """Entry point; returns the exit code: 0 valid, 1 faults, 2 not checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--k8s", type=Path, default=REPOSITORY / "deploy" / "k8s", help="folder of base/ and overlays/")
    parser.add_argument("--without-go", action="store_true", help="use kubernetes-validate even where Go is")
    options = parser.parse_args()
    k8s = options.k8s.resolve()
    ready = shutil.which("go") or (KUSTOMIZE.path.exists() and KUBECONFORM.path.exists())
    with_go = bool(ready) and not options.without_go
    if not base_files(k8s):
        print(f"check_manifests: no manifests in {k8s}/base", file=sys.stderr)
        return 2
    try:
        faults = check_with_go(k8s) if with_go else check_without_go(k8s)
    except CheckError as error:
        print(f"check_manifests: {error}", file=sys.stderr)
        return 2
    for fault in faults:
        print(fault)
    names = ", ".join(_shown(overlay) for overlay in overlays(k8s))
    if with_go:
        what = f"{len(base_files(k8s))} files and rendered {names}"
    else:
        what = f"{len(base_files(k8s))} files by themselves; SKIPPED, since Go is not used: rendered {names}"
    print(f"manifests {'are wrong' if faults else 'are valid'} for Kubernetes {' and '.join(VERSIONS)}: {what}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
