"""What every store must keep, whatever database is below it."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from motus_runtime.errors import AlreadyExistsError
from motus_sessions.projection.athletes import AthleteRecord
from motus_sessions.projection.fence import Fence
from motus_sessions.projection.landmarks import COLUMNS
from motus_sessions.projection.life import Life, Outcome, State
from motus_sessions.projection.records import (
    LANDMARKS,
    SAMPLES,
    Batch,
    CueRecord,
    EventRecord,
    Known,
    Learnt,
    ParticipantRecord,
    Piece,
    ReportRecord,
    RepRecord,
    SessionRecord,
    Wishes,
)
from motus_sessions.projection.table import Table
from motus_sessions.store import sql
from motus_sessions.store.port import SessionStore
from motus_sessions.store.series import CHUNK_US
from motus_sessions.store.sql import SqlStore
from motus_sessions.store.tables import METADATA

A, B = "tenant-a", "tenant-b"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """All that a store must keep it keeps on each."""
    kind: str = request.param
    return kind


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


async def test_a_session_comes_back_as_it_went_in(store: SessionStore) -> None:
    """Every field survives, participants in their order."""
    await store.create(A, session("one"))

    assert await store.session(A, "one") == session("one")
    assert await store.tenant_of("one") == A
    assert await store.tenants() == [A]


async def test_tenants_do_not_see_each_other(store: SessionStore) -> None:
    """Another tenant finds nothing under the same ids, in any call."""
    await store.create(A, session("one"))
    await keep(
        store,
        events=[event("e", 1, detail=rep(1)), event("c", 2, detail=CueRecord("c1", "p1", 1, 1.0, b"c"))],
        pieces=[piece(SAMPLES, 0, 5, ("a",)), piece(LANDMARKS, 0, 5, COLUMNS)],
    )

    assert await store.session(B, "one") is None
    assert await store.sessions(B, limit=9) == await store.unfinished(B) == []
    assert await store.events(B, "one", after=0, limit=9) == []
    assert await store.revisions(B, "one", 99) == set()
    assert await store.reps(B, "one", limit=9) == []
    assert await store.cues(B, "one", limit=9) == []
    assert len(await store.series(B, "one", "p1", ["a"], None, None)) == 0
    assert len(await store.skeleton(B, "one", "p1", None, None, 9)) == 0
    assert (await store.known(B, ["one"])).lives == {}
    await store.pack(B, "one", SAMPLES, None)
    assert len(await store.series(A, "one", "p1", ["a"], None, None)) == 5


async def test_ids_are_unique_over_all_tenants(store: SessionStore) -> None:
    """The bus names sessions alone, so nobody may take another's id."""
    await store.create(A, session("one"))

    with pytest.raises(AlreadyExistsError):
        await store.create(B, session("one"))
    assert await store.session(B, "one") is None


async def test_a_request_makes_one_session(store: SessionStore) -> None:
    """Of requests with one id that come at the same moment all get the session of one."""
    wishes = [session(f"s-{number}", request_id="again") for number in range(5)]

    made = await asyncio.gather(*(store.create(A, wish) for wish in wishes))

    assert len({one.session for one in made}) == 1
    assert len(await store.sessions(A, limit=9)) == 1
    with pytest.raises(AlreadyExistsError):
        await store.create(A, session("other", request_id="again", request_digest=b"other"))
    assert (await store.create(B, session("elsewhere", request_id="again"))).session == "elsewhere"


async def test_sessions_are_listed_newest_first_by_state_and_athlete(store: SessionStore) -> None:
    """Order is by creation, then id, and goes on behind the last one seen."""
    for name, created in (("old", 1), ("twin-a", 2), ("twin-b", 2), ("one", 3)):
        await store.create(A, session(name, created))
    await store.create(A, session("lone", 9, participants=(ParticipantRecord("p1", "bob"),)))
    await store.record(A, ["old"], lambda _: Batch(lives={"old": Life(State.ENDED)}))

    async def names(**query: object) -> list[str]:
        return [one.session for one in await store.sessions(A, limit=9, **query)]  # type: ignore[arg-type]

    assert await names() == ["lone", "one", "twin-b", "twin-a", "old"]
    assert await names(behind=(2, "twin-b")) == ["twin-a", "old"]
    assert await names(oldest_first=True) == ["old", "twin-a", "twin-b", "one", "lone"]
    assert await names(oldest_first=True, behind=(2, "twin-a")) == ["twin-b", "one", "lone"]
    assert await names(created=(2, 9)) == ["one", "twin-b", "twin-a"]
    assert await names(created=(None, 2)) == ["old"]
    assert await names(created=(3, None), oldest_first=True) == ["one", "lone"]
    assert await names(states=[State.ENDED]) == ["old"]
    assert await names(athlete="bob") == ["lone"]
    assert [one.session for one in await store.unfinished(A)] == ["lone", "one", "twin-b", "twin-a"]


