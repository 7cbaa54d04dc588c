"""OpenVINO on the CPU: both networks in float32, shared by all streams of a process.

Each pair of compiled networks works on one thread: on several, one picture costs more in all. A process has as many
pairs as it needs at a time, one per core at most.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock
from typing import Any, Final

import numpy as np
import openvino
from numpy.typing import NDArray

from motus_pose.engines.blazepose.points import Answer, slots_of
from motus_pose.engines.port import EngineError

_OPTIONS: Final = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1}
_Array = NDArray[np.float32]


class Networks:
    """The networks, of which any number of runners take a compiled pair for as long as they look.

    Args:
        detector: TFLite file of the detector.
        landmarks: TFLite file of the landmark network, with or without its segmentation branch.

    Raises:
        EngineError: OpenVINO cannot use them.
    """

    def __init__(self, detector: bytes, landmarks: bytes) -> None:
        self._core, self._lock = openvino.Core(), Lock()
        try:
            self._models = _read(self._core, detector), _read(self._core, landmarks)
            self.slots: Final = slots_of([tuple(output.shape)[1:] for output in self._models[1].outputs])
            first = self._compiled()
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot use the pose model: {error}") from None
        self._free: LifoQueue[tuple[Any, Any]] = LifoQueue()
        self._free.put(first)
        self._left = (os.cpu_count() or 1) - 1

    @contextmanager
    def pair(self) -> Iterator[tuple[Any, Any]]:
        """Requests of the detector and of the landmark network, nobody else's meanwhile; waits while all are taken."""
        requests = self._take()
        try:
            yield requests
        finally:
            self._free.put(requests)

    def _take(self) -> tuple[Any, Any]:
        try:
            return self._free.get_nowait()
        except Empty:
            pass
        with self._lock:
            more, self._left = self._left > 0, max(self._left - 1, 0)
        return self._compiled() if more else self._free.get()

    def _compiled(self) -> tuple[Any, Any]:
        detector, landmarks = (self._core.compile_model(one, "CPU", _OPTIONS) for one in self._models)
        return detector.create_infer_request(), landmarks.create_infer_request()


class OpenvinoRunner:
    """Runs the networks for one stream.

    Args:
        networks: The networks.
    """

    device: Final = "cpu"

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def detect(self, picture: _Array) -> tuple[_Array, _Array]:
        """See `Runner.detect`."""
        with self._networks.pair() as (request, _):
            boxes, scores = sorted(_run(request, picture), key=lambda one: -one.shape[-1])
            return boxes[0].copy(), scores[0, :, 0].copy()

    def locate(self, squares: _Array) -> Answer:
        """See `Runner.locate`; the network takes one at a time, since more at once gain nothing on a CPU."""
        with self._networks.pair() as (_, request):
            outputs = [request.output_tensors[slot].shape[1:] for slot in self._networks.slots]
            columns = [np.empty((len(squares), *shape), np.float32) for shape in outputs]
            for row, square in enumerate(squares):
                found = _run(request, square[None])
                for column, slot in zip(columns, self._networks.slots, strict=True):
                    column[row] = found[slot][0]
        points, flags, heat, world = columns
        return Answer(points, flags[:, 0], heat, world)


def _read(core: openvino.Core, network: bytes) -> Any:
    """A network; OpenVINO reads TFLite from files only."""
    with tempfile.TemporaryDirectory(prefix="motus-pose-") as folder:
        path = Path(folder) / "network.tflite"
        path.write_bytes(network)
        return core.read_model(path)


def _run(request: Any, picture: _Array) -> list[_Array]:
    """The outputs, which live until somebody's next run."""
    try:
        request.infer({0: picture}, share_inputs=True, share_outputs=True)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO failed: {error}") from None
    return [tensor.data for tensor in request.output_tensors]
