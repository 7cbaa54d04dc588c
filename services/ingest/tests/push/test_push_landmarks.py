"""Landmarks that a client pushes: stored as pose's are, gone on with, ended by whom it may."""

import asyncio
import dataclasses
from typing import Any

import grpc

from motus.bus.v1 import frame_pb2, landmarks_pb2
from motus.v1 import ingest_service_pb2 as api
from motus_ingest.push.settings import PushSettings
from motus_runtime import topics
from motus_runtime.bus import Bus
from services.ingest.tests.push.conftest import DEADLINE_S, TIMES, Pushing, messages, moment, points, refused, start


async def test_what_is_pushed_is_stored_as_poses_is(pushing: Pushing, session: str) -> None:
    """Each moment with its times and participant, marked as the client's, then the end; all under one epoch."""
    await pushing.announce(session, "push:landmarks")
    nobody = api.PushLandmarksRequest(frame=api.LandmarksFrame(t_s=1.0))
    ben = moment(1.1, participant=f"sessions/{session}/participants/ben")
    ben.frame.capture_time.FromNanoseconds(1_700_000_000_123_000_000)
    call = [
        start(session, engine="mediapipe", smoothed=True),
        moment(0.5),
        nobody,
        ben,
        api.PushLandmarksRequest(end=True),
    ]

    answer = await pushing.stub().PushLandmarks(iter(call), timeout=DEADLINE_S)
    stored = await pushing.landmarks(session)
    await pushing.is_free(session)

    assert (answer.counts.received, answer.counts.sent, dict(answer.counts.dropped)) == (3, 3, {})
    assert [message.ref.t_s for message in stored] == [0.5, 1.0, 1.1, 1.1]
    assert [message.ref.frame_seq for message in stored[:3]] == [0, 1, 2]
    assert [[p.participant for p in message.persons] for message in stored] == [["ann"], [], ["ben"], []]
    assert stored[0].persons[0].landmarks == points()
    assert {message.source for message in stored} == {landmarks_pb2.LANDMARK_SOURCE_CLIENT}
    assert {(m.width, m.height, m.engine.name, m.engine.smoothing) for m in stored} == {
        (640, 480, "mediapipe", landmarks_pb2.SMOOTHING_ENGINE)
    }
    assert stored[2].ref.capture_time_ns == 1_700_000_000_123_000_000
    assert [m.ref.capture_origin for m in stored[1:3]] == [
        frame_pb2.CAPTURE_ORIGIN_ARRIVAL,
        frame_pb2.CAPTURE_ORIGIN_SENDER,
    ]
    assert len({(m.pose_epoch, m.ref.ingest_epoch) for m in stored}) == 1
    assert stored[0].pose_epoch == stored[0].ref.ingest_epoch > 0
    assert (stored[-1].end.failed, stored[-1].end.reason, stored[-1].end.frames) == (False, "", 3)


async def test_a_session_that_was_just_created_is_found(pushing: Pushing, session: str) -> None:
    """The worker may hear of it after the call does."""
    call = asyncio.ensure_future(pushing.stub().PushLandmarks(iter(messages(session, TIMES)), timeout=DEADLINE_S))
    await asyncio.sleep(0.3)
    await pushing.announce(session, "push:landmarks")

    assert (await call).counts.sent == len(TIMES)


async def test_a_call_that_breaks_off_is_gone_on_with(pushing: Pushing, session: str) -> None:
    """What was stored is passed over and counted, the epoch rises, and the end comes once."""
    await pushing.announce(session, "push:landmarks")
    call = pushing.stub().PushLandmarks(timeout=DEADLINE_S)
    for message in messages(session, TIMES[:10], end=False):
        await call.write(message)
    await pushing.has(session, 10)
    call.cancel()
    await pushing.is_free(session)

    answer = await pushing.stub().PushLandmarks(iter(messages(session, TIMES)), timeout=DEADLINE_S)
    stored = await pushing.landmarks(session)

    assert (answer.counts.received, answer.counts.sent, dict(answer.counts.dropped)) == (30, 20, {"frames_skipped": 10})
    assert [message.ref.t_s for message in stored[:-1]] == TIMES
    epochs = [message.pose_epoch for message in stored]
    assert epochs == sorted(epochs)
    assert len(set(epochs)) == 2


