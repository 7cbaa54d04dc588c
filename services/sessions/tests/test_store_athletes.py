"""What every store must keep of athletes, whatever database is below it."""

from dataclasses import replace

import pytest

from motus_runtime.errors import AlreadyExistsError
from motus_sessions.projection.athletes import AthleteRecord
from motus_sessions.projection.records import Batch, Learnt, ParticipantRecord
from motus_sessions.store.port import SessionStore
from services.sessions.tests.storing import A, B, event, rep, session


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """All that a store must keep it keeps on each."""
    kind: str = request.param
    return kind


async def test_athletes_are_kept_by_tenant_and_page_by_id(store: SessionStore) -> None:
    """An id is taken once in a tenant; another tenant neither sees nor changes who bears it."""
    for athlete in ("cy", "ada", "bo"):
        await store.athletes.create(A, AthleteRecord(athlete, create_time_ns=1, update_time_ns=1))
    await store.athletes.create(B, AthleteRecord("ada", display_name="another Ada"))

    with pytest.raises(AlreadyExistsError):
        await store.athletes.create(A, AthleteRecord("ada"))
    changed = await store.athletes.change(A, "ada", {"stature_m": 1.7, "update_time_ns": 2})

    assert changed == AthleteRecord("ada", stature_m=1.7, create_time_ns=1, update_time_ns=2)
    assert [one.athlete for one in await store.athletes.page(A, after="ada", limit=5)] == ["bo", "cy"]
    assert await store.athletes.some(B, ["ada", "bo"]) == [AthleteRecord("ada", display_name="another Ada")]
    assert await store.athletes.change(B, "cy", {"stature_m": 1.7}) is None


async def test_a_session_makes_its_athletes_known_and_what_it_learnt_stays_with_them(store: SessionStore) -> None:
    """An athlete who is there keeps what is known of them; a profile goes to the athlete bound to its participant."""
    await store.athletes.create(A, AthleteRecord("ada", display_name="Ada"))
    people = (ParticipantRecord("p1", "ada"), ParticipantRecord("p2", "bo"), ParticipantRecord("p3"))
    await store.create(A, session("one", 5, participants=people))
    learnt = Learnt({"p1": b"knows", "p3": b"nobody"}, 9)

    await store.record(A, ["one"], lambda _: Batch(events=[event("end", 1, detail=learnt)]))

    ada, bo = await store.athletes.page(A, after="", limit=5)
    assert (ada.display_name, ada.profile, ada.learn_time_ns) == ("Ada", b"knows", 9)
    assert (bo.athlete, bo.profile, bo.learn_time_ns, bo.create_time_ns) == ("bo", b"", None, 5)


async def test_an_athletes_repetitions_come_from_all_their_sessions_newest_first(store: SessionStore) -> None:
    """Only theirs, only those that count, no more than asked for."""
    await store.create(A, session("one", 1))
    await store.create(A, session("two", 2, participants=(ParticipantRecord("p1", "ada"),)))
    reps = [rep(1), rep(2, counted=False), rep(3), rep(4, participant="p2")]
    await store.record(
        A, ["one"], lambda _: Batch(events=[event(f"e{r.rep}", i, detail=r) for i, r in enumerate(reps)])
    )
    last = replace(event("late", 9, detail=rep(5)), session="two")
    await store.record(A, ["two"], lambda _: Batch(events=[last]))

    found = await store.athletes.reps(A, "ada", 10)

    assert found == [("two", 2, b"5@1"), ("one", 1, b"3@1"), ("one", 1, b"1@1")]
    assert await store.athletes.reps(A, "ada", 1) == found[:1]
    assert await store.athletes.reps(B, "ada", 10) == []
