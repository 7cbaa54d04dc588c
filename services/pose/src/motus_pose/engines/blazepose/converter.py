"""TFLite networks as PyTorch modules: the operators that BlazePose's two networks use, and no others.

Within a network pictures are (n, channels, height, width), as PyTorch wants them, but lie in memory as in TFLite,
channels last; whatever goes by the order of the numbers, as reshaping does, goes by TFLite's.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from motus_pose.engines.blazepose.network_file import NetworkFile
from motus_pose.tflite import ModelError

_ACTIVATIONS: Final = {"NONE": (), "RELU": (nn.ReLU,), "RELU6": (nn.ReLU6,)}
HEAD: Final = 4
"""Sides, pixels, of the maps from which on a network is computed in float32."""
_PICTURE_AXES: Final = (0, 2, 3, 1)
"""Where PyTorch has TFLite's axes of pictures."""


class Network(nn.Module):  # type: ignore[misc]  # types are checked without torch
    """A network with one picture as its input.

    Args:
        model: TFLite file.
        trunk: what all but the head is computed in. The head, from maps of HEAD pixels a side on, stays in float32:
            it is small, and in half precision it is what makes points of the world centimetres wrong.

    Attributes:
        shapes: the outputs' shapes without the batch, in the file's order.

    Raises:
        ModelError: the file is damaged or has an operator that is not known here; the text names it.
    """

    def __init__(self, model: bytes, trunk: torch.dtype = torch.float32) -> None:
        super().__init__()
        file = NetworkFile(model)
        (self._input,), self._outputs = file.inputs, file.outputs
        self.shapes: Final = [file.shape(output)[1:] for output in file.outputs]
        self._used = [file.computed(operator) for operator in file.operators]
        self._made = [int(operator.outputs[0]) for operator in file.operators]
        self._spent = _spent(self._used, self._made, self._outputs)
        heads = [_in_head(file.shape(output)) for output in self._made]
        self._kinds = [torch.float32 if head else trunk for head in heads]
        modules = [_module(file, operator) for operator in file.operators]
        self._steps = nn.ModuleList(one.to(kind) for one, kind in zip(modules, self._kinds, strict=True))
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """The outputs, float32, in the file's order and shapes, of pictures (n, height, width, 3)."""
        held = {self._input: _as_in_torch(pictures)}
        steps = zip(self._steps, self._kinds, self._used, self._made, self._spent, strict=True)
        for step, kind, used, made, spent in steps:
            held[made] = step(*(held[tensor].to(kind) for tensor in used))
            for tensor in spent:
                del held[tensor]
        return tuple(_as_in_tflite(held[output]).float() for output in self._outputs)


def _spent(used: list[tuple[int, ...]], made: list[int], outputs: tuple[int, ...]) -> list[list[int]]:
    """What nobody needs any more after each step: its memory serves the next."""
    needed, spent = set(outputs), list[list[int]]()
    for inputs, output in zip(reversed(used), reversed(made), strict=True):
        spent.append([tensor for tensor in {*inputs, output} if tensor not in needed])
        needed.update(inputs)
    return spent[::-1]


def _module(file: NetworkFile, operator: Any) -> nn.Module:
    name = file.name(operator)
    if name not in _MAKERS:
        raise ModelError(f"the operator {name} is not known here")
    try:
        return _MAKERS[name](file, operator)
    except (ValueError, IndexError, RuntimeError) as error:
        raise ModelError(f"an operator {name} does not fit its weights: {error}") from None


def _in_head(shape: tuple[int, ...]) -> bool:
    return len(shape) < 4 or max(shape[1:3]) <= HEAD


