"""PyTorch on a GPU: one copy of both networks for all streams of a process, whose squares are answered together.

The landmark network's trunk is in half precision, its head and the detector, which suffers from less, in float32. The
same code runs on the CPU, in float32 throughout and call by call, so that it can be tried where no GPU is; to work on
a CPU, OpenVINO takes half the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motus_pose.engines.blazepose import detector, points
from motus_pose.engines.blazepose.converter import Network
from motus_pose.engines.blazepose.gathering import Gathering
from motus_pose.engines.blazepose.points import Answer, slots_of
from motus_pose.engines.port import EngineError
from motus_pose.pruning import without_segmentation
from motus_pose.tflite import ModelError

SIZES: Final = (1, 2, 4, 8, 16, 32, 64)
"""Numbers of pictures for which a GPU's work is recorded; others are done with the next larger."""
_WARM_UP: Final = 3
_Array = NDArray[np.float32]
_Run = Callable[[Tensor], tuple[Tensor, ...]]


class TorchNetworks:
    """The networks on one device, for any number of runners.

    Args:
        detector_model: TFLite file of the detector.
        landmark_model: TFLite file of the landmark network, with or without its segmentation branch.
        device: `cpu`, or as `cuda:0`.

    Attributes:
        device: the same.
        detect: the detector, of pictures on the device.
        locate: the landmark network, of squares on the device.
        slots: where points, flag, heat and world are among its outputs.

    Raises:
        EngineError: there is no such device, or PyTorch cannot use the networks.
    """

    def __init__(self, detector_model: bytes, landmark_model: bytes, device: str) -> None:
        on_gpu = device != "cpu"
        if on_gpu and not torch.cuda.is_available():
            raise EngineError("PyTorch sees no GPU: see what `nvidia-smi` says, or set MOTUS_POSE_DEVICE=cpu")
        self.device: Final = device
        # The usual precision of float32 convolutions on a GPU is that of half precision.
        torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark = False, True
        torch.set_num_threads(1)
        try:
            finder = Network(detector_model).to(device)
            locator = Network(without_segmentation(landmark_model), torch.float16 if on_gpu else torch.float32)
            locator = locator.to(device)
            self.slots: Final = slots_of(locator.shapes)
            self.detect: _Run = finder
            self.locate: _Run = locator
            if on_gpu:
                batches = _recorded(finder, detector.SIDE, device), _recorded(locator, points.SIDE, device)
                # Threads are begun when nothing can fail any more: whoever tries again leaves none behind.
                self.detect, self.locate = (Gathering(one, SIZES[-1]) for one in batches)
        except (ModelError, RuntimeError) as error:
            raise EngineError(f"PyTorch cannot use the pose model on {device}: {error}") from None


class TorchRunner:
    """Runs the networks for one stream.

    Args:
        networks: The networks.
    """

    def __init__(self, networks: TorchNetworks) -> None:
        self._networks, self.device = networks, networks.device
        # To copy on one's own stream is not to wait for what the GPU does for others.
        self._stream = torch.cuda.Stream(networks.device) if networks.device != "cpu" else None

    def detect(self, picture: _Array) -> tuple[_Array, _Array]:
        """See `Runner.detect`."""
        boxes, scores = sorted(self._answer(self._networks.detect, picture), key=lambda one: -one.shape[-1])
        return boxes[0], scores[0, :, 0]

    def locate(self, squares: _Array) -> Answer:
        """See `Runner.locate`."""
        found = self._answer(self._networks.locate, squares)
        batch, flags, heat, world = (found[slot] for slot in self._networks.slots)
        return Answer(batch, flags[:, 0], heat, world)

    def _answer(self, run: _Run, pictures: _Array) -> list[_Array]:
        try:
            with torch.cuda.stream(self._stream):
                found = run(torch.from_numpy(pictures).to(self.device))
                return [one.cpu().numpy() for one in found]
        except RuntimeError as error:
            raise EngineError(f"PyTorch failed: {error}") from None


@dataclass(frozen=True, eq=False)
class Record:
    """A network's work for so many pictures, to be done again and again in the same places.

    Attributes:
        pictures: (size, side, side, 3), where to put them.
        outputs: where the network's outputs are afterwards.
        replay: begins the work.
    """

    pictures: Tensor
    outputs: tuple[Tensor, ...]
    replay: Callable[[], None]


class Batches:
    """A network that answers several calls at once, of as many pictures as its largest record at most.

    Args:
        records: by their sizes.
        settle: waits until all is done that was begun.
    """

    def __init__(self, records: dict[int, Record], settle: Callable[[], None]) -> None:
        self._records, self._settle = dict(sorted(records.items())), settle

    def __call__(self, calls: list[Tensor]) -> list[tuple[Tensor, ...]]:
        """What the network says to each of several calls, in their order."""
        counts = [len(call) for call in calls]
        whole = sum(counts)
        record = next(record for size, record in self._records.items() if size >= whole)
        torch.cat(calls, out=record.pictures[:whole])
        record.replay()
        found = [output[:whole].clone().split(counts) for output in record.outputs]
        self._settle()  # callers read them on streams of their own
        return list(zip(*found, strict=True))


def _recorded(network: Network, side: int, device: str) -> Batches:
    pool = torch.cuda.graph_pool_handle()
    # The largest first, whose memory then serves the others.
    records = {size: _record(network, (size, side, side, 3), device, pool) for size in reversed(SIZES)}
    return Batches(records, lambda: torch.cuda.current_stream().synchronize())


def _record(network: Network, shape: tuple[int, ...], device: str, pool: tuple[int, int]) -> Record:
    """A GPU's work as a CUDA graph: launched at once, since one kernel after the other takes longer than they work."""
    pictures, aside = torch.zeros(shape, device=device), torch.cuda.Stream(device)
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(_WARM_UP):  # cuDNN chooses its ways, which it must not do while recording
            network(pictures)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool=pool):
        outputs = network(pictures)
    return Record(pictures, outputs, graph.replay)
