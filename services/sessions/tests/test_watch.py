"""Watching: everything once and in order, live things as fast as one reads, an end when the session has one."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from motus.bus.v1 import samples_pb2
from motus.v1 import event_pb2, sample_pb2, session_service_pb2
from motus_runtime import topics
from motus_sessions.feed import Feed, Response

Watch = session_service_pb2.WatchSessionRequest


def ids(responses: list[Any]) -> list[tuple[str, int]]:
    """Event ids and revisions of what a watcher got."""
    return [(one.event.name.rsplit("/", 1)[1], one.event.revision) for one in responses if one.HasField("event")]


async def take(call: Any, until: Callable[[Any], bool]) -> list[Any]:
    """Read up to and with the first response that fits."""
    found = []
    async for response in call:
        found.append(response)
        if until(response):
            return found
    raise AssertionError(f"the stream ended after {found}")


def live_sample(say: Any, t_s: float, epoch: int = 1) -> samples_pb2.Live:
    """A live sample of two channels."""
    sample = sample_pb2.Sample(
        participant=say.person, t_s=t_s, channels=["knee_flexion_left_deg", "trunk_lean_deg"], values=[t_s, -t_s]
    )
    return samples_pb2.Live(session=say.session, epoch=epoch, ref=say.ref(t_s), sample=sample)


async def test_a_late_watcher_gets_what_was_and_what_comes(running: Any, stages: Callable[[str], Any]) -> None:
    """Stored and new events come in one order, each revision once, up to the session's last."""
    await running.create("late-watch")
    say = stages("late-watch")
    await say.count_rep(1, state="PROVISIONAL")
    await say.count_rep(1, revision=2)

    call = running.stub.WatchSession(Watch(name="sessions/late-watch"), timeout=60)
    before = await take(call, lambda one: one.event.revision == 2)
    await say.count_rep(2)
    await say.finish(4.0)
    after = [response async for response in call]

    assert ids(before) == [("kinematics-rep-p1-1", 1), ("kinematics-rep-p1-1", 2)]
    assert ids(after) == [
        ("kinematics-rep-p1-2", 1),
        ("kinematics-end-p1-1", 1),
        ("coach-end-p1-1", 1),
        ("sessions-state-session-3", 1),
    ]
    assert after[-1].event.state.current == event_pb2.SESSION_STATE_ENDED


async def test_a_watcher_resumes_behind_any_event(running: Any, stages: Callable[[str], Any]) -> None:
    """Whatever token one comes back with, the rest follows without gap or duplicate, stored or live."""
    await running.create("resume-any")
    say = stages("resume-any")
    for ordinal in range(1, 6):
        await say.count_rep(ordinal)
    await say.finish(12.0)
    whole = await running.until_over("resume-any")

    for place, seen in enumerate(whole):
        request = Watch(name="sessions/resume-any", resume_token=seen.resume_token)
        rest = [response async for response in running.stub.WatchSession(request, timeout=30)]

        assert ids(rest) == ids(whole)[place + 1 :]


async def test_a_replayed_event_is_seen_once(running: Any, stages: Callable[[str], Any]) -> None:
    """A second owner that says the same thing, or a replaced one that goes on, is not heard twice."""
    await running.create("said-again")
    say = stages("said-again")
    await say.count_rep(1, epoch=1)

    call = running.stub.WatchSession(Watch(name="sessions/said-again"), timeout=60)
    await take(call, lambda one: one.HasField("event"))
    await say.count_rep(1, epoch=2)
    await say.count_rep(2, epoch=2)
    await say.count_rep(3, epoch=1)
    await say.count_rep(3, epoch=2)
    rest = await take(call, lambda one: one.event.rep.ordinal == 3)
    call.cancel()

    assert ids(rest) == [("kinematics-rep-p1-2", 1), ("kinematics-rep-p1-3", 1)]


async def test_forged_and_foreign_resume_tokens_are_refused(running: Any, stages: Callable[[str], Any]) -> None:
    """A token belongs to its session, and nobody can make one."""
    await running.create("own-token")
    await running.create("not-mine")
    await stages("own-token").count_rep(1)
    call = running.stub.WatchSession(Watch(name="sessions/own-token"), timeout=60)
    [seen] = await take(call, lambda one: one.HasField("event"))
    call.cancel()

    for name, token in (("not-mine", seen.resume_token), ("own-token", "AAAA"), ("own-token", "%%%")):
        request = Watch(name=f"sessions/{name}", resume_token=token)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(aiter(running.stub.WatchSession(request, timeout=10)))
        trailers = dict(caught.value.trailing_metadata() or ())
        status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])

        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        bad = error_details_pb2.BadRequest()
        assert any(packed.Unpack(bad) for packed in status.details)
        assert [violation.field for violation in bad.field_violations] == ["resume_token"]


