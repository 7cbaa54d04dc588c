"""PyTorch, for GPUs of NVIDIA: squares of all streams in one batch, in float16 with the heads in float32.

On a CPU the same code runs in float32, which is for tests alone: OpenVINO is twice as fast there.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motus_pose.engines.blazepose.batching import WAIT_S, Batcher
from motus_pose.engines.blazepose.converter import Converted
from motus_pose.engines.blazepose.points import Answer
from motus_pose.engines.port import EngineError

SIZES: Final = (1, 2, 4, 8, 16, 32, 64)
"""A batch is filled up to the next of them: each is one recorded graph of the GPU."""
_WARMINGS: Final = 3
_POINTS, _FLAG, _HEAT, _WORLD = 0, 1, 3, 4
"""Outputs of the landmark network; the third shows the flag again where the mask was."""
_Array = NDArray[np.float32]
Row = tuple[_Array, ...]


class TorchNetworks:
    """Both networks on one device, shared by all streams of a process.

    Args:
        detector: TFLite file of the detector.
        landmarks: TFLite file of the landmark network without its segmentation branch.
        device: `cuda`, or as `cuda:1`; `cpu` for tests.
        wait_s: how long a square waits for others, seconds.

    Raises:
        EngineError: there is no such device.
    """

    def __init__(self, detector: bytes, landmarks: bytes, device: str = "cuda", wait_s: float = WAIT_S) -> None:
        self._at = _device(device)
        if self._at.type == "cpu":
            torch.set_num_threads(1)  # several wait for each other by spinning
        self.device = f"cuda:{self._at.index}" if self._at.type == "cuda" else "cpu"
        self._kind = torch.float16 if self._at.type == "cuda" else torch.float32
        network = Converted(landmarks, precise=(_POINTS, _FLAG, _WORLD)).lower(self._kind).to(self._at).eval()
        self._landmarks = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        # In half precision the detector finds other people: it stays as it is.
        self._detector = Converted(detector).to(self._at).eval()
        self._recorded: dict[int, Callable[[Tensor], list[Tensor]]] = {}
        self._batches: Batcher[_Array, Row] = Batcher(self._located, SIZES[-1], wait_s)
        self._looks: Batcher[_Array, Row] = Batcher(self._detected, 1, 0.0)

    def detect(self, picture: _Array) -> Row:
        """Boxes (2254, 12) and logits (2254, 1) of a picture (1, 224, 224, 3)."""
        return self._looks.ask([picture[0]])[0]

    def locate(self, squares: _Array) -> list[Row]:
        """Points, flag, heat and world of each square (people, 256, 256, 3), with those of other streams."""
        return self._batches.ask(list(squares))

    def located(self, squares: Tensor) -> list[Tensor]:
        """The network's outputs for squares on the device, in its precision; at most as many as the largest batch."""
        size = next(size for size in SIZES if size >= len(squares))
        if size > len(squares):
            squares = torch.cat([squares, squares.new_zeros(size - len(squares), *squares.shape[1:])])
        if self._at.type == "cpu":
            return self._landmarks(squares)  # type: ignore[no-any-return]
        if size not in self._recorded:
            self._recorded[size] = _recorded(self._landmarks, squares)
        return self._recorded[size](squares)

    @torch.inference_mode()
    def _located(self, squares: Sequence[_Array]) -> list[Row]:
        fed = torch.from_numpy(np.stack(squares)).to(self._at, self._kind)
        outputs = [self.located(fed)[slot][: len(squares)].cpu().numpy() for slot in (_POINTS, _FLAG, _HEAT, _WORLD)]
        return list(zip(*outputs, strict=True))

    @torch.inference_mode()
    def _detected(self, pictures: Sequence[_Array]) -> list[Row]:
        boxes, scores = self._detector(torch.from_numpy(np.stack(pictures)).to(self._at))
        return list(zip(boxes.cpu().numpy(), scores.cpu().numpy(), strict=True))


class TorchRunner:
    """Runs the networks for one stream.

    Args:
        networks: The networks.
    """

    def __init__(self, networks: TorchNetworks) -> None:
        self._networks = networks

    @property
    def device(self) -> str:
        """See `Runner.device`."""
        return self._networks.device

    def detect(self, picture: _Array) -> tuple[_Array, _Array]:
        """See `Runner.detect`."""
        boxes, scores = self._networks.detect(picture)
        return boxes, scores[:, 0]

    def locate(self, squares: _Array) -> Answer:
        """See `Runner.locate`."""
        points, flags, heat, world = (np.stack(column) for column in zip(*self._networks.locate(squares), strict=True))
        return Answer(points, flags[:, 0], heat, world)


def _device(named: str) -> torch.device:
    device = torch.device(named)
    if device.type != "cuda":
        return device
    if not torch.cuda.is_available():
        raise EngineError("MOTUS_POSE_DEVICE asks for a GPU, and PyTorch finds none: check its driver")
    index = device.index or 0
    if index >= torch.cuda.device_count():
        raise EngineError(f"there is no GPU {index}: {torch.cuda.device_count()} are there")
    return torch.device("cuda", index)


def _recorded(network: Converted, example: Tensor) -> Callable[[Tensor], list[Tensor]]:
    """The network for one size of batch as a recorded graph: two hundred launches become one."""
    fed = example.clone()
    aside = torch.cuda.Stream(example.device)
    aside.wait_stream(torch.cuda.current_stream(example.device))
    with torch.cuda.stream(aside):
        for _ in range(_WARMINGS):
            network(fed)
    torch.cuda.current_stream(example.device).wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        outputs = network(fed)

    def replay(squares: Tensor) -> list[Tensor]:
        fed.copy_(squares)
        graph.replay()
        return outputs  # type: ignore[no-any-return]

    return replay
