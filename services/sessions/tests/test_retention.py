"""What a session does not keep any longer is removed, and nothing else is; the same on every database."""

import asyncio
from typing import Any

import numpy as np
import pytest

from motus_sessions.projection.landmarks import COLUMNS
from motus_sessions.projection.life import Life, State
from motus_sessions.projection.records import (
    LANDMARKS,
    MEASURES,
    SAMPLES,
    Batch,
    CueRecord,
    EventRecord,
    ParticipantRecord,
    Piece,
    ReportRecord,
    RepRecord,
    SessionRecord,
)
from motus_sessions.projection.table import Table
from motus_sessions.retention import Retention, defaults_of
from motus_sessions.settings import SessionsSettings
from motus_sessions.store import retention
from motus_sessions.store.port import SessionStore

TENANT = "tenant-a"
END_NS = 1_700_000_000_000_000_000
FOR_EVER = {LANDMARKS: None, MEASURES: None}
EVERYTHING = {"skeleton", "series", "summary", "events", "reps", "cues", "reports"}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """What is promised is promised of each."""
    kind: str = request.param
    return kind


async def keep(
    store: SessionStore,
    session: str,
    landmarks_s: float | None,
    measures_s: float | None,
    *,
    tenant: str = TENANT,
    state: State = State.ENDED,
) -> None:
    """A session with something of every kind, two minutes of it, over at END_NS."""
    people = (ParticipantRecord("p1"),)
    record = SessionRecord(
        session, "file:///v.mp4", 2, False, people, "squat", False, "en", landmarks_s, measures_s, "", 1
    )
    await store.create(tenant, record)
    details = [RepRecord("r", "p1", 1, 1, True, 1.0, b"r"), CueRecord("c", "p1", 1, 1.0, b"c"), ReportRecord(b"report")]
    events = [EventRecord(session, f"e{at}", 1, at, 1, "p1", "coach", b"e", one) for at, one in enumerate(details, 1)]
    pieces = [_piece(session, SAMPLES, ("a",)), _piece(session, LANDMARKS, COLUMNS)]
    life = Life(state, "", 5, END_NS if state.terminal else None)
    await store.record(tenant, [session], lambda _: Batch(lives={session: life}, events=events, pieces=pieces))
    for kind in (SAMPLES, LANDMARKS):
        await store.pack(tenant, session, kind, None)


def _piece(session: str, kind: str, names: tuple[str, ...]) -> Piece:
    t_us = np.arange(1200, dtype=np.int64) * 100_000
    values = np.ones((len(t_us), len(names)), np.float32)
    return Piece(session, "p1", kind, Table(t_us, names, values, np.zeros(values.shape, np.uint8), (1,) * len(names)))


async def left(store: SessionStore, session: str, tenant: str = TENANT) -> set[str]:
    """Of which kinds there is something of a session."""
    record = await store.session(tenant, session)
    assert record is not None
    found = {
        "skeleton": len(await store.skeleton(tenant, session, "p1", None, None, 9)),
        "series": len(await store.series(tenant, session, "p1", ["a"], None, None)),
        "summary": len((await store.summary(tenant, session, "p1", ["a"], None, None, 60)).t_us),
        "events": len(await store.events(tenant, session, after=0, limit=9)),
        "reps": len(await store.reps(tenant, session, limit=9)),
        "cues": len(await store.cues(tenant, session, limit=9)),
        "reports": len(record.reports),
    }
    return {name for name, count in found.items() if count}


async def test_each_kind_goes_when_its_time_is_over_and_not_earlier(store: SessionStore) -> None:
    """Landmarks and everything else have times of their own, counted from the end; the session stays."""
    await keep(store, "one", 60.0, 3600.0)

    for after_s, expected in (
        (59, EVERYTHING),
        (61, EVERYTHING - {"skeleton"}),
        (3599, EVERYTHING - {"skeleton"}),
        (3601, set()),
    ):
        await Retention(store, FOR_EVER).expire(END_NS + after_s * 10**9)
        assert await left(store, "one") == expected


async def test_the_operators_times_hold_for_sessions_that_do_not_say(store: SessionStore) -> None:
    """A session's own time goes before them, longer or shorter, in every tenant."""
    await keep(store, "silent", None, None)
    await keep(store, "longer", 1e6, 1e6)
    await keep(store, "other", None, None, tenant="tenant-b")

    await Retention(store, {LANDMARKS: 60.0, MEASURES: None}).expire(END_NS + 61 * 10**9)

    assert await left(store, "silent") == EVERYTHING - {"skeleton"}
    assert await left(store, "longer") == EVERYTHING
    assert await left(store, "other", "tenant-b") == EVERYTHING - {"skeleton"}


async def test_a_session_that_runs_loses_nothing(store: SessionStore) -> None:
    """Its time begins with its end, however long ago it began."""
    await keep(store, "running", 1.0, 1.0, state=State.RUNNING)

    await Retention(store, {LANDMARKS: 1.0, MEASURES: 1.0}).expire(END_NS * 2)

    assert await left(store, "running") == EVERYTHING


async def test_another_tenants_sessions_are_not_touched(store: SessionStore) -> None:
    """What is removed for one tenant is that tenant's."""
    await keep(store, "mine", 1.0, 1.0)
    await keep(store, "theirs", 1.0, 1.0, tenant="tenant-b")

    while await store.retention.expire(TENANT, LANDMARKS, None, END_NS * 2):
        pass

    assert await left(store, "mine") == EVERYTHING - {"skeleton"}
    assert await left(store, "theirs", "tenant-b") == EVERYTHING


async def test_a_batch_is_bounded(store: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction removes more rows than a batch has, and together they leave none."""
    monkeypatch.setattr(retention, "BATCH", 5)
    await keep(store, "one", 1.0, None)

    removed = [await store.retention.expire(TENANT, LANDMARKS, None, END_NS * 2) for _ in range(4)]

    assert removed == [5, 5, 2, 0]


async def test_a_service_that_runs_sees_to_it(start: Any, store: SessionStore) -> None:
    """Nobody has to ask for it."""
    await keep(store, "one", 1.0, 1.0)

    async with start():
        while await left(store, "one"):
            await asyncio.sleep(0)

    assert await store.session(TENANT, "one")


def test_for_ever_is_the_default() -> None:
    """Nothing goes that nobody wished to go; days become seconds."""
    assert defaults_of(SessionsSettings()) == FOR_EVER
    set_by_operator = SessionsSettings(landmarks_retention_days=1.0, measures_retention_days=0.5)
    assert defaults_of(set_by_operator) == {LANDMARKS: 86_400.0, MEASURES: 43_200.0}
