"""Frozen values as bytes and back, so that another worker goes on as if nothing had happened.

The bytes begin with a fingerprint of every class and column that may occur in them: whoever reads other ones than were
written does not know this version. Nothing but the values that the classes declare can come out, bit for bit.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.channels import DIFFERENTIATED, POSITIONS, PUBLISHED
from motus_kinematics.core.history import STEPS

VERSION: Final = 1
"""Raised by hand when a value keeps its type and changes its meaning."""
LEVEL: Final = 6
"""Of compression: higher ones take longer and gain next to nothing."""
_PLAIN: Final = (type(None), bool, int, float, str)
_HEADER: Final = struct.Struct("<16sI")
_CLASS, _ARRAY, _BLOCKS, _MAPPING = "c", "a", "b", "m"
T = TypeVar("T")


class Format(Generic[T]):
    """How the values of one frozen dataclass are written and read.

    Args:
        kind: The class. Its fields hold plain values, enums, arrays, such classes, and tuples and mappings of them.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind, self._names = kind, _names(kind)
        self._classes = {name: each for each, name in self._names.items()}
        self._fingerprint = _fingerprint(self._names)

    def save(self, value: T) -> bytes:
        """A value as bytes.

        Raises:
            TypeError: it holds something that the class does not declare.
        """
        arrays: list[bytes] = []
        tree = json.dumps(_write(value, self._names, arrays), separators=(",", ":")).encode()
        return _HEADER.pack(self._fingerprint, len(tree)) + zlib.compress(b"".join((tree, *arrays)), LEVEL)

    def load(self, body: bytes) -> T | None:
        """The value that was saved; None when the bytes are another version's, or damaged."""
        if len(body) < _HEADER.size:
            return None
        fingerprint, length = _HEADER.unpack_from(body)
        if fingerprint != self._fingerprint:
            return None
        try:
            content = zlib.decompress(body[_HEADER.size :])
            value = _read(json.loads(content[:length]), self._classes, _Arrays(content[length:]))
        except (zlib.error, ValueError, KeyError, TypeError, IndexError):
            return None
        return value if isinstance(value, self._kind) else None


def _fingerprint(names: Mapping[Any, str]) -> bytes:
    """(16 bytes) of all classes that a value may hold, and of the columns with their order and units."""
    layout = sorted(f"{name} {_layout(each)}" for each, name in names.items())
    text = "\n".join((str(VERSION), *layout, *POSITIONS, *DIFFERENTIATED, *PUBLISHED, str(STEPS.tolist())))
    return sha256(text.encode()).digest()[:16]


def _layout(kind: Any) -> str:
    if issubclass(kind, Enum):
        return str([(member.name, member.value) for member in kind])
    return str([(field.name, str(field.type)) for field in fields(kind)])


def _names(kind: Any) -> Mapping[Any, str]:
    """The dataclasses and enums that a value of a class may hold, itself included, with a name for each."""
    found: dict[Any, str] = {}
    waiting: list[Any] = [kind]
    while waiting:
        hint = waiting.pop()
        waiting.extend(get_args(hint))
        if isinstance(hint, type) and hint not in found and (is_dataclass(hint) or issubclass(hint, Enum)):
            found[hint] = f"{hint.__module__.rpartition('.')[2]}.{hint.__qualname__}"
            waiting.extend(get_type_hints(hint).values() if is_dataclass(hint) else ())
    return found


def _write(value: Any, names: Mapping[Any, str], arrays: list[bytes]) -> Any:
    """A value as plain JSON; arrays go to the list."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, tuple) and _are_blocks(value):
        whole = np.concatenate(value)
        arrays.append(_packed(whole))
        return {_BLOCKS: [whole.dtype.str, [len(block) for block in value], *whole.shape[1:]]}
    if isinstance(value, tuple):
        return [_write(each, names, arrays) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        arrays.append(_packed(array))
        return {_ARRAY: [array.dtype.str, *array.shape]}
    if isinstance(value, Mapping):
        return {_MAPPING: [[_write(each, names, arrays) for each in item] for item in value.items()]}
    if type(value) not in names:
        raise TypeError(f"{type(value).__name__} is not declared as part of the state")
    content = [value.value] if isinstance(value, Enum) else [getattr(value, field.name) for field in fields(value)]
    return {_CLASS: [names[type(value)], *(_write(each, names, arrays) for each in content)]}


def _are_blocks(value: tuple[Any, ...]) -> bool:
    """Whether a tuple holds one array cut into blocks of rows, which is packed tighter in one piece."""
    if len(value) < 2 or not all(isinstance(each, np.ndarray) and each.ndim for each in value):
        return False
    return len({(each.dtype, each.shape[1:]) for each in value}) == 1


def _read(tree: Any, classes: Mapping[str, Any], arrays: _Arrays) -> Any:
    """The inverse of `_write`."""
    if isinstance(tree, list):
        return tuple(_read(each, classes, arrays) for each in tree)
    if not isinstance(tree, dict):
        return tree
    ((tag, content),) = tree.items()
    if tag == _ARRAY:
        return arrays.next(np.dtype(content[0]), tuple(content[1:]))
    if tag == _BLOCKS:
        whole = arrays.next(np.dtype(content[0]), (sum(content[1]), *content[2:]))
        return tuple(block.copy() for block in np.split(whole, np.cumsum(content[1])[:-1]))
    if tag == _MAPPING:
        return {_read(key, classes, arrays): _read(each, classes, arrays) for key, each in content}
    kind = classes[content[0]]
    return kind(*(_read(each, classes, arrays) for each in content[1:]))


class _Arrays:
    """The packed arrays of a value, one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def next(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
        """The next array, or the scalar if it has no dimension."""
        size = dtype.itemsize * int(np.prod(shape))
        body, self._at = self._content[self._at : self._at + size], self._at + size
        return _unpacked(body, dtype, shape)[()]


def _packed(array: NDArray[Any]) -> bytes:
    """An array as the differences of successive rows, small ones of either sign as small numbers, column by column.

    The bytes of one rank stand together, so that those that are mostly zero compress to nothing.
    """
    units = _units(array)
    step = np.diff(units, axis=0, prepend=np.zeros((1, *units.shape[1:]), units.dtype))
    signed = step.view(f"i{units.itemsize}")
    zigzag = (step << 1) ^ (signed >> (8 * units.itemsize - 1)).view(units.dtype)
    ranks = np.ascontiguousarray(zigzag.T).view(np.uint8).reshape(-1, units.itemsize)
    return ranks.T.tobytes()


def _unpacked(body: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The inverse of `_packed`."""
    unit = np.dtype(f"u{dtype.itemsize}")
    ranks = np.frombuffer(body, np.uint8).reshape(unit.itemsize, -1)
    zigzag = np.ascontiguousarray(ranks.T).view(unit).reshape((shape or (1,))[::-1]).T
    step = (zigzag >> 1) ^ (0 - (zigzag & 1))
    return np.cumsum(step, axis=0, dtype=unit).view(dtype).reshape(shape)


def _units(array: NDArray[Any]) -> NDArray[Any]:
    """An array of at least one dimension as unsigned numbers of the same size."""
    if array.dtype.kind not in "fiub":
        raise TypeError(f"an array of {array.dtype} cannot be saved")
    rows = np.ascontiguousarray(np.atleast_1d(array))
    return rows.view(f"u{array.dtype.itemsize}")
