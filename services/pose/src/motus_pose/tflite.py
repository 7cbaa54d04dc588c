"""TFLite model files as trees of objects, with the schema that the installed mediapipe ships."""

import importlib.util
import struct
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import flatbuffers
import numpy as np

MODEL: Final = b"TFL3"
METADATA: Final = b"M001"

_ALIGNMENT: Final = 16
_IDENTIFIER: Final = slice(4, 8)
# What the generated readers run into when offsets and lengths are nonsense.
_BROKEN: Final = (struct.error, ValueError, TypeError, AttributeError, IndexError, OverflowError, MemoryError)


class ModelError(Exception):
    """A model file, or what is needed to read one, is not what it should be; the text says what is wrong."""


def read_model(data: bytes) -> Any:
    """The tree (`ModelT`) of a model file; ModelError for what is none or is broken.

    Broken means that the tree cannot be read or names tensors that are not there; weights are not looked at.
    """
    if data[_IDENTIFIER] != MODEL:
        raise ModelError(f"not a TFLite model: it does not say {MODEL.decode()} at byte {_IDENTIFIER.start}")
    try:
        tree = schema("schema_py_generated").ModelT.InitFromPackedBuf(data, 0)
        dangling = any(_has_dangling_tensors(graph) for graph in tree.subgraphs)
    except _BROKEN as error:
        raise ModelError(f"a damaged TFLite model: {error}") from None
    if dangling:
        raise ModelError("a damaged TFLite model: an operator or output names a tensor that is not there")
    return tree


def packed(tree: Any, identifier: bytes) -> bytes:
    """A tree of the schema as a file, the same bytes each time; `identifier` is MODEL or METADATA."""
    builder = _AligningBuilder(1 << 20)
    builder.Finish(tree.Pack(builder), file_identifier=identifier)
    return bytes(builder.Output())


@cache
def schema(name: str) -> ModuleType:
    """A generated schema of the installed mediapipe, loaded alone: all of mediapipe needs system libraries."""
    package = importlib.util.find_spec("mediapipe")
    if package is None or package.origin is None:
        raise ModelError("mediapipe is not installed: install motus-pose with its dependencies")
    file = Path(package.origin).parent / "tasks" / "metadata" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"motus_pose._{name}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise ModelError(f"mediapipe has no {file.name}: install the locked version")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _has_dangling_tensors(graph: Any) -> bool:
    """Whether a graph names a tensor that it lacks; -1 stands for an operator's input that is left out."""
    named = [*graph.inputs, *graph.outputs]
    for operator in graph.operators:
        named += [*operator.outputs, *(tensor for tensor in operator.inputs if tensor != -1)]
    return not all(0 <= tensor < len(graph.tensors) for tensor in named)


class _AligningBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Aligns byte vectors as TFLite's schema asks (`force_align: 16`), which the generated Python code leaves out."""

    def CreateNumpyVector(self, x: "np.ndarray[Any, Any]") -> int:
        if x.dtype == np.uint8:
            self.Prep(_ALIGNMENT, x.size)
        return int(super().CreateNumpyVector(x))