async def test_a_life_and_its_fences_are_kept(store: SessionStore) -> None:
    """The next batch begins where the last one ended."""
    await store.create(A, session("one"))
    life = Life(State.RUNNING, "", 5, None, Outcome(True, "why", 2.5))
    await keep(store, lives={"one": life}, fences={("one", "events", "pose"): Fence(7, 3)})

    known = await store.known(A, ["one", "unknown"])

    assert known == Known({"one": life}, {"one": ("p1", "p2")}, {("one", "events", "pose"): Fence(7, 3)})


async def test_a_step_that_fails_stores_nothing(store: SessionStore) -> None:
    """All or nothing."""
    await store.create(A, session("one"))

    def fail(_: Known) -> Batch:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.record(A, ["one"], fail)
    assert await store.session(A, "one") == session("one")


async def test_steps_of_one_session_come_one_after_the_other(store: SessionStore) -> None:
    """What one batch changes the next one sees, however many come at once."""
    await store.create(A, session("one"))

    def grow(known: Known) -> Batch:
        return Batch(lives={"one": replace(known.lives["one"], reason=known.lives["one"].reason + "x")})

    await asyncio.gather(*(store.record(A, ["one"], grow) for _ in range(20)))

    assert (await store.known(A, ["one"])).lives["one"].reason == 20 * "x"


async def test_events_are_kept_once_in_every_revision(store: SessionStore) -> None:
    """A second delivery changes nothing, a revision adds, and the newest can be had alone."""
    await store.create(A, session("one"))
    await keep(store, events=[event("a", 1), event("b", 2, participant="p2")])
    await keep(store, events=[event("a", 1), event("a", 5, revision=2), event("a", 7, revision=2)])

    async def bodies(**query: object) -> list[bytes]:
        found = await store.events(A, "one", after=0, limit=9, **query)  # type: ignore[arg-type]
        return [one.body for one in found]

    assert await bodies() == [b"a@1", b"b@1", b"a@2"]
    assert await bodies(newest_only=True) == [b"b@1", b"a@2"]
    assert await bodies(participant="p2") == [b"b@1"]
    assert [one.sequence for one in await store.events(A, "one", after=2, limit=9)] == [5]
    assert await store.revisions(A, "one", 2) == {("a", 1), ("b", 1)}


async def test_the_highest_revision_of_a_rep_and_a_cue_stays(store: SessionStore) -> None:
    """An older revision that comes late replaces nothing; counts follow the newest."""
    await store.create(A, session("one"))
    await keep(store, events=[event("r", 1, detail=rep(1)), event("r2", 2, detail=rep(2))])
    await keep(store, events=[event("r", 4, 3, detail=rep(1, 3, counted=False)), event("r", 3, 2, detail=rep(1, 2))])
    cues = [CueRecord("c", "p1", revision, 1.0, str(revision).encode()) for revision in (2, 1)]
    await keep(store, events=[event("c", 5, 2, detail=cues[0]), event("c", 6, 1, detail=cues[1])])

    everything = await store.reps(A, "one", limit=9, include_uncounted=True)

    assert [one.body for one in everything] == [b"1@3", b"2@1"]
    assert [one.body for one in await store.reps(A, "one", limit=9)] == [b"2@1"]
    assert [one.body for one in await store.cues(A, "one", limit=9)] == [b"2"]
    found = await store.session(A, "one")
    assert found is not None
    assert found.rep_count == 1


async def test_reps_page_by_start_and_id(store: SessionStore) -> None:
    """Reps of the same start are not lost between pages, and can be had for one participant."""
    await store.create(A, session("one"))
    reps = [rep(1), rep(1, participant="p2"), rep(2)]
    await keep(store, events=[event(str(place), place, detail=one) for place, one in enumerate(reps, 1)])

    first = await store.reps(A, "one", limit=1)
    rest = await store.reps(A, "one", limit=9, after=(first[0].start_s, first[0].rep))

    assert first + rest == reps
    assert await store.reps(A, "one", limit=9, participant="p2") == [reps[1]]


