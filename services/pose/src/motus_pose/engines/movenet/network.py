"""MoveNet's network: a TFLite file, run by OpenVINO in float32."""

from typing import Any, Final

import numpy as np
import openvino
from numpy.typing import NDArray

from motus_pose.engines.compiled import Stage, read
from motus_pose.engines.movenet.crop import KEYPOINTS
from motus_pose.engines.port import EngineError

_ANSWER: Final = (1, 1, KEYPOINTS, 3)
# What the published files take: all of them values from 0 to 255, only the type differs.
_TYPES: Final = {"u8": np.uint8, "i32": np.int32, "f32": np.float32}


class Network:
    """The network, shared by all streams.

    Args:
        file: The TFLite file.
        name: What it is called in an error.

    Attributes:
        side: Of the square that it takes, pixels.

    Raises:
        EngineError: OpenVINO cannot use it, or it is no MoveNet SinglePose.
    """

    def __init__(self, file: bytes, name: str) -> None:
        self._core = openvino.Core()
        try:
            self._model = read(self._core, file)
        except RuntimeError as error:
            raise EngineError(f"{name}: OpenVINO cannot use the pose model: {error}") from None
        if not _is_movenet(self._model):
            raise EngineError(
                f"{name} is no MoveNet SinglePose: it must take one square picture (1, side, side, 3) of uint8, int32 "
                f"or float32 and answer float32 {_ANSWER}, but takes {_ports(self._model.inputs)} and answers "
                f"{_ports(self._model.outputs)}"
            )
        self.side: Final = int(self._model.input(0).shape[1])
        self._type = _TYPES[self._model.input(0).element_type.to_string()]

    def stage(self) -> Stage:
        """What runs it, for one stream."""
        return Stage(self._core, self._model)

    def look(self, stage: Stage, square: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The keypoints (17, 3) in a square (side, side, 3): y, x in its fractions, score from 0 to 1."""
        (answer,) = stage.run(square[None].astype(self._type))
        if not np.isfinite(answer).all():
            raise EngineError("the network answers what is no number")
        keypoints: NDArray[np.float32] = answer[0, 0].copy()
        return keypoints


def _is_movenet(model: Any) -> bool:
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return False
    picture, answer = model.input(0), model.output(0)
    if not picture.partial_shape.is_static or not answer.partial_shape.is_static:
        return False
    shape = tuple(picture.shape)
    square = len(shape) == 4 and shape == (1, shape[1], shape[1], 3)
    typed = picture.element_type.to_string() in _TYPES and answer.element_type.to_string() == "f32"
    return square and typed and tuple(answer.shape) == _ANSWER


def _ports(ports: list[Any]) -> str:
    return ", ".join(f"{port.element_type.to_string()} {port.partial_shape}" for port in ports)