async def test_a_worker_that_is_told_to_go_leaves_the_session_to_the_next(
    run_worker: Any, bounds: PushSettings, session: str
) -> None:
    """Its call is broken off at once, as one that may be made again; another worker goes on behind what is stored."""
    async with run_worker(bounds) as first, run_worker(bounds) as second:
        await first.announce(session, "push:landmarks")
        call = first.stub().PushLandmarks(timeout=DEADLINE_S)
        for message in messages(session, TIMES[:10], end=False):
            await call.write(message)
        await first.has(session, 10)

        await first.app.drain()
        code = await call.code()
        answer = await second.stub().PushLandmarks(iter(messages(session, TIMES)), timeout=DEADLINE_S)
        stored = await second.landmarks(session)

    assert code is grpc.StatusCode.UNAVAILABLE
    assert (answer.counts.sent, answer.counts.dropped["frames_skipped"]) == (20, 10)
    assert [message.ref.t_s for message in stored[:-1]] == TIMES


async def test_a_stream_closed_without_an_end_leaves_the_session_open(pushing: Pushing, session: str) -> None:
    """Its counts are told; the next call ends it."""
    await pushing.announce(session, "push:landmarks")

    first = await pushing.stub().PushLandmarks(iter(messages(session, TIMES[:10], end=False)), timeout=DEADLINE_S)
    second = await pushing.stub().PushLandmarks(iter(messages(session, [], end=True)), timeout=DEADLINE_S)
    stored = await pushing.landmarks(session)

    assert (first.counts.sent, second.counts.sent) == (10, 0)
    assert len(stored) == 11
    assert stored[-1].ref.t_s == TIMES[9]


async def test_a_stop_ends_the_session_in_the_midst_of_a_call(pushing: Pushing, session: str) -> None:
    """The end has the user's reason, and the call is answered though its client says nothing more."""
    await pushing.announce(session, "push:landmarks")
    call = pushing.stub().PushLandmarks(timeout=DEADLINE_S)
    for message in messages(session, TIMES[:5], end=False):
        await call.write(message)
    await pushing.has(session, 5)

    await pushing.stop(session, "enough for today")
    answer, stored = await call, await pushing.landmarks(session)

    assert answer.counts.sent == 5
    assert (stored[-1].end.failed, stored[-1].end.reason) == (False, "enough for today")


async def test_an_erased_session_ends_its_call(pushing: Pushing, session: str) -> None:
    """There is nothing left to push into."""
    await pushing.announce(session, "push:landmarks")
    call = pushing.stub().PushLandmarks(timeout=DEADLINE_S)
    await call.write(start(session))
    await call.write(moment(0.0))
    await pushing.has(session, 1)

    await pushing.bus.store_raw(topics.spec_key(session), b"", {"KV-Operation": "DEL"})

    assert (await refused(call))[:2] == (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")


async def test_a_silent_caller_is_sent_away(run_worker: Any, bounds: PushSettings, session: str) -> None:
    """A phone that lost its network must not keep itself out when it is back."""
    async with run_worker(dataclasses.replace(bounds, silence_s=0.3)) as pushing:
        await pushing.announce(session, "push:landmarks")
        call = pushing.stub().PushLandmarks(timeout=DEADLINE_S)
        await call.write(start(session))

        assert (await refused(call))[:2] == (grpc.StatusCode.UNAVAILABLE, "PUSH_SILENT")


async def test_a_session_that_nobody_pushes_into_ends(run_worker: Any, bounds: PushSettings, session: str) -> None:
    """FAILED when it is abandoned, as the user says when it is stopped; whoever is pushed into goes on."""
    async with run_worker(dataclasses.replace(bounds, abandoned_s=0.5)) as pushing:
        for name in ("left", "busy"):
            await pushing.announce(f"{session}-{name}", "push:landmarks")
        call = pushing.stub().PushLandmarks(timeout=DEADLINE_S)
        for message in messages(f"{session}-busy", TIMES[:5], end=False):
            await call.write(message)
        left = await pushing.landmarks(f"{session}-left")
        await call.write(api.PushLandmarksRequest(end=True))
        busy = await call

    assert (left[-1].end.failed, left[-1].end.reason) == (True, "Nothing was pushed for 0.5 s.")
    assert busy.counts.sent == 5


async def test_a_session_is_stopped_although_nobody_pushes(pushing: Pushing, session: str, bus: Bus) -> None:
    """Long before it would be taken for abandoned."""
    await pushing.announce(session, "push:landmarks")
    await pushing.stop(session, "changed my mind")

    (end,) = await pushing.landmarks(session)

    assert (end.end.failed, end.end.reason) == (False, "changed my mind")
