"""BlazePose's two networks from TFLite to PyTorch: the operators that they use, and no others.

Tensors are NCHW here and NHWC there, which shows where numbers are counted through: in reshapes, joins, and when depth
becomes space. TensorFlow pads `SAME` on the right and below by one more where the padding is odd. Weights are stored as
float16, some of them sparse.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from motus_pose.tflite import ModelError, read_model, schema

_KINDS: Final = {0: "<f4", 1: "<f2", 2: "<i4"}
_SAME: Final = 0
_RELU6: Final = 3
_CSR: Final = 1
_UNPACKING: Final = ("DEQUANTIZE", "DENSIFY")
Step = Callable[[Sequence[Tensor]], Tensor]


class Converted(nn.Module):
    """A network of the TFLite file's operators.

    Args:
        network: the file.
        precise: outputs whose last convolution stays in float32, whatever the others are converted to.

    Raises:
        ModelError: the file is damaged, or has an operator that neither network has.
    """

    def __init__(self, network: bytes, precise: Sequence[int] = ()) -> None:
        super().__init__()
        tree = read_model(network)
        (self._graph,) = tree.subgraphs
        self._names = _operator_names(tree)
        constants = _constants(tree, self._graph, self._names)
        steps = [one for one in self._graph.operators if self._names[one.opcodeIndex] not in _UNPACKING]
        heads = {_head(steps, self._graph.outputs[slot], self._names) for slot in precise}
        self._steps = list[tuple[list[int], int, bool]]()
        self._run = nn.ModuleList()
        for number, step in enumerate(steps):
            fed = [tensor for tensor in step.inputs if tensor != -1 and tensor not in constants]
            self._steps.append((fed, step.outputs[0], number in heads))
            self._run.append(_module(step, self._names[step.opcodeIndex], constants, self._graph))

    def forward(self, picture: Tensor) -> list[Tensor]:
        """The outputs, in the order and with the axes of the file, of pictures (n, rows, columns, 3)."""
        known = {self._graph.inputs[0]: picture.permute(0, 3, 1, 2)}
        for (fed, gives, precise), module in zip(self._steps, self._run, strict=True):
            values = [known[tensor].float() if precise else known[tensor] for tensor in fed]
            known[gives] = module(*values)
        found = (known[tensor].float() for tensor in self._graph.outputs)
        return [one.permute(0, 2, 3, 1) if one.dim() == 4 else one for one in found]

    def lower(self, kind: torch.dtype) -> "Converted":
        """The same with its weights in another precision, except for the precise ones."""
        for (_, _, precise), module in zip(self._steps, self._run, strict=True):
            if not precise:
                module.to(kind)
        return self


class _Convolution(nn.Module):
    def __init__(
        self, options: Any, weights: NDArray[np.float32], bias: NDArray[np.float32] | None, groups: int
    ) -> None:
        super().__init__()
        self._weights = nn.Parameter(torch.from_numpy(weights), requires_grad=False)
        self._bias = None if bias is None else nn.Parameter(torch.from_numpy(bias), requires_grad=False)
        self._stride, self._same = (options.strideH, options.strideW), options.padding == _SAME
        self._relu6, self._groups = options.fusedActivationFunction == _RELU6, groups

    def forward(self, x: Tensor) -> Tensor:
        x = _padded(x, self._weights.shape[2:], self._stride) if self._same else x
        x = functional.conv2d(x, self._weights, self._bias, self._stride, groups=self._groups)
        return functional.relu6(x) if self._relu6 else x


class _Plain(nn.Module):
    """An operator without weights."""

    def __init__(self, call: Callable[..., Tensor]) -> None:
        super().__init__()
        self._call = call

    def forward(self, *values: Tensor) -> Tensor:
        return self._call(*values)


def _module(step: Any, name: str, constants: dict[int, NDArray[Any]], graph: Any) -> nn.Module:
    options = step.builtinOptions
    given = [constants.get(tensor) for tensor in step.inputs]
    if name == "CONV_2D":
        return _Convolution(options, _dense(given[1], (0, 3, 1, 2)), given[2], 1)
    if name == "DEPTHWISE_CONV_2D":
        weights = _dense(given[1], (3, 0, 1, 2))
        return _Convolution(options, weights, given[2], len(weights))
    shape = tuple(int(side) for side in graph.tensors[step.outputs[0]].shape)
    plain: dict[str, Callable[..., Tensor]] = {
        "ADD": lambda a, b: _active(a + b, options),
        "PAD": lambda x: functional.pad(x, _sides(given[1])),
        "MAX_POOL_2D": lambda x: functional.max_pool2d(x, options.filterHeight, options.strideH),
        "RESIZE_BILINEAR": lambda x: functional.interpolate(x, shape[1:3], mode="bilinear", align_corners=False),
        "RESHAPE": lambda x: (x.permute(0, 2, 3, 1) if x.dim() == 4 else x).reshape(len(x), *shape[1:]),
        "CONCATENATION": lambda *parts: torch.cat(parts, dim=options.axis),
        "DEPTH_TO_SPACE": lambda x: _to_space(x, options.blockSize),
        "LOGISTIC": torch.sigmoid,
    }
    if name not in plain:
        raise ModelError(f"a TFLite operator that BlazePose's networks do not have: {name}")
    return _Plain(plain[name])


def _active(x: Tensor, options: Any) -> Tensor:
    return functional.relu6(x) if options.fusedActivationFunction == _RELU6 else x


def _padded(x: Tensor, kernel: Sequence[int], stride: tuple[int, int]) -> Tensor:
    """Padded as TensorFlow's SAME: as many outputs as strides fit in, and the odd one on the right and below."""
    sides = list[int]()
    for size, width, step in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max((-(-size // step) - 1) * step + width - size, 0)
        sides += [total // 2, total - total // 2]
    return functional.pad(x, sides) if any(sides) else x


def _sides(paddings: NDArray[Any] | None) -> list[int]:
    """TFLite's paddings of batch, rows, columns, channels as PyTorch's: from the last axis of NCHW to the first."""
    assert paddings is not None
    (_, rows, columns, channels) = paddings.tolist()
    return [*columns, *rows, *channels]


def _to_space(x: Tensor, block: int) -> Tensor:
    """Depth to space in TensorFlow's order, where the block comes before the channel."""
    n, depth, rows, columns = x.shape
    parts = x.view(n, block, block, depth // block**2, rows, columns).permute(0, 3, 4, 1, 5, 2)
    return parts.reshape(n, depth // block**2, rows * block, columns * block)


def _dense(weights: NDArray[Any] | None, axes: tuple[int, ...]) -> NDArray[np.float32]:
    assert weights is not None
    return np.ascontiguousarray(weights.transpose(axes), np.float32)


def _operator_names(tree: Any) -> dict[int, str]:
    every = {number: name for name, number in vars(schema("schema_py_generated").BuiltinOperator).items()}
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in tree.operatorCodes]
    return {index: every[code] for index, code in enumerate(codes)}


def _constants(tree: Any, graph: Any, names: dict[int, str]) -> dict[int, NDArray[Any]]:
    """Arrays by tensor, those that operators unpack included."""
    found = {}
    for number, tensor in enumerate(graph.tensors):
        data = tree.buffers[tensor.buffer].data
        if data is not None and len(data):
            flat = np.frombuffer(bytes(data), _KINDS[tensor.type])
            found[number] = flat.reshape(tensor.shape) if tensor.sparsity is None else _unpacked(flat, tensor)
    for step in graph.operators:
        if names[step.opcodeIndex] in _UNPACKING:
            found[step.outputs[0]] = found[step.inputs[0]].astype(np.float32)
    return found


def _unpacked(values: NDArray[Any], tensor: Any) -> NDArray[Any]:
    """A kernel of which the last axis is sparse: compressed rows, the other axes in their order."""
    *outer, last = tensor.sparsity.dimMetadata
    if tensor.sparsity.blockMap is not None or any(one.format == _CSR for one in outer) or last.format != _CSR:
        raise ModelError("a sparse tensor of another layout than BlazePose's")
    begins, columns = (np.asarray(one.values) for one in (last.arraySegments, last.arrayIndices))
    dense = np.zeros((len(begins) - 1, int(tensor.shape[-1])), values.dtype)
    dense[np.repeat(np.arange(len(begins) - 1), np.diff(begins)), columns] = values
    return dense.reshape(tensor.shape)


def _head(steps: Sequence[Any], output: int, names: dict[int, str]) -> int:
    """Which step is the last convolution before an output."""
    wanted = output
    for number in reversed(range(len(steps))):
        if steps[number].outputs[0] == wanted:
            if names[steps[number].opcodeIndex] == "CONV_2D":
                return number
            wanted = steps[number].inputs[0]
    raise ModelError("an output that comes from no convolution")
