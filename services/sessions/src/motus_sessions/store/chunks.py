"""Tables as bytes: raw while they are pieces that will be packed, packed for good.

A blob is a header (magic, version, whether it is packed, rows, columns) and a payload: column names, grades, times,
runs of absence, values. Packed, values are quantised per column, the differences between rows split into byte planes
(the high bytes are nearly always 0), and the payload compressed with zstd; the error is at most half a quantum.
"""

import struct
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from motus_register import CHANNELS
from motus_sessions.projection.landmarks import COLUMNS as LANDMARK_COLUMNS
from motus_sessions.projection.rollup import stands_for
from motus_sessions.projection.table import Table

VERSION = 1
_HEADER = struct.Struct("<2sBBII")
_MAGIC = b"MC"
_LEVEL = 3
_LANDMARK_NAMES = "blazepose33"
_FINE_UNITS = {"1", "m", "s", "m/s"}
_LARGEST_QUANTISED = 2**30
_ONLY = np.zeros(1, np.intp)


class CorruptChunkError(Exception):
    """A stored blob cannot be read: it is damaged, or of a version that this release does not know."""


def quantum(name: str) -> float:
    """The step to which a column's values are rounded for good, in the column's unit.

    0.01 for angles, rates, visibility and presence; 0.0001 for ratios, fractions of the picture and metres, but half a
    millimetre for landmarks in the world, which err by centimetres; 1 for counts of a roll-up.
    """
    name, counts = stands_for(name)
    if counts:
        return 1.0
    if name.startswith("world."):
        return 0.0005
    if name.startswith("image."):
        return 0.01 if name.endswith(("visibility", "presence")) else 0.0001
    return 0.0001 if name not in CHANNELS or CHANNELS[name].unit in _FINE_UNITS else 0.01


def encode_raw(table: Table) -> bytes:
    """A table as it is: cheap to write, exact."""
    payload = _described(table) + table.t_us.astype("<i8").tobytes() + table.values.astype("<f4").tobytes()
    return _HEADER.pack(_MAGIC, VERSION, 0, len(table), len(table.names)) + payload


def encode_packed(table: Table, step: Callable[[str], float] = quantum) -> bytes:
    """A table made small; values are rounded to `step` of their column's name.

    A column with a value too large to be quantised keeps its values exactly.
    """
    quanta = np.array([step(name) for name in table.names], "<f8")
    with np.errstate(over="ignore"):
        scaled = np.rint(table.values.astype(np.float64) / quanta)
    quanta[np.abs(scaled).max(axis=0, initial=0) > _LARGEST_QUANTISED] = 0
    exact = quanta == 0
    whole = np.where(exact, 0, scaled).astype(np.int32)
    differences = np.diff(_held(whole, table.absences), axis=0, prepend=np.int32(0))
    words = _zigzag(differences)
    words[:, exact] = table.values[:, exact].view(np.uint32) if exact.any() else 0
    steps = np.diff(table.t_us, prepend=np.int64(0)).astype("<i8").view("<u8")
    payload = _described(table) + quanta.tobytes() + _planes(steps[:, None]) + _planes(words)
    body = zstandard.ZstdCompressor(level=_LEVEL).compress(payload)
    return _HEADER.pack(_MAGIC, VERSION, 1, len(table), len(table.names)) + body


def decode(blob: bytes, wanted: Collection[str] | None = None) -> Table:
    """The table of a blob, or those of the wanted columns that it has: what is left out is not unpacked.

    Raises:
        CorruptChunkError: it is none.
    """
    try:
        magic, version, packed, rows, columns = _HEADER.unpack_from(blob)
        if magic != _MAGIC or version != VERSION:
            raise CorruptChunkError(f"a chunk of version {version} that this release cannot read")
        body = blob[_HEADER.size :]
        cursor = _Cursor(zstandard.ZstdDecompressor().decompress(body) if packed else body)
        return _read(cursor, bool(packed), rows, columns, wanted)
    except (struct.error, zstandard.ZstdError, ValueError, UnicodeDecodeError) as error:
        raise CorruptChunkError(f"a damaged chunk: {error}") from None


