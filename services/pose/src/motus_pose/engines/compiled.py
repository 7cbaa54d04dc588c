"""Networks from TFLite files, compiled by OpenVINO for one thread of the CPU."""

import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino
from numpy.typing import NDArray

from motus_pose.engines.port import EngineError

# Pinned, the networks of all streams and of all processes on a machine would share its first core.
OPTIONS: Final = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}


class Stage:
    """A model that is compiled, with a request of its own.

    Args:
        core: OpenVINO.
        model: what it runs.
        precision: `f32` or `bf16`.
    """

    def __init__(self, core: openvino.Core, model: Any, precision: str = "f32") -> None:
        compiled = core.compile_model(model, "CPU", {**OPTIONS, "INFERENCE_PRECISION_HINT": precision})
        self._request = compiled.create_infer_request()

    def run(self, picture: NDArray[Any]) -> list[NDArray[np.float32]]:
        """The outputs, which live until the next run."""
        try:
            self._request.infer({0: picture}, share_inputs=True, share_outputs=True)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO failed: {error}") from None
        return [tensor.data for tensor in self._request.output_tensors]


def read(core: openvino.Core, network: bytes) -> Any:
    """A network; OpenVINO reads TFLite from files only."""
    with tempfile.TemporaryDirectory(prefix="motus-pose-") as folder:
        path = Path(folder) / "network.tflite"
        path.write_bytes(network)
        return core.read_model(path)
