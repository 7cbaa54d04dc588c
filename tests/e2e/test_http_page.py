"""The lines of docs/http.md, run as a reader would."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from motus_client.stack.readiness import free_port
from tests.e2e.conftest import CLIPS, running_stack

PAGE = Path(__file__).resolve().parents[2] / "docs/http.md"
MISSING = [tool for tool in ("bash", "curl", "jq") if not shutil.which(tool)]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def told(page: str, url: str, home: Path) -> str:
    """The page's lines for a stack that runs elsewhere."""
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S))
    for written, here in (
        ("http://127.0.0.1:7480", url),
        ("~/.local/share/motus/token", str(home / "token")),
        ("file:///videos", CLIPS.as_uri()),
    ):
        assert written in lines
        lines = lines.replace(written, here)
    return lines


@pytest.mark.skipif(bool(MISSING), reason=f"apt-get install -y {' '.join(MISSING)}")
def test_every_line_of_the_page_runs(tmp_path: Path) -> None:
    """Each succeeds, one after the other, and what they leave is what the page says."""
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    with running_stack(home, CLIPS, http_port=free_port()) as stack:
        script = told(PAGE.read_text(), stack.url, home)
        done = subprocess.run(["bash", "-eu", "-c", script], cwd=here, capture_output=True, text=True, timeout=200)

    assert done.returncode == 0, done.stdout + done.stderr
    truth = json.loads((CLIPS / "squat.json").read_text())
    reps = json.loads((here / "reps.json").read_text())["reps"]
    watched, rest = ((here / name).read_text() for name in ("watched.txt", "rest.txt"))
    first = re.search(r"^id: .*\ndata: .*\n\n", watched, re.M)
    ids = [re.findall(r"^id: (.*)$", text, re.M) for text in (watched, rest)]
    assert first is not None
    assert len(reps) == len(truth["reps"])
    assert ids[1] == ids[0][1:]
    assert watched.endswith("event: end\ndata: {}\n\n")
    assert '"sample"' in watched
    assert (here / "first-squats-p1.csv").read_text().startswith("t_s,channel,value,grade,absence")
    assert done.stdout.rstrip().endswith("SESSION_NOT_FOUND")