async def test_the_newest_report_of_each_stage_stays(store: SessionStore) -> None:
    """Order of the stream decides, not order of delivery."""
    await store.create(A, session("one"))
    reports = [event(str(sequence), sequence, detail=ReportRecord(str(sequence).encode())) for sequence in (9, 4)]
    await keep(store, events=reports)

    found = await store.session(A, "one")

    assert found is not None
    assert found.reports == (b"9",)


async def test_series_come_back_from_pieces_and_chunks_alike(store: SessionStore) -> None:
    """Packing changes no answer; pieces that come twice, late or across a chunk's edge count once."""
    await store.create(A, session("one"))
    names = ("knee_flexion_left_deg", "trunk_lean_deg")
    for start in (0, 20, 40, 60, 80, 100, 120):
        await keep(store, pieces=[piece(SAMPLES, start, 25, names)])
    before = await store.series(A, "one", "p1", names, 1_000_000, 12_000_000)

    await store.pack(A, "one", SAMPLES, CHUNK_US)
    await keep(store, pieces=[piece(SAMPLES, 20, 5, names)])
    mixed = await store.series(A, "one", "p1", names, 1_000_000, 12_000_000)
    await store.pack(A, "one", SAMPLES, None)
    packed = await store.series(A, "one", "p1", names, 1_000_000, 12_000_000)

    assert before.t_us.tolist() == list(range(1_000_000, 12_000_000, 100_000))
    for after in (mixed, packed):
        assert np.array_equal(after.t_us, before.t_us)
        assert np.abs(after.values - before.values).max() <= 0.005


async def test_a_long_span_in_few_points_is_the_same_from_pieces_chunks_and_roll_ups(store: SessionStore) -> None:
    """Packing changes no lowest, mean or highest value, wherever the span begins and ends."""
    await store.create(A, session("one"))
    names = ("knee_flexion_left_deg", "trunk_lean_deg")
    for start in range(0, 700, 7):
        await keep(store, pieces=[piece(SAMPLES, start, 7, names)])
    asked = (A, "one", "p1", names, 1_100_000, 65_500_000, 8)
    before = await store.summary(*asked)

    await store.pack(A, "one", SAMPLES, 40_000_000)
    mixed = await store.summary(*asked)
    await store.pack(A, "one", SAMPLES, None)
    packed = await store.summary(*asked)
    every = await store.summary(A, "one", "p1", names, 1_100_000, 65_500_000, 1000)

    assert len(before) == 8  # of nine seconds
    assert len(every) == 644
    assert not every.thinned
    for after in (mixed, packed):
        assert np.array_equal(after.counts, before.counts)
        for figure in ("lows", "means", "highs"):
            assert np.abs(getattr(after, figure) - getattr(before, figure)).max() <= 0.0051, figure


async def test_a_channel_that_was_never_measured_is_absent(store: SessionStore) -> None:
    """An answer has every column that was asked for, in that order."""
    await store.create(A, session("one"))
    await keep(store, pieces=[piece(SAMPLES, 0, 3, ("a",))])

    found = await store.series(A, "one", "p1", ["b", "a"], None, None)

    assert found.names == ("b", "a")
    assert found.absences[:, 0].all()
    assert not found.absences[:, 1].any()


async def test_skeletons_page_over_pieces_and_chunks(store: SessionStore) -> None:
    """However small the pieces, pages are full and follow each other."""
    await store.create(A, session("one"))
    for start in range(0, 150, 3):
        await keep(store, pieces=[piece(LANDMARKS, start, 3, COLUMNS)])
    await store.pack(A, "one", LANDMARKS, CHUNK_US)

    times, cursor = [], 0
    while len(page := await store.skeleton(A, "one", "p1", cursor, 14_000_000, 41)):
        times += page.t_us[:40].tolist()
        if len(page) <= 40:
            break
        cursor = int(page.t_us[40])

    assert times == list(range(0, 14_000_000, 100_000))
    assert len(await store.skeleton(A, "one", "p2", None, None, 5)) == 0


async def test_the_token_key_is_made_once(store: SessionStore, store_url: str) -> None:
    """All who share the database sign alike."""
    other = await SqlStore.open(store_url)

    keys = {await store.token_key(), await other.token_key(), await store.token_key()}
    await other.close()

    assert len(keys) == 1
    assert len(keys.pop()) == 32