def _read(cursor: "_Cursor", packed: bool, rows: int, columns: int, wanted: Collection[str] | None) -> Table:
    names, grades, absences = _read_description(cursor, rows, columns)
    chosen = np.array([i for i, name in enumerate(names) if wanted is None or name in wanted], np.intp)
    names, grades = tuple(names[i] for i in chosen), tuple(grades[i] for i in chosen)
    absences = absences[:, chosen]
    if not packed:
        t_us = cursor.take("<i8", rows)
        return Table(
            t_us, names, cursor.take("<f4", rows * columns).reshape(rows, columns)[:, chosen], absences, grades
        )
    quanta = cursor.take("<f8", columns)[chosen]
    t_us = np.cumsum(_unplaned(cursor, rows, 1, 8, _ONLY)[:, 0].view(np.int64))
    words = _unplaned(cursor, rows, columns, 4, chosen)
    whole = np.cumsum(_unzigzag(words), axis=0, dtype=np.int32)
    values = (whole * quanta).astype(np.float32)
    exact = quanta == 0
    values[:, exact] = np.ascontiguousarray(words[:, exact]).view(np.float32)
    return Table(t_us, names, np.where(absences == 0, values, np.float32(0)), absences, grades)


def _described(table: Table) -> bytes:
    """Names, grades and absences, the same in both forms."""
    names = _LANDMARK_NAMES if table.names == LANDMARK_COLUMNS else "\n".join(table.names)
    text = names.encode()
    flat = table.absences.T.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=np.uint8(0))).astype("<u4")
    runs = struct.pack("<I", len(starts)) + bytes(starts) + bytes(flat[starts])
    return struct.pack("<I", len(text)) + text + bytes(table.grades) + runs


def _read_description(
    cursor: "_Cursor", rows: int, columns: int
) -> tuple[tuple[str, ...], tuple[int, ...], NDArray[np.uint8]]:
    text = bytes(cursor.take("<u1", int(cursor.take("<u4", 1)[0]))).decode()
    names = LANDMARK_COLUMNS if text == _LANDMARK_NAMES else tuple(text.split("\n")) if columns else ()
    grades = tuple(int(grade) for grade in cursor.take("<u1", columns))
    count = int(cursor.take("<u4", 1)[0])
    starts, codes = cursor.take("<u4", count), cursor.take("<u1", count)
    lengths = np.diff(np.concatenate(([0], starts, [rows * columns])))
    flat = np.repeat(np.concatenate((np.zeros(1, np.uint8), codes)), lengths)
    return names, grades, flat.reshape(columns, rows).T


def _held(whole: NDArray[np.int32], absences: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Absent values take the one before them, so that their difference is 0."""
    rows = np.arange(len(whole))[:, None]
    last = np.maximum.accumulate(np.where(absences == 0, rows, -1), axis=0)
    return np.where(last < 0, 0, np.take_along_axis(whole, np.maximum(last, 0), axis=0)).astype(np.int32)


def _zigzag(differences: NDArray[np.int32]) -> NDArray[np.uint32]:
    """Small numbers of either sign as small numbers without one; wraps round, and so does its inverse."""
    return ((differences << 1) ^ (differences >> 31)).view(np.uint32)


def _unzigzag(words: NDArray[np.uint32]) -> NDArray[np.int32]:
    return (words >> np.uint32(1)).view(np.int32) ^ -(words & np.uint32(1)).view(np.int32)


def _planes(words: NDArray[np.unsignedinteger]) -> bytes:
    """All lowest bytes column by column, then all second bytes, and so on."""
    width = words.dtype.itemsize
    by_column = np.ascontiguousarray(words.T).view(np.uint8).reshape(words.shape[1], words.shape[0], width)
    return by_column.transpose(2, 0, 1).tobytes()


def _unplaned(
    cursor: "_Cursor", rows: int, columns: int, width: int, chosen: NDArray[np.intp]
) -> NDArray[np.unsignedinteger]:
    planes = cursor.take("<u1", rows * columns * width).reshape(width, columns, rows)[:, chosen]
    words = np.ascontiguousarray(planes.transpose(2, 1, 0))
    whole: NDArray[np.unsignedinteger] = words.view(f"<u{width}").reshape(rows, len(chosen))
    return whole


class _Cursor:
    """Reads arrays one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, dtype: str, count: int) -> NDArray[Any]:
        array: NDArray[Any] = np.frombuffer(self._data, dtype, count, self._at)
        self._at += array.nbytes
        return array
