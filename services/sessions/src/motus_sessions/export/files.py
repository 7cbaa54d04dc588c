"""A session's series as a file of some format, made a minute at a time however long the session is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motus_sessions.export import csv, mot, trc
from motus_sessions.export.parquet import ParquetFile
from motus_sessions.projection.table import Table

SPAN_US = 60_000_000

Read = Callable[[Sequence[str], int, int], Awaitable[Table]]
"""Reads columns from a time up to and without another, in microseconds."""


@dataclass(frozen=True)
class Source:
    """Where the rows of a file come from.

    Attributes:
        session, participant: bare ids, which name the file.
        start_us, end_us: the first row's time and one behind the last's; equal when there is none.
        samples: reads channels.
        landmarks: reads the columns of landmarks, whatever columns are asked for.
    """

    session: str
    participant: str
    start_us: int
    end_us: int
    samples: Read
    landmarks: Read

    def filename(self, ending: str) -> str:
        """What the file is called."""
        return f"{self.session}-{self.participant}.{ending}"

    async def tables(self, read: Read, columns: Sequence[str]) -> AsyncIterator[Table]:
        """All rows, a span of time after the other."""
        for start_us in range(self.start_us, self.end_us, SPAN_US):
            table = await read(columns, start_us, min(start_us + SPAN_US, self.end_us))
            if len(table):
                yield table


async def as_csv(source: Source, channels: Sequence[str]) -> AsyncIterator[bytes]:
    """Samples in long form."""
    yield csv.header()
    async for table in source.tables(source.samples, channels):
        yield await asyncio.to_thread(csv.rows, table)


async def as_parquet(source: Source, channels: Sequence[str]) -> AsyncIterator[bytes]:
    """Samples as columns."""
    file = ParquetFile(channels, {"session": source.session, "participant": source.participant})
    async for table in source.tables(source.samples, channels):
        yield await asyncio.to_thread(file.add, table)
    yield file.close()


async def as_trc(source: Source, _: Sequence[str]) -> AsyncIterator[bytes]:
    """Landmarks as markers."""
    times = [table.t_us async for table in source.tables(source.landmarks, ())]
    t_us = np.concatenate(times) if times else np.zeros(0, np.int64)
    rate_hz = 1e6 / float(np.median(np.diff(t_us))) if len(t_us) > 1 else 0.0
    yield trc.header(source.filename("trc"), len(t_us), rate_hz)
    frame = 1
    async for table in source.tables(source.landmarks, ()):
        yield await asyncio.to_thread(trc.rows, table, frame)
        frame += len(table)


async def as_mot(source: Source, _: Sequence[str]) -> AsyncIterator[bytes]:
    """Joint angles as coordinates."""
    count = sum([len(table) async for table in source.tables(source.samples, mot.CHANNELS[:1])])
    yield mot.header(source.filename("mot"), count)
    async for table in source.tables(source.samples, mot.CHANNELS):
        yield await asyncio.to_thread(mot.rows, table)
