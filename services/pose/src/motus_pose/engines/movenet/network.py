"""The network on OpenVINO, in float32 on one thread; a TFLite file with the interface of MoveNet SinglePose."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino
from numpy.typing import NDArray

from motus_pose.engines.port import EngineError

KEYPOINTS: Final = 17
# Pinned, the networks of all streams and of all processes on a machine would share its first core.
_OPTIONS: Final = {
    "INFERENCE_PRECISION_HINT": "f32",
    "NUM_STREAMS": 1,
    "INFERENCE_NUM_THREADS": 1,
    "ENABLE_CPU_PINNING": False,
}


class Network:
    """The compiled network; engines share it and each takes a request of its own.

    Args:
        path: a TFLite file.

    Raises:
        EngineError: OpenVINO cannot use it, or its inputs and outputs are not MoveNet's.
    """

    def __init__(self, path: Path) -> None:
        try:
            model = openvino.Core().read_model(path)
            self.side: Final = _side(model)
            self._kind = model.inputs[0].get_element_type().to_dtype()
            self._compiled = openvino.Core().compile_model(model, "CPU", _OPTIONS)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot use {path}: {error}") from None

    def request(self) -> Any:
        """What runs it, for one stream."""
        return self._compiled.create_infer_request()

    def points(self, request: Any, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(17, 3) y, x in fractions of the picture and score, of a picture (side, side, 3)."""
        try:
            request.infer({0: rgb[None].astype(self._kind)})
        except RuntimeError as error:
            raise EngineError(f"OpenVINO failed: {error}") from None
        said: NDArray[np.float64] = request.output_tensors[0].data.reshape(KEYPOINTS, 3).astype(np.float64)
        return said


def _side(model: Any) -> int:
    shapes = [tuple(one.shape) for one in (*model.inputs, *model.outputs)]
    match shapes:
        case [(1, height, width, 3), (1, 1, 17, 3)] if height == width:
            return int(height)
    raise EngineError(f"not MoveNet SinglePose: its input and output are {shapes}, not (1, n, n, 3) and (1, 1, 17, 3)")
