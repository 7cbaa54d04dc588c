"""What every store must keep of events and series, whatever database is below it."""

import numpy as np
import pytest

from motus_sessions.projection.landmarks import COLUMNS
from motus_sessions.projection.records import LANDMARKS, SAMPLES, Batch, CueRecord, ReportRecord
from motus_sessions.store.port import SessionStore
from motus_sessions.store.series import CHUNK_US
from services.sessions.tests.storing import A, B, event, keep, piece, rep, session


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """All that a store must keep it keeps on each."""
    kind: str = request.param
    return kind


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


async def test_one_rep_is_found_whether_it_counts_or_not(store: SessionStore) -> None:
    """By its id, in its session and tenant alone."""
    await store.create(A, session("one"))
    await store.record(A, ["one"], lambda _: Batch(events=[event("r", 1, detail=rep(2, counted=False))]))

    assert await store.rep(A, "one", "p1-2") == rep(2, counted=False)
    assert await store.rep(A, "one", "p1-3") is None
    assert await store.rep(B, "one", "p1-2") is None


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
