"""The segmentation branch: gone, without a trace in the landmarks."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from motus_pose.bundle import DETECTOR, LANDMARK
from motus_pose.engines.mediapipe_engine import MediapipeEngine
from motus_pose.engines.port import PersonPose
from motus_pose.picture import Picture
from motus_pose.pruning import without_segmentation
from motus_pose.tflite import MODEL, ModelError, packed, read_model, schema

IMAGE, TRUNK, FLAG, MASK, POINTS = range(5)
SHAPES = {IMAGE: [1, 4, 4, 3], TRUNK: [1, 2, 2, 8], FLAG: [1, 1], MASK: [1, 4, 4, 1], POINTS: [1, 6]}
TO_TRUNK, TO_FLAG, TO_MASK, TO_POINTS = (IMAGE, TRUNK), (TRUNK, FLAG), (TRUNK, MASK), (TRUNK, POINTS)


def _network(outputs: list[int], steps: list[tuple[int, int]]) -> bytes:
    """A network of the tensors above, an operator for each step from one tensor to another."""
    tree = schema("schema_py_generated")
    graph = tree.SubGraphT(inputs=[IMAGE], outputs=outputs)
    graph.tensors = [tree.TensorT(shape=shape, name=str(number)) for number, shape in SHAPES.items()]
    graph.operators = [tree.OperatorT(inputs=[start, -1], outputs=[end]) for start, end in steps]
    code = tree.OperatorCodeT(builtinCode=tree.BuiltinOperator.CUSTOM)
    return packed(tree.ModelT(version=3, subgraphs=[graph], operatorCodes=[code], buffers=[tree.BufferT()]), MODEL)


def _graph(model: bytes) -> Any:
    return read_model(model).subgraphs[0]


def _bits(seen: tuple[PersonPose, ...]) -> list[tuple[bytes, bytes]]:
    return [(pose.image.tobytes(), b"" if pose.world is None else pose.world.tobytes()) for pose in seen]


def test_landmarks_are_the_same_to_the_last_bit(model: Path, stock: Path, pictures: list[NDArray[np.uint8]]) -> None:
    """On every picture of a tracked athlete the pruned bundle says exactly what the stock one says."""
    pruned_engine, stock_engine = MediapipeEngine(model), MediapipeEngine(stock)

    seen = [
        (pruned_engine.detect(Picture.of(p), i * 33), stock_engine.detect(Picture.of(p), i * 33))
        for i, p in enumerate(pictures)
    ]
    pruned_engine.close()
    stock_engine.close()

    assert all(len(pruned) == 1 for pruned, _ in seen)
    assert [_bits(pruned) for pruned, _ in seen] == [_bits(original) for _, original in seen]


def test_only_what_the_mask_alone_needs_goes() -> None:
    """The mask's operators go, its slot shows the pose flag, and all else stays in its order."""
    network = _network([POINTS, FLAG, MASK], [TO_TRUNK, TO_MASK, TO_FLAG, TO_POINTS])

    graph = _graph(without_segmentation(network))

    assert list(graph.outputs) == [POINTS, FLAG, FLAG]
    assert [(step.inputs[0], step.outputs[0]) for step in graph.operators] == [TO_TRUNK, TO_FLAG, TO_POINTS]
    assert [list(tensor.shape) for tensor in graph.tensors] == list(SHAPES.values())


@pytest.mark.parametrize(
    ("outputs", "steps"),
    [
        pytest.param([POINTS, FLAG], [TO_TRUNK, TO_FLAG, TO_POINTS], id="no mask"),
        pytest.param([POINTS, MASK], [TO_TRUNK, TO_MASK, TO_POINTS], id="no pose flag"),
        pytest.param([POINTS, FLAG, MASK, MASK], [TO_TRUNK, TO_FLAG, TO_MASK, TO_POINTS], id="two masks"),
    ],
)
def test_network_without_such_a_branch_is_left_alone(outputs: list[int], steps: list[tuple[int, int]]) -> None:
    """A network that is not built like the landmark network keeps every byte."""
    network = _network(outputs, steps)

    assert without_segmentation(network) is network


def test_detector_and_pruned_network_are_left_alone(model: Path) -> None:
    """Neither the detector nor a network that was pruned before has a branch to take out."""
    with zipfile.ZipFile(model) as archive:
        networks = [archive.read(DETECTOR), archive.read(LANDMARK)]

    assert all(without_segmentation(network) is network for network in networks)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        pytest.param(b"", "not a TFLite model", id="empty"),
        pytest.param(b"PK\3\4 a bundle, not a network", "not a TFLite model", id="another kind of file"),
        pytest.param(_network([FLAG, MASK], [TO_TRUNK, TO_FLAG])[:200], "damaged TFLite model", id="cut off"),
        pytest.param(b"\xff\xff\xff\x7fTFL3" + bytes(64), "damaged TFLite model", id="offset beyond the end"),
        pytest.param(_network([FLAG, 99], [TO_TRUNK]), "a tensor that is not there", id="output that is not there"),
        pytest.param(_network([FLAG], [(IMAGE, -7)]), "a tensor that is not there", id="negative tensor"),
    ],
)
def test_what_is_no_network_is_refused_in_words(network: bytes, said: str) -> None:
    """A file of another kind, a damaged or a hostile one is named as such."""
    with pytest.raises(ModelError, match=said):
        without_segmentation(network)


@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_damage_gets_past_the_error(changes: list[tuple[int, int]]) -> None:
    """Whatever bytes are changed, the answer is a network or a ModelError, never another error."""
    damaged = bytearray(_network([POINTS, FLAG, MASK], [TO_TRUNK, TO_MASK, TO_FLAG, TO_POINTS]))
    for place, value in changes:
        damaged[place % len(damaged)] = value

    try:
        answer = without_segmentation(bytes(damaged))
    except ModelError as error:
        answer = str(error).encode()

    assert answer
