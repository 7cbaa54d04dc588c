"""Pure core: what a TFLite file says of its network, numbers unpacked from half precision and from the sparse form."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.tflite import ModelError, read_model, schema

CONSTANTS: Final = ("DEQUANTIZE", "DENSIFY")
"""Operators that only unpack constants; they are done here."""


class NetworkFile:
    """A TFLite file with one graph.

    Args:
        model: the file.

    Attributes:
        inputs, outputs: numbers of tensors, in the file's order.
        operators: in the order of execution, without those of CONSTANTS.

    Raises:
        ModelError: not a TFLite file, or a damaged one.
    """

    def __init__(self, model: bytes) -> None:
        self._tree, self._schema = read_model(model), schema("schema_py_generated")
        if len(self._tree.subgraphs) != 1:
            raise ModelError(f"a TFLite model of {len(self._tree.subgraphs)} graphs; one is known here")
        (graph,) = self._tree.subgraphs
        self._tensors = graph.tensors
        self._makers = {operator.outputs[0]: operator for operator in graph.operators}
        self._names = _names(self._schema.BuiltinOperator)
        self.inputs, self.outputs = tuple(graph.inputs), tuple(graph.outputs)
        self.operators: Final = [one for one in graph.operators if self.name(one) not in CONSTANTS]

    def name(self, operator: Any) -> str:
        """The operator's name, as `CONV_2D`."""
        code = self._tree.operatorCodes[operator.opcodeIndex]
        return self._names[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def activation(self, operator: Any) -> str:
        """What an operator does to its result, as `RELU6`; `NONE` for nothing."""
        return _names(self._schema.ActivationFunctionType)[operator.builtinOptions.fusedActivationFunction]

    def edges(self, operator: Any, kernel: tuple[int, int]) -> tuple[int, int, int, int]:
        """How much to add left, right, above and below of an operator's input, pixels.

        TFLite adds just what is needed, so at a stride of two right and lower edge may get one more.
        """
        options, sides = operator.builtinOptions, self.shape(operator.inputs[0])[1:3]
        if options.padding == self._schema.Padding.VALID:
            return 0, 0, 0, 0
        steps = options.strideH, options.strideW
        tall, wide = (
            max((-(-side // step) - 1) * step + size - side, 0)
            for side, step, size in zip(sides, steps, kernel, strict=True)
        )
        return wide // 2, wide - wide // 2, tall // 2, tall - tall // 2

    def shape(self, tensor: int) -> tuple[int, ...]:
        """A tensor's shape, the batch of one included."""
        return tuple(map(int, self._tensors[tensor].shape))

    def computed(self, operator: Any) -> tuple[int, ...]:
        """The operator's inputs that depend on the picture."""
        return tuple(int(tensor) for tensor in operator.inputs if not self._is_constant(tensor))

    def constant(self, tensor: int) -> NDArray[Any]:
        """A constant's numbers: float32, or int32 for shapes and the like.

        Raises:
            ModelError: it is none, or packed in a way that is not known here.
        """
        if not self._is_constant(tensor):
            raise ModelError("weights that are computed are not known here")
        maker = self._makers.get(tensor)
        values = self._stored(tensor) if maker is None else self.constant(maker.inputs[0])
        return values.astype(np.float32) if values.dtype == np.float16 else values

    def _is_constant(self, tensor: int) -> bool:
        maker = self._makers.get(tensor)
        if maker is None:
            return tensor not in self.inputs
        return self.name(maker) in CONSTANTS and self._is_constant(maker.inputs[0])

    def _stored(self, tensor: int) -> NDArray[Any]:
        stored, kinds = self._tensors[tensor], self._schema.TensorType
        kind = {kinds.FLOAT32: np.float32, kinds.FLOAT16: np.float16, kinds.INT32: np.int32}.get(stored.type)
        if tensor < 0 or kind is None:
            raise ModelError("an operator without weights, or with quantised ones, is not known here")
        values = np.frombuffer(np.asarray(self._tree.buffers[stored.buffer].data, np.uint8).tobytes(), kind)
        if stored.sparsity is not None:
            values = _dense(values, stored.sparsity, self.shape(tensor))
        return values.reshape(self.shape(tensor))


def _dense(values: NDArray[Any], sparsity: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """The whole of a tensor of whose last axis only some places are stored, the others being 0."""
    *others, last = sparsity.dimMetadata
    ordered = list(sparsity.traversalOrder) == list(range(len(shape)))
    if sparsity.blockMap is not None or not ordered or any(axis.arraySegments is not None for axis in others):
        raise ModelError("an operator DENSIFY of blocks, or of another axis than the last, is not known here")
    whole = np.zeros((int(np.prod(shape[:-1])), shape[-1]), values.dtype)
    ends: NDArray[np.intp] = np.asarray(last.arraySegments.values, np.intp)
    rows = np.repeat(np.arange(len(whole)), ends[1:] - ends[:-1])
    whole[rows, np.asarray(last.arrayIndices.values, np.intp)] = values
    return whole


def _names(kinds: type) -> dict[int, str]:
    return {value: name for name, value in vars(kinds).items() if isinstance(value, int)}
