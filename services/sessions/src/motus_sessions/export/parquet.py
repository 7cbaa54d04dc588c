"""Samples as Parquet: a column for every channel, null where there is no value, its unit in the column's metadata."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from motus_register import CHANNELS
from motus_sessions.projection.table import Table


class _Sink(io.RawIOBase):
    """A file that gives away what was written, as a Parquet file is only ever appended to."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """All that was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


class ParquetFile:
    """Writes tables of the same channels one after the other; what is finished can be taken after each.

    Args:
        channels: names of the columns beside `t_s`.
        metadata: of the file: whose it is.
    """

    def __init__(self, channels: Sequence[str], metadata: dict[str, str]) -> None:
        fields = [pa.field("t_s", pa.float64(), nullable=False, metadata={"unit": "s"})]
        fields += [pa.field(name, pa.float32(), metadata={"unit": CHANNELS[name].unit}) for name in channels]
        self._schema = pa.schema(fields, metadata=metadata)
        self._sink = _Sink()
        self._writer: Any = pq.ParquetWriter(self._sink, self._schema, compression="zstd")

    def add(self, table: Table) -> bytes:
        """Write a table; returns what is finished of the file."""
        columns = [pa.array(table.t_us / 1e6)]
        for column in range(len(table.names)):
            columns.append(pa.array(table.values[:, column], mask=table.absences[:, column] != 0))
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        return self._sink.taken()

    def close(self) -> bytes:
        """End the file; returns the rest of it."""
        self._writer.close()
        return self._sink.taken()