async def test_live_samples_reports_and_skeletons_come_as_asked(running: Any, stages: Callable[[str], Any]) -> None:
    """Chosen channels alone, the skeleton of the same moment behind its sample, progress always."""
    await running.create("live-one")
    say = stages("live-one")
    await say.see(0.0)
    request = Watch(name="sessions/live-one", sample_rate_hz=60, channels=["trunk_lean_deg"], landmarks=True)

    call = running.stub.WatchSession(request, timeout=60)
    await take(call, lambda one: one.HasField("event"))
    await say.see(1.0)
    await say.bus.publish(topics.live("live-one"), live_sample(say, 1.0))
    sampled = await take(call, lambda one: one.HasField("skeleton"))
    report = event_pb2.StageReport(stage="STAGE_INGEST", progress=0.5)
    await say.bus.publish(topics.live("live-one"), samples_pb2.Live(session="live-one", epoch=3, report=report))
    reported = await take(call, lambda one: one.HasField("report"))
    call.cancel()

    sample, skeleton = (one for one in sampled if not one.HasField("event"))
    assert list(sample.sample.channels) == ["trunk_lean_deg"]
    assert list(sample.sample.values) == [-1.0]
    assert (skeleton.skeleton.participant, skeleton.skeleton.t_s) == (say.person, 1.0)
    assert skeleton.skeleton.landmarks.presence_mask == 2**33 - 1
    assert reported[-1].report.progress == 0.5
    assert reported[-1].resume_token == ""


async def test_no_samples_come_when_none_were_asked_for(running: Any, stages: Callable[[str], Any]) -> None:
    """A rate of 0 means events and progress alone."""
    await running.create("live-none")
    say = stages("live-none")
    await say.see(0.0)

    call = running.stub.WatchSession(Watch(name="sessions/live-none"), timeout=60)
    seen = await take(call, lambda one: one.HasField("event"))
    await say.bus.publish(topics.live("live-none"), live_sample(say, 1.0))
    await say.finish(1.0)
    seen += [response async for response in call]

    assert all(one.HasField("event") for one in seen)


async def test_a_reader_that_goes_away_leaves_nothing_behind(running: Any, stages: Callable[[str], Any]) -> None:
    """Watchers that cancel, in whatever state, are forgotten with all that was set up for them."""
    await running.create("gone-away")
    say = stages("gone-away")
    await say.see(0.0)
    request = Watch(name="sessions/gone-away", sample_rate_hz=60, landmarks=True)
    calls = [running.stub.WatchSession(request, timeout=60) for _ in range(5)]
    for call in calls:
        await take(call, lambda one: one.HasField("event"))
    served = running.app.watches.count

    for call in calls:
        call.cancel()
    async with asyncio.timeout(20):
        while running.app.watches.count:
            await say.bus.publish(topics.live("gone-away"), live_sample(say, 1.0))
            await say.bus.client.flush()

    assert served == 5


async def test_watchers_are_sent_away_with_unavailable_when_the_server_stops(
    start: Any, stages: Callable[[str], Any]
) -> None:
    """A watcher knows that it may come back, and does so with its last token."""
    async with start() as service:
        await service.create("restarts")
        say = stages("restarts")
        await say.count_rep(1)
        call = service.stub.WatchSession(Watch(name="sessions/restarts"), timeout=60)
        [seen] = await take(call, lambda one: one.HasField("event"))
        service.app.watches.end()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(aiter(call))

    async with start() as service:
        await say.count_rep(2)
        request = Watch(name="sessions/restarts", resume_token=seen.resume_token)
        call = service.stub.WatchSession(request, timeout=60)
        rest = await take(call, lambda one: one.HasField("event"))
        call.cancel()

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert ids(rest) == [("kinematics-rep-p1-2", 1)]


@pytest.fixture
def samples() -> Iterator[Callable[[float], Response]]:
    """Makes a sample of a moment."""
    return lambda t_s: Response(sample=sample_pb2.Sample(t_s=t_s))


async def test_a_slow_reader_gets_the_newest_and_is_told_what_it_missed(samples: Callable[[float], Response]) -> None:
    """Samples are left out, events are not."""
    feed = Feed()
    for number in range(5):
        feed.put_latest("sample/p1", [samples(float(number))])
    await feed.put_event(Response(resume_token="a"))
    feed.end()

    assert (await feed.take()) == Response(resume_token="a")
    assert await feed.take() is None

    feed = Feed()
    for number in range(5):
        feed.put_latest("sample/p1", [samples(float(number))])
    first = await feed.take()
    feed.put_latest("sample/p1", [samples(9.0)])
    second = await feed.take()

    assert first is not None
    assert second is not None
    assert (first.sample.t_s, first.samples_skipped) == (4.0, 4)
    assert (second.sample.t_s, second.samples_skipped) == (9.0, 0)


async def test_events_wait_for_a_slow_reader(samples: Callable[[float], Response]) -> None:
    """No event is dropped: whoever brings more than there is room for waits."""
    feed = Feed(room=2)

    async def bring() -> None:
        for number in range(10):
            await feed.put_event(Response(resume_token=str(number)))
        feed.end()

    bringing = asyncio.create_task(bring())
    seen = []
    while (response := await feed.take()) is not None:
        seen.append(response.resume_token)
    await bringing

    assert seen == [str(number) for number in range(10)]


async def test_an_error_reaches_the_reader_behind_what_waited() -> None:
    """What was there is read first."""
    feed = Feed()
    await feed.put_event(Response(resume_token="last"))
    feed.end(ZeroDivisionError())

    assert (await feed.take()) == Response(resume_token="last")
    with pytest.raises(ZeroDivisionError):
        await feed.take()
