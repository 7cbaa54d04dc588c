"""What the tests of every store put into it."""

from dataclasses import replace

import numpy as np

from motus_sessions.projection.records import Batch, EventRecord, ParticipantRecord, Piece, RepRecord, SessionRecord
from motus_sessions.projection.table import Table
from motus_sessions.store.port import SessionStore

A, B = "tenant-a", "tenant-b"


def session(name: str, created: int = 1, **fields: object) -> SessionRecord:
    """A session with everything in it."""
    people = (ParticipantRecord("p1", "ada", "Ada", (0.0, 0.5)), ParticipantRecord("p2"))
    whole = SessionRecord(
        name, "file:///v.mp4", 2, True, people, "squat", True, "en", 3600.0, None, "gym", created, "", b"digest"
    )
    return replace(whole, **fields)


def event(name: str, sequence: int, revision: int = 1, detail: object = None, participant: str = "p1") -> EventRecord:
    """An event of the session `one`."""
    body = f"{name}@{revision}".encode()
    return EventRecord("one", name, revision, sequence, 1, participant, "kinematics", body, detail)  # type: ignore[arg-type]


def rep(ordinal: int, revision: int = 1, *, counted: bool = True, participant: str = "p1") -> RepRecord:
    """A rep that starts at its ordinal."""
    body = f"{ordinal}@{revision}".encode()
    return RepRecord(f"{participant}-{ordinal}", participant, ordinal, revision, counted, float(ordinal), body)


def piece(kind: str, start: int, rows: int, names: tuple[str, ...], participant: str = "p1") -> Piece:
    """Rows 100 ms apart; each value is its time in seconds."""
    t_us = np.arange(start, start + rows, dtype=np.int64) * 100_000
    values = np.repeat((t_us / 1e6).astype(np.float32)[:, None], len(names), axis=1)
    return Piece(
        "one", participant, kind, Table(t_us, names, values, np.zeros(values.shape, np.uint8), (1,) * len(names))
    )


async def keep(store: SessionStore, tenant: str = A, **changes: object) -> Batch:
    """Store a batch for the session `one`."""
    return await store.record(tenant, ["one"], lambda known: Batch(**changes))  # type: ignore[arg-type]