class _Then(nn.Module):  # type: ignore[misc]
    """A function of tensors as a module."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self._function = function

    def forward(self, *tensors: Tensor) -> Tensor:
        return self._function(*tensors)


class _Chain(nn.Sequential):  # type: ignore[misc]
    """Modules one after the other, of which the first may take several tensors."""

    def forward(self, *tensors: Tensor) -> Tensor:
        for module in self:
            tensors = (module(*tensors),)
        return tensors[0]


def _activated(file: NetworkFile, operator: Any, *modules: nn.Module) -> nn.Module:
    """Modules, then the activation that TFLite fuses with an operator."""
    activation = file.activation(operator)
    if activation not in _ACTIVATIONS:
        raise ModelError(f"an operator {file.name(operator)} with the activation {activation} is not known here")
    return _Chain(*modules, *(make() for make in _ACTIVATIONS[activation]))


def _convolution(file: NetworkFile, operator: Any) -> nn.Module:
    """Weights are (out, height, width, in), of a convolution by channel (1, height, width, out)."""
    options, weights = operator.builtinOptions, file.constant(operator.inputs[1])
    by_channel = file.name(operator) == "DEPTHWISE_CONV_2D"
    out_in_height_width = weights.transpose(3, 0, 1, 2) if by_channel else weights.transpose(0, 3, 1, 2)
    outputs, inputs, *kernel = out_in_height_width.shape
    groups = file.shape(operator.inputs[0])[3] // inputs
    left, right, above, below = file.edges(operator, (kernel[0], kernel[1]))
    even, dilation = (left, above) == (right, below), (options.dilationHFactor, options.dilationWFactor)
    convolution = nn.Conv2d(
        groups * inputs, outputs, tuple(kernel), (options.strideH, options.strideW),
        padding=(above, left) if even else 0, groups=groups,
    )  # fmt: skip
    if dilation != (1, 1):
        raise ModelError(f"an operator {file.name(operator)} with dilation is not known here")
    convolution.weight = _parameter(out_in_height_width)
    convolution.bias = _parameter(file.constant(operator.inputs[2]))
    edges = () if even else (nn.ZeroPad2d((left, right, above, below)),)
    return _activated(file, operator, *edges, convolution)


def _parameter(values: Any) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.ascontiguousarray(values)), requires_grad=False)


def _add(file: NetworkFile, operator: Any) -> nn.Module:
    return _activated(file, operator, _Then(torch.add))


def _maximum(file: NetworkFile, operator: Any) -> nn.Module:
    options = operator.builtinOptions
    kernel = options.filterHeight, options.filterWidth
    edges = file.edges(operator, kernel)
    beyond = (nn.ConstantPad2d(edges, -torch.inf),) if any(edges) else ()
    return _activated(file, operator, *beyond, nn.MaxPool2d(kernel, (options.strideH, options.strideW)))


def _pad(file: NetworkFile, operator: Any) -> nn.Module:
    _, (above, below), (left, right), (front, back) = file.constant(operator.inputs[1]).tolist()
    return nn.ConstantPad3d((left, right, above, below, front, back), 0.0)


def _resize(file: NetworkFile, operator: Any) -> nn.Module:
    options = operator.builtinOptions
    if not options.halfPixelCenters:
        raise ModelError("an operator RESIZE_BILINEAR that does not go by the middles of pixels is not known here")
    return nn.Upsample(file.shape(operator.outputs[0])[1:3], mode="bilinear", align_corners=False)


def _reshape(file: NetworkFile, operator: Any) -> nn.Module:
    shape = file.shape(operator.outputs[0])[1:]
    return _Then(lambda tensor: _as_in_torch(_as_in_tflite(tensor).reshape(len(tensor), *shape)))


def _depth_to_space(file: NetworkFile, operator: Any) -> nn.Module:
    """Each pixel becomes a block of them; the block comes first in the channels, which pixel_shuffle has last."""
    block, channels = operator.builtinOptions.blockSize, file.shape(operator.outputs[0])[3]

    def spread(tensor: Tensor) -> Tensor:
        n, _, height, width = tensor.shape
        blocks = _as_in_tflite(tensor).reshape(n, height, width, block, block, channels).transpose(2, 3)
        return _as_in_torch(blocks.reshape(n, height * block, width * block, channels))

    return _Then(spread)


def _concatenation(file: NetworkFile, operator: Any) -> nn.Module:
    axis, axes = operator.builtinOptions.axis, len(file.shape(operator.outputs[0]))
    place = _PICTURE_AXES[axis] if axes == len(_PICTURE_AXES) else axis
    return _activated(file, operator, _Then(lambda *tensors: torch.cat(tensors, place)))


def _logistic(file: NetworkFile, operator: Any) -> nn.Module:
    return nn.Sigmoid()


def _as_in_tflite(tensor: Tensor) -> Tensor:
    return tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor


def _as_in_torch(tensor: Tensor) -> Tensor:
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor


_MAKERS: Final[dict[str, Callable[[NetworkFile, Any], nn.Module]]] = {
    "ADD": _add,
    "CONCATENATION": _concatenation,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "DEPTH_TO_SPACE": _depth_to_space,
    "LOGISTIC": _logistic,
    "MAX_POOL_2D": _maximum,
    "PAD": _pad,
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize,
}
