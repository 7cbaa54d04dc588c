"""Writes the client that waits from the one for asyncio, so that one is kept; --check only says whether it is fresh."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "client/src/motus_client"
RUFF = str(Path(sys.executable).parent / "ruff")
WRITTEN = ("sessions", "athletes", "operations", "pushing", "client")
CHANGES = (
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(Iterator|Connection|SessionCalls|AthleteCalls|OperationsCalls|PushCalls|Client)\b", r"\1"),
    (r"\bmotus_client\.aio\.", "motus_client."),
)


def waiting(text: str, name: str) -> str:
    """A module for asyncio as one that waits."""
    for pattern, put in CHANGES:
        text = re.sub(pattern, put, text)
    text = f"# Written from aio/{name} by `make client`.\n{text}"
    for step in (["check", "--fix", "--select", "I"], ["format"]):
        command = [RUFF, *step, "--quiet", "--stdin-filename", str(CLIENT / name), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return text


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether it is fresh")
    check = parser.parse_args().check
    stale = []
    for name in (f"{module}.py" for module in WRITTEN):
        target, text = CLIENT / name, waiting((CLIENT / "aio" / name).read_text(), name)
        if target.exists() and target.read_text() == text:
            continue
        stale.append(name)
        if not check:
            target.write_text(text)
    if check and stale:
        print(f"{', '.join(stale)} of the client are not fresh: run make client", file=sys.stderr)
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
