"""The landmark network in two: a trunk that may run in bfloat16, and the heads that must not.

Points and metres come from convolutions over the last feature map; in bfloat16 those lose ten centimetres, while the
trunk before them loses a few millimetres.
"""

from dataclasses import dataclass
from typing import Any

import openvino
from openvino import opset15

from motus_pose.engines.port import EngineError

_HEAD_KINDS = ("Convolution", "MatMul")


@dataclass(frozen=True)
class Halves:
    """The two models.

    Attributes:
        trunk: from the picture to the features, and then the outputs that have no head, in their order.
        heads: from the features to the other outputs, in their order.
        of_heads: which of the network's outputs are the heads'.
    """

    trunk: Any
    heads: Any
    of_heads: tuple[int, ...]


def halves(network: Any, of_heads: tuple[int, ...]) -> Halves:
    """Cut a network before the convolutions that some of its outputs come from; the network itself is used up.

    Args:
        network: the network.
        of_heads: outputs that get a head in full precision.

    Raises:
        EngineError: those outputs do not come from one feature map.
    """
    results = network.get_results()
    convolutions = [_last_convolution(results[slot]) for slot in of_heads]
    features = convolutions[0].input_value(0)
    if any(one.input_value(0) != features for one in convolutions):
        raise EngineError("not BlazePose's landmark network: its points do not come from one feature map")
    others = [result for slot, result in enumerate(results) if slot not in of_heads]
    entry = opset15.parameter(features.get_partial_shape(), features.get_element_type())
    for convolution in convolutions:
        convolution.input(0).replace_source_output(entry.output(0))
    trunk = openvino.Model([opset15.result(features), *others], network.get_parameters())
    return Halves(trunk, openvino.Model([results[slot] for slot in of_heads], [entry]), of_heads)


def _last_convolution(result: Any) -> Any:
    node = result
    while node.get_type_name() not in _HEAD_KINDS:
        values = [node.input_value(i).get_node() for i in range(node.get_input_size())]
        ahead = [one for one in values if not _is_constant(one)]
        if len(ahead) != 1:
            raise EngineError("not BlazePose's landmark network: its points come from no convolution")
        node = ahead[0]
    return node


def _is_constant(node: Any) -> bool:
    if node.get_type_name() == "Constant":
        return True
    size = node.get_input_size()
    return size > 0 and all(_is_constant(node.input_value(i).get_node()) for i in range(size))
