"""What every store must keep of sessions, whatever database is below it."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from motus_runtime.errors import AlreadyExistsError
from motus_sessions.projection.fence import Fence
from motus_sessions.projection.landmarks import COLUMNS
from motus_sessions.projection.life import Life, Outcome, State
from motus_sessions.projection.records import LANDMARKS, SAMPLES, Batch, CueRecord, Known, ParticipantRecord, Wishes
from motus_sessions.store import sql
from motus_sessions.store.port import SessionStore
from motus_sessions.store.sql import SqlStore
from motus_sessions.store.tables import METADATA
from services.sessions.tests.storing import A, B, event, keep, piece, rep, session


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """All that a store must keep it keeps on each."""
    kind: str = request.param
    return kind


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