async def test_the_migrations_make_the_tables_that_the_statements_use(store: SessionStore, store_url: str) -> None:
    """Schema and migrations never part."""
    engine = create_async_engine(store_url)

    def compare(connection: sa.Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    async with engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await engine.dispose()

    assert differences == []


@pytest.mark.parametrize("database", ["postgresql"])
async def test_services_that_start_at_once_migrate_once(store_url: str) -> None:
    """However many open a new database at the same moment, each finds it whole; SQLite's file is one service's."""
    stores = await asyncio.gather(*(SqlStore.open(store_url) for _ in range(4)))

    assert len({await store.token_key() for store in stores}) == 1
    for store in stores:
        await store.close()


async def test_all_unfinished_sessions_are_found(store: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, and many made at the same moment."""
    monkeypatch.setattr(sql, "_PAGE", 3)
    names = {f"s-{number}" for number in range(9)}
    await asyncio.gather(*(store.create(A, session(name)) for name in names))

    assert {one.session for one in await store.unfinished(A)} == names


@pytest.mark.parametrize("statements", [1, 2, 3, 4])
async def test_a_cancelled_writer_keeps_nobody_else_from_writing(
    store_url: str, store: SessionStore, statements: int
) -> None:
    """At whichever statement its caller is cancelled, a transaction gives the next writer its turn at once."""
    await store.create(A, session("one"))
    other = await SqlStore.open(store_url.replace("timeout=3", "timeout=0"))
    writing = asyncio.ensure_future(store.record(A, ["one"], lambda _: Batch()))
    done = []

    def cancel(*_: object) -> None:
        done.append(1)
        if len(done) == statements:
            writing.cancel()

    sa.event.listen(sa.Engine, "before_cursor_execute", cancel)
    # Kept with its traceback: what that refers to is not freed.
    ended = await asyncio.gather(writing, return_exceptions=True)
    sa.event.remove(sa.Engine, "before_cursor_execute", cancel)
    await other.record(A, ["one"], lambda _: Batch())
    await other.close()

    # PostgreSQL's BEGIN is no statement of its own: there the fourth is never reached.
    assert len(done) < statements or isinstance(ended[0], asyncio.CancelledError)


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


async def test_wishes_change_a_session_until_it_is_over(store: SessionStore) -> None:
    """Each change grows the revision; what is not wished stays; a terminal session does not change."""
    await store.create(A, session("one"))

    first = await store.change(A, "one", Wishes(exercise="lunge", in_set=True))
    second = await store.change(A, "one", Wishes(muted=False))

    assert first is not None
    assert (first.revision, first.exercise, first.wished_exercise, first.in_set) == (2, "squat", "lunge", True)
    assert second == replace(first, revision=3, muted=False)
    assert await store.change(B, "one", Wishes(muted=True)) is None
    await store.record(A, ["one"], lambda _: Batch(lives={"one": Life(State.ENDED)}))
    assert await store.change(A, "one", Wishes(muted=True)) is None


async def test_what_an_athlete_thinks_of_a_cue_outlives_its_revisions(store: SessionStore) -> None:
    """A reworded cue is still dismissed and rated; a cue that is not there has no judgement."""
    await store.create(A, session("one"))
    await store.record(A, ["one"], lambda _: Batch(events=[event("c", 1, detail=CueRecord("c1", "p1", 1, 1.0, b"1"))]))

    await store.judge_cue(A, "one", "c1", dismissed=True)
    await store.judge_cue(A, "one", "c1", rating=4)
    await store.record(
        A, ["one"], lambda _: Batch(events=[event("c", 2, 2, detail=CueRecord("c1", "p1", 2, 1.0, b"2"))])
    )

    assert await store.cues(A, "one", limit=5) == [CueRecord("c1", "p1", 2, 1.0, b"2", True, 4)]
    assert await store.judge_cue(A, "one", "c2", rating=1) is None
    assert await store.judge_cue(B, "one", "c1", rating=1) is None


async def test_one_rep_is_found_whether_it_counts_or_not(store: SessionStore) -> None:
    """By its id, in its session and tenant alone."""
    await store.create(A, session("one"))
    await store.record(A, ["one"], lambda _: Batch(events=[event("r", 1, detail=rep(2, counted=False))]))

    assert await store.rep(A, "one", "p1-2") == rep(2, counted=False)
    assert await store.rep(A, "one", "p1-3") is None
    assert await store.rep(B, "one", "p1-2") is None
