"""PyTorch says what OpenVINO says, and several streams share a batch. It is installed by `make setup-cuda` alone."""

import importlib.util
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from motus_pose.app import engine_factory
from motus_pose.bundle import PRUNED, networks_of, read_bundle
from motus_pose.engines.blazepose.batching import Batcher
from motus_pose.engines.blazepose.openvino_runner import Networks, OpenvinoRunner
from motus_pose.engines.blazepose_engine import BlazePoseEngine
from motus_pose.engines.port import EngineError
from motus_pose.picture import Picture
from motus_pose.settings import PoseSettings

HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = [
    pytest.mark.torch,
    pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed; `make setup-cuda` installs it"),
]


@pytest.fixture
def networks(model: Path) -> tuple[bytes, bytes]:
    """Detector and landmark network."""
    return networks_of(read_bundle(model, PRUNED.sha256), str(model))


@pytest.fixture
def squares(pictures: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Three squares around the athlete."""
    return np.stack([picture[52:308, 192:448] for picture in pictures[::5]]).astype(np.float32) / 255.0


@pytest.mark.parametrize("mark", [pytest.param(None, marks=needs_torch)])
def test_landmarks_are_those_of_openvino(
    mark: None, networks: tuple[bytes, bytes], squares: NDArray[np.float32]
) -> None:
    """Points to a hundredth of a pixel of the square, metres to a tenth of a millimetre."""
    from motus_pose.engines.blazepose.torch_runner import TorchNetworks, TorchRunner

    one, other = OpenvinoRunner(Networks(*networks)), TorchRunner(TorchNetworks(*networks, device="cpu", wait_s=0.0))

    reference, said = one.locate(squares), other.locate(squares)

    assert np.abs(reference.points - said.points).max() < 1e-2
    assert np.abs(reference.world - said.world).max() < 1e-4
    assert np.abs(reference.heat - said.heat).max() < 1e-2
    assert reference.flags == pytest.approx(said.flags, abs=1e-4)


@pytest.mark.parametrize("mark", [pytest.param(None, marks=needs_torch)])
def test_people_are_found_where_openvino_finds_them(
    mark: None, networks: tuple[bytes, bytes], pictures: list[NDArray[np.uint8]]
) -> None:
    """From the detector with its sparse kernels to the points: one look differs by less than the torso's 2e-4."""
    from motus_pose.engines.blazepose.torch_runner import TorchNetworks, TorchRunner

    runners = OpenvinoRunner(Networks(*networks)), TorchRunner(TorchNetworks(*networks, device="cpu", wait_s=0.0))
    (one,), (other,) = (BlazePoseEngine(runner, "m").detect(Picture.of(pictures[0]), 0) for runner in runners)

    size = np.array(pictures[0].shape[1::-1])
    torso = np.linalg.norm((one.image[[11, 12], :2].mean(axis=0) - one.image[[23, 24], :2].mean(axis=0)) * size)
    gaps = np.linalg.norm((one.image - other.image)[:, :2] * size, axis=1) / torso
    assert np.median(gaps) < 2e-4


@pytest.mark.parametrize("mark", [pytest.param(None, marks=needs_torch)])
def test_half_precision_with_precise_heads_is_near(
    mark: None, networks: tuple[bytes, bytes], squares: NDArray[np.float32]
) -> None:
    """What a GPU computes, on the CPU: within two pixels of the square and two centimetres."""
    import torch

    from motus_pose.engines.blazepose.converter import Converted

    exact = Converted(networks[1])
    half = Converted(networks[1], precise=(0, 1, 4)).lower(torch.float16)
    with torch.inference_mode():
        reference, said = exact(torch.from_numpy(squares)), half(torch.from_numpy(squares).half())

    points = (reference[0] - said[0]).reshape(-1, 39, 5)[:, :33, :2].abs().mean()
    assert points < 2.0
    assert (reference[4] - said[4]).abs().mean() < 0.02


def test_a_gpu_that_is_not_there_is_no_gpu(model: Path) -> None:
    """Whoever asks for one is told what is missing, and never served by the CPU in silence."""
    with pytest.raises(EngineError, match="MOTUS_POSE_DEVICE"):
        engine_factory(PoseSettings(device="tpu"))
    if not HAS_TORCH:
        with pytest.raises(EngineError, match="make setup-cuda"):
            engine_factory(PoseSettings(device="cuda"))
        return
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(EngineError, match="finds none"):
            engine_factory(PoseSettings(device="cuda"))


def test_streams_share_a_batch() -> None:
    """What comes while a batch is gathered goes with it, and each stream gets its own."""
    batches = list[int]()

    def run(items: Sequence[int]) -> list[int]:
        batches.append(len(items))
        return [item * item for item in items]

    batcher: Batcher[int, int] = Batcher(run, most=4, wait_s=5.0)
    answers = dict[int, list[int]]()
    threads = [threading.Thread(target=lambda n=n: answers.update({n: batcher.ask([n, n + 10])})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {n: [n * n, (n + 10) ** 2] for n in range(4)}
    assert batches == [4, 4]


def test_a_lonely_square_does_not_wait_for_others() -> None:
    """A batch that is not full runs when its time is over."""
    batcher: Batcher[int, int] = Batcher(list, most=64, wait_s=0.005)
    began = time.monotonic()

    assert batcher.ask([7]) == [7]
    assert time.monotonic() - began < 5.0


def test_what_fails_fails_for_those_who_asked() -> None:
    """An error reaches the stream, and the next batch works."""

    def run(items: Sequence[int]) -> list[int]:
        if 0 in items:
            raise EngineError("no")
        return list(items)

    batcher: Batcher[int, int] = Batcher(run, most=1, wait_s=0.0)
    with pytest.raises(EngineError):
        batcher.ask([0])
    assert batcher.ask([1]) == [1]
