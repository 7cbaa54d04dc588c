"""Takes the segmentation branch out of BlazePose's landmark network, which computes it also when nobody wants masks.

The branch refines features up to the full size of the input: a tenth of the network's arithmetic, a quarter of its time
or more. Nothing but the mask depends on it, so without it every other output is the same to the last bit.
"""

from collections.abc import Iterable
from typing import Any

from motus_pose.tflite import MODEL, packed, read_model


def without_segmentation(model: bytes) -> bytes:
    """The network without the operators that only its mask needs, or `model` itself when it has no such branch.

    MediaPipe wants five outputs, so the mask's slot stays and shows the pose flag; MediaPipe refuses to make a mask of
    that and says so. Tensors keep their numbers, and the branch's weights (4 KB) stay in the file, unused.

    Args:
        model: a TFLite file. Its mask is the output as high and wide as the image input, with one channel; its pose
            flag is the output of one element.

    Raises:
        ModelError: not a TFLite file, or a damaged one.
    """
    tree = read_model(model)
    if len(tree.subgraphs) != 1 or tree.signatureDefs:
        return model
    (graph,) = tree.subgraphs
    shapes = [_shape(graph, tensor) for tensor in graph.outputs]
    masks = [slot for slot, shape in enumerate(shapes) if shape in _mask_shapes(graph)]
    flags = [slot for slot, shape in enumerate(shapes) if shape == (1, 1)]
    if len(masks) != 1 or len(flags) != 1:
        return model
    outputs = list(graph.outputs)
    outputs[masks[0]] = outputs[flags[0]]
    graph.outputs, graph.operators = outputs, _needed(graph.operators, outputs)
    return packed(tree, MODEL)


def _mask_shapes(graph: Any) -> list[tuple[int, ...]]:
    return [(*_shape(graph, tensor)[:-1], 1) for tensor in graph.inputs if len(_shape(graph, tensor)) == 4]


def _shape(graph: Any, tensor: int) -> tuple[int, ...]:
    shape = graph.tensors[tensor].shape
    return () if shape is None else tuple(map(int, shape))


def _needed(operators: Iterable[Any], outputs: Iterable[int]) -> list[Any]:
    """The operators that lead to `outputs`, in their order; TFLite stores them in the order of execution."""
    needed, kept = set(outputs), []
    for operator in reversed(list(operators)):
        if needed.intersection(operator.outputs):
            needed.update(operator.inputs)
            kept.append(operator)
    return kept[::-1]
