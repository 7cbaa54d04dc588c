"""Writes requirements.lock: exact versions with hashes and without any address.

It is written anew in a copy of the workspace's project files, every version pinned to that of the present lock: a new
release somewhere in the world changes nothing until --upgrade asks for it. --check only says whether the lock is fresh.
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
UV = ROOT / ".venv/bin/uv"
EXPORT = "export --quiet --all-packages --all-groups --all-extras --no-emit-workspace --no-header --no-annotate"


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


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the lock is fresh")
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases instead of the present ones")
    args = parser.parse_args()
    present = LOCK.read_text() if LOCK.exists() else ""
    with tempfile.TemporaryDirectory() as folder:
        copy_projects(Path(folder))
        if not args.upgrade:
            pin(Path(folder), present)
        try:
            written = resolve(Path(folder))
        except subprocess.CalledProcessError:
            print("requirements.lock does not fit the project files: run make lock", file=sys.stderr)
            return 1
    if not args.check:
        LOCK.write_text(written)
    elif written != present:
        print("requirements.lock is not fresh: run make lock", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
