"""The landmark network on a GPU: squares a second at a full batch, and how many cores of this machine's CPU that is."""

import time
from collections.abc import Callable

import numpy as np
import torch

from motus_pose.bundle import PRUNED, default_bundle_path, networks_of, read_bundle
from motus_pose.engines.blazepose.openvino_runner import Networks, OpenvinoRunner
from motus_pose.engines.blazepose.torch_runner import SIZES, TorchNetworks

SECONDS = 3.0


def figures(device: str) -> dict[str, float]:
    """`cuda_crops_per_s` at the largest batch, squares on the device already, and `cuda_core_ratio` over one core.

    Args:
        device: `cuda`, or `cpu` to try the code where there is no GPU.
    """
    path = default_bundle_path()
    files = networks_of(read_bundle(path, PRUNED.sha256), str(path))
    networks, batch = TorchNetworks(*files, device), SIZES[-1] if device != "cpu" else 1
    kind = torch.float32 if networks.device == "cpu" else torch.float16
    squares = torch.rand(batch, 256, 256, 3, device=networks.device).to(kind)
    with torch.inference_mode():
        crops = rate(lambda: networks.located(squares)[0].sum().item()) * batch
    runner, one = OpenvinoRunner(Networks(*files)), np.random.default_rng(1).random((1, 256, 256, 3), np.float32)
    return {"cuda_crops_per_s": crops, "cuda_core_ratio": crops / rate(lambda: runner.locate(one))}


def rate(call: Callable[[], object]) -> float:
    """Calls a second; a few are made before."""
    for _ in range(5):
        call()
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        call()
        calls += 1
    return calls / (time.perf_counter() - began)
