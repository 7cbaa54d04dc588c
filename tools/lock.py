"""Writes requirements.lock, and that of PyTorch for GPUs: exact versions with hashes and without any address.

They are written anew in a copy of the project files, every version pinned to that of the present locks: a new release
somewhere in the world changes nothing until --upgrade asks for it. --check only says whether the locks are fresh.
PyTorch brings gigabytes and is in nobody's default install: as an extra of the workspace it would be in its lock.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
CUDA_LOCK = ROOT / "services/pose/requirements-cuda.lock"
UV = ROOT / ".venv/bin/uv"
EXPORT = "export --quiet --all-packages --all-groups --all-extras --no-emit-workspace --no-header --no-annotate"

COMPILE = "pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate"


def copy_projects(target: Path) -> None:
    """Copy what the resolver reads: project files, and the sources' places for the build backend."""
    for project in [ROOT / "pyproject.toml", *ROOT.glob("*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]:
        copy = target / project.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project, copy)
        (copy.parent / "README.md").touch()


def pin(target: Path, lock: str) -> None:
    """Constrain the copy to the versions of the present lock."""
    pins = re.findall(r"^[a-zA-Z0-9._-]+==[^\s\\]+(?: ; [^\\\n]+)?", lock, flags=re.MULTILINE)
    # A pin for some machines alone would have the resolver look for wheels of all others, which nobody makes.
    whole = [pin.strip() for pin in pins if "platform_machine" not in pin]
    lines = ",\n".join(f"  {json.dumps(pin)}" for pin in whole)
    project = target / "pyproject.toml"
    text = project.read_text().replace("[tool.uv]\n", f"[tool.uv]\nconstraint-dependencies = [\n{lines}\n]\n", 1)
    project.write_text(text)


def resolve(target: Path) -> str:
    """The lock's text for the project files in `target`."""
    subprocess.run([UV, "lock", "--quiet"], cwd=target, check=True)
    return subprocess.run([UV, *EXPORT.split()], cwd=target, check=True, capture_output=True, text=True).stdout


def resolve_cuda(target: Path, lock: str, upgrade: bool) -> str:
    """The GPU lock's text; what both locks name has one version."""
    constraints, written = target / LOCK.name, target / CUDA_LOCK.name
    constraints.write_text(lock)
    if CUDA_LOCK.exists() and not upgrade:
        shutil.copy(CUDA_LOCK, written)
    files = f"{CUDA_LOCK.with_suffix('.in')} --constraints {constraints} --output-file {written}"
    subprocess.run([UV, *COMPILE.split(), *files.split()], cwd=target, check=True, stdout=subprocess.DEVNULL)
    return written.read_text()


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the locks are fresh")
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases instead of the present ones")
    args = parser.parse_args()
    present = {lock: lock.read_text() if lock.exists() else "" for lock in (LOCK, CUDA_LOCK)}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        copy_projects(target)
        if not args.upgrade:
            pin(target, present[LOCK])
        try:
            whole = resolve(target)
            written = {LOCK: whole, CUDA_LOCK: resolve_cuda(target, whole, args.upgrade)}
        except subprocess.CalledProcessError:
            print("a lock does not fit the project files: run make lock", file=sys.stderr)
            return 1
    stale = [lock.name for lock, text in written.items() if text != present[lock]]
    if not args.check:
        for lock, text in written.items():
            lock.write_text(text)
    elif stale:
        print(f"not fresh: {', '.join(stale)}; run make lock", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
