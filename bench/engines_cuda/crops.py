"""Squares a second of the landmark network on a GPU, and how many processor cores that stands for."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import numpy as np

from motus_pose.app import NO_TORCH
from motus_pose.bundle import networks_of, read_bundle
from motus_pose.engines.blazepose.openvino_runner import Networks, OpenvinoRunner
from motus_pose.engines.blazepose.points import SIDE
from motus_pose.engines.port import EngineError
from motus_pose.settings import PoseSettings

BATCH: Final = 64
SECONDS: Final = 5.0


def figures(device: str = "cuda:0") -> dict[str, float]:
    """Figures of a GPU, noise for pictures; EngineError when there is none, or no PyTorch.

    `cuda_crops_per_s`: BATCH squares at a time that are on the GPU already. `cuda_streams_crops_per_s`: as many
    streams that each bring one square and take its answer away. `cuda_core_ratio`: the first over what one core does
    with OpenVINO in float32.
    """
    try:
        import torch

        from motus_pose.engines.blazepose.torch_runner import TorchNetworks, TorchRunner
    except (ImportError, OSError) as error:
        raise EngineError(f"{NO_TORCH} ({error})") from None
    settings = PoseSettings()
    networks = networks_of(read_bundle(settings.model_path, settings.expected_sha256), settings.model_path.name)
    squares = np.random.default_rng(1).random((BATCH, SIDE, SIDE, 3), np.float32)
    core, gpu = OpenvinoRunner(Networks(*networks)), TorchNetworks(*networks, device=device)
    there, streams = torch.from_numpy(squares).to(gpu.device), [TorchRunner(gpu) for _ in range(BATCH)]
    on_core = BATCH * rate(lambda: core.locate(squares), time.process_time)
    on_gpu = BATCH * rate(lambda: gpu.locate(there), time.perf_counter)
    with ThreadPoolExecutor(BATCH) as threads:
        each = [partial(stream.locate, squares[:1]) for stream in streams]
        shared = BATCH * rate(lambda: list(threads.map(lambda locate: locate(), each)), time.perf_counter)
    return {
        "cuda_crops_per_s": round(on_gpu),
        "cuda_streams_crops_per_s": round(shared),
        "cuda_core_ratio": round(on_gpu / on_core, 1),
    }


def rate(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """How often a second of the clock something can be done."""
    work()
    started, times = clock(), 0
    while clock() - started < SECONDS:
        work()
        times += 1
    return times / (clock() - started)
