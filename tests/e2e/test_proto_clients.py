"""Clients that know the protos and docs/api.md alone, in Python and in Node, against a whole stack."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from motus_client.stack.supervisor import Supervisor
from tests.e2e.conftest import CLIPS, running_stack, truth

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = Path(__file__).parent / "clients"
NODE_MODULES = ROOT / ".tools/node_modules"
INSTALL = "npm install --no-audit --no-fund --no-package-lock --prefix .tools @grpc/grpc-js@1 @grpc/proto-loader@0.8"
VIDEO = (CLIPS / "squat.mp4").as_uri()

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack's data folder."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Supervisor]:
    """A stack that may read the clips."""
    with running_stack(home, CLIPS) as stack:
        yield stack


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a compiler makes of the public protos: stubs for Python, and a descriptor set with all imports."""
    out = tmp_path_factory.mktemp("compiled")
    subprocess.run([sys.executable, str(ROOT / "tools/imported_descriptors.py"), str(out / "imports")], check=True)
    own = [str(file.relative_to(ROOT / "protos")) for file in (ROOT / "protos/motus/v1").glob("*.proto")]
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"--descriptor_set_in={out / 'imports'}",
        f"-I{ROOT / 'protos'}",
    ]
    made = [f"--python_out={out}", f"--grpc_python_out={out}"]
    subprocess.run([*command, *made, "buf/validate/validate.proto", *own], check=True)
    subprocess.run([*command, "--include_imports", f"--descriptor_set_out={out / 'motus.binpb'}", *own], check=True)
    return out


def held(done: "subprocess.CompletedProcess[str]") -> None:
    """What a client has got is what is so."""
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    expected = [(rep["start_s"], rep["end_s"]) for rep in truth("squat")["reps"]]
    assert got["same"]
    assert got["state"] == "SESSION_STATE_ENDED"
    assert len(got["events"]) == len(set(got["events"])) > 2
    assert "/events/sessions-state-" in got["events"][-1]
    assert len(got["reps"]) == len(expected)
    for (start_s, end_s), (true_start_s, true_end_s) in zip(got["reps"], expected, strict=True):
        assert start_s < true_end_s
        assert end_s > true_start_s
    assert got["filename"].endswith(".csv")
    lines = got["file"].splitlines()
    assert lines[0] == "t_s,channel,value,grade,absence"
    assert len(lines) > 300
    assert {line.split(",")[1] for line in lines[1:]} == {"knee_flexion_left_deg"}
    assert got["missing"] == "SESSION_NOT_FOUND"


def test_a_client_in_python_needs_the_protos_alone(running: Supervisor, home: Path, compiled: Path) -> None:
    """Generated stubs and gRPC do all of it: create, watch with a break, page, export, errors."""
    command = [sys.executable, "-P", str(CLIENTS / "client.py"), running.address, str(home / "token"), VIDEO]
    environ = os.environ | {"PYTHONPATH": str(compiled)}

    held(subprocess.run(command, env=environ, capture_output=True, text=True, timeout=200))


@pytest.mark.skipif(not shutil.which("node"), reason="no Node: apt-get install -y nodejs npm")
@pytest.mark.skipif(not (NODE_MODULES / "@grpc/proto-loader").exists(), reason=INSTALL)
def test_a_client_in_node_needs_the_protos_alone(running: Supervisor, home: Path, compiled: Path) -> None:
    """The same in another language, whose stubs are made when it runs."""
    script = [str(CLIENTS / "client.js"), running.address, str(home / "token"), VIDEO, str(compiled / "motus.binpb")]
    environ = os.environ | {"NODE_PATH": str(NODE_MODULES)}

    held(subprocess.run(["node", *script], env=environ, capture_output=True, text=True, timeout=200))
