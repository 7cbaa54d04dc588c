"""Where the networks run is where they were asked to, or the service says why not."""

import sys
from pathlib import Path

import pytest

from motus_pose.app import engine_factory
from motus_pose.engines.port import EngineError
from motus_pose.settings import PoseSettings

BLAZEPOSE = "motus_pose.engines.blazepose"


def test_without_pytorch_a_gpu_is_refused(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch is in no usual set-up: who asks for a GPU is told the command that installs it, and gets no CPU."""
    for module in ("converter", "torch_runner"):
        monkeypatch.delitem(sys.modules, f"{BLAZEPOSE}.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(EngineError, match=r"needs PyTorch.*`make setup-cuda`"):
        engine_factory(PoseSettings(device="cuda"))


@pytest.mark.parametrize("engine", ["mediapipe", "replay"])
def test_other_engines_refuse_a_gpu(engine: str) -> None:
    """An engine that works on the CPU alone does not pretend to be on a GPU."""
    with pytest.raises(EngineError, match=f"{engine} works on the CPU alone"):
        engine_factory(PoseSettings(engine=engine, device="cuda"))


def test_the_cpu_needs_no_pytorch(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default engine is on the CPU and imports no PyTorch."""
    monkeypatch.setitem(sys.modules, "torch", None)

    assert engine_factory(PoseSettings())().info.device == "cpu"
