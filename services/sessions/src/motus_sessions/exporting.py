"""A session as a stream of the parts of a file."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from motus.v1 import session_service_pb2
from motus_register import CHANNELS
from motus_runtime.errors import InvalidArgumentError
from motus_sessions.export.files import Source, as_csv, as_mot, as_parquet, as_trc
from motus_sessions.lookup import find_session, participant_of
from motus_sessions.projection.records import LANDMARKS, SAMPLES
from motus_sessions.projection.table import Table
from motus_sessions.requests import check_channels, span_us
from motus_sessions.store.port import SessionStore

PART_BYTES: Final = 256 * 1024
_ALL_ROWS: Final = 10**9


@dataclass(frozen=True)
class Format:
    """A format: its ending, media type and writer, what it is made from, and whether channels can be chosen."""

    ending: str
    media_type: str
    write: Callable[[Source, Sequence[str]], AsyncIterator[bytes]]
    kind: str
    chosen: bool


FORMATS: Final = {
    session_service_pb2.EXPORT_FORMAT_PARQUET: Format(
        "parquet", "application/vnd.apache.parquet", as_parquet, SAMPLES, chosen=True
    ),
    session_service_pb2.EXPORT_FORMAT_CSV: Format("csv", "text/csv", as_csv, SAMPLES, chosen=True),
    session_service_pb2.EXPORT_FORMAT_TRC: Format("trc", "text/tab-separated-values", as_trc, LANDMARKS, chosen=False),
    session_service_pb2.EXPORT_FORMAT_MOT: Format("mot", "text/tab-separated-values", as_mot, SAMPLES, chosen=False),
}


async def export(
    store: SessionStore, tenant: str, request: session_service_pb2.ExportSessionRequest
) -> AsyncIterator[session_service_pb2.ExportSessionResponse]:
    """The file that a request asks for, in parts."""
    form, (start_us, end_us) = _format_of(request), span_us(request)
    record = await find_session(store, tenant, request.name)
    participant = participant_of(record, request.participant)
    first, last = await store.extent(tenant, record.session, participant, form.kind) or (0, -1)
    whole = partial(store.series, tenant, record.session, participant)

    async def landmarks(_: Sequence[str], from_us: int, to_us: int) -> Table:
        return await store.skeleton(tenant, record.session, participant, from_us, to_us, _ALL_ROWS)

    start = first if start_us is None else max(first, start_us)
    end = last + 1 if end_us is None else min(last + 1, end_us)
    source = Source(record.session, participant, start, max(start, end), whole, landmarks)
    yield session_service_pb2.ExportSessionResponse(filename=source.filename(form.ending), media_type=form.media_type)
    async for data in form.write(source, list(request.channels) or list(CHANNELS)):
        for at in range(0, len(data), PART_BYTES):
            yield session_service_pb2.ExportSessionResponse(data=data[at : at + PART_BYTES])


def _format_of(request: session_service_pb2.ExportSessionRequest) -> Format:
    """The format of a request.

    Raises:
        InvalidArgumentError: the channels are unknown, or the format has its own.
    """
    form = FORMATS[request.format]
    if request.channels and not form.chosen:
        raise InvalidArgumentError({"channels": "must be empty: the format has its own"})
    check_channels(request.channels)
    return form
