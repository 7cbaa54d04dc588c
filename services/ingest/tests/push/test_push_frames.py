"""Pictures that a client pushes: on to pose as they are, every one or the newest, refused where they must be."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import grpc
import numpy as np
import pytest
import simplejpeg

from motus.bus.v1 import frame_pb2
from motus.v1 import ingest_service_pb2 as api
from motus_ingest.push.settings import PushSettings
from motus_runtime.errors import RetryableError
from services.ingest.tests.push.conftest import DEADLINE_S, Pushing, refused

Receivers = Callable[..., Any]
TIMES = [n / 30 for n in range(12)]


def jpeg(width: int = 320, height: int = 240) -> bytes:
    """A picture."""
    grey = np.full((height, width, 3), 90, np.uint8)
    grey[: height // 2] = np.random.default_rng(1).integers(0, 255, (height // 2, width, 3))
    return simplejpeg.encode_jpeg(grey, 85)


def calls(
    session: str, times: Iterable[float], *, end: bool = True, picture: bytes = b""
) -> list[api.PushFramesRequest]:
    """A whole call."""
    start = api.PushFramesRequest(start=api.FramesStart(session=f"sessions/{session}"))
    frames = [api.PushFramesRequest(frame=api.PushedFrame(t_s=t_s, jpeg=picture or jpeg())) for t_s in times]
    return [start, *frames, *([api.PushFramesRequest(end=True)] if end else [])]


@pytest.mark.parametrize(
    ("pacing", "delivery"),
    [("PACING_FAST", frame_pb2.DELIVERY_EVERY), ("PACING_REALTIME", frame_pb2.DELIVERY_NEWEST)],
)
async def test_pictures_go_on_to_pose_as_they_are(
    pushing: Pushing, session: str, receivers: Receivers, pacing: str, delivery: Any
) -> None:
    """The same bytes, whole, with the header's size and the client's times; then the end. None is kept back."""
    receiver = receivers(session)
    await receiver.start()
    await pushing.announce(session, "push:frames", pacing)

    answer = await pushing.stub().PushFrames(iter(calls(session, TIMES)), timeout=DEADLINE_S)
    await receiver.ended.wait()
    await pushing.is_free(session)

    pictures = receiver.frames[:-1]
    assert (answer.counts.received, answer.counts.sent, dict(answer.counts.dropped)) == (12, 12, {})
    assert [frame.ref.t_s for frame in pictures] == TIMES
    assert {(frame.width, frame.height, frame.delivery) for frame in pictures} == {(320, 240, delivery)}
    assert {patch.jpeg for frame in pictures for patch in frame.patches} == {jpeg()}
    assert not receiver.frames[-1].end.failed
    assert receiver.frames[-1].end.frames == 12


async def test_where_every_picture_counts_none_overtakes_pose(
    pushing: Pushing, session: str, receivers: Receivers
) -> None:
    """Nobody answers yet, so the stream waits: no more than the credit is under way."""
    receiver = receivers(session, lambda frame, times: None)
    await receiver.start()
    await pushing.announce(session, "push:frames", "PACING_FAST")
    call = pushing.stub().PushFrames(iter(calls(session, TIMES)), timeout=DEADLINE_S)
    await receiver.has(1)
    await asyncio.sleep(0.5)

    seqs = set(receiver.seqs())
    call.cancel()
    await pushing.is_free(session)

    assert seqs == {0}
    assert not receiver.ended.is_set()


@pytest.mark.parametrize(
    ("picture", "code", "reason", "fields"),
    [
        (b"\xff\xd8" + b"no picture" * 40, "INVALID_ARGUMENT", "INVALID_ARGUMENT", {"frame.jpeg"}),
        (jpeg(8, 400), "INVALID_ARGUMENT", "INVALID_ARGUMENT", {"frame.jpeg"}),
        (b"\xff\xd8", "INVALID_ARGUMENT", "INVALID_ARGUMENT", {"frame.jpeg"}),
        (jpeg(1400, 200), "RESOURCE_EXHAUSTED", "FRAME_TOO_LARGE", set()),
        (jpeg(640, 480), "RESOURCE_EXHAUSTED", "FRAME_TOO_LARGE", set()),
    ],
    ids=["no JPEG", "too small", "too short", "too wide", "too many bytes"],
)
async def test_what_is_no_picture_or_too_large_is_refused(
    run_worker: Any,
    bounds: PushSettings,
    session: str,
    receivers: Receivers,
    picture: bytes,
    code: str,
    reason: str,
    fields: set[str],
) -> None:
    """By its header; the session stays open, and pose sees nothing of it."""
    receiver = receivers(session)
    await receiver.start()
    async with run_worker(dataclasses.replace(bounds, max_frame_bytes=100_000)) as pushing:
        await pushing.announce(session, "push:frames")
        answer = await refused(
            pushing.stub().PushFrames(iter(calls(session, TIMES[:1], picture=picture)), timeout=DEADLINE_S)
        )
        again = await pushing.stub().PushFrames(iter(calls(session, TIMES)), timeout=DEADLINE_S)

    assert answer == (getattr(grpc.StatusCode, code), reason, fields)
    assert again.counts.sent == 12


async def test_unsorted_and_too_many_pictures_are_refused(pushing: Pushing, session: str, receivers: Receivers) -> None:
    """As with landmarks; no end is sent."""
    receiver = receivers(session)
    await receiver.start()
    await pushing.announce(session, "push:frames", "PACING_FAST")
    stub = pushing.stub()

    unsorted = await refused(stub.PushFrames(iter(calls(session, [0.2, 0.1])), timeout=DEADLINE_S))
    many = await refused(stub.PushFrames(iter(calls(session, [1 + n / 99 for n in range(90)])), timeout=DEADLINE_S))

    assert unsorted == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {"frame.t_s"})
    assert many[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_FRAMES")
    assert not receiver.ended.is_set()


async def test_a_stream_closed_without_an_end_leaves_the_session_open(
    pushing: Pushing, session: str, receivers: Receivers
) -> None:
    """The next call goes on under a newer epoch."""
    receiver = receivers(session)
    await receiver.start()
    await pushing.announce(session, "push:frames")
    stub = pushing.stub()

    first = await stub.PushFrames(iter(calls(session, TIMES[:5], end=False)), timeout=DEADLINE_S)
    open_still = not receiver.ended.is_set()
    second = await stub.PushFrames(iter(calls(session, TIMES[5:])), timeout=DEADLINE_S)
    await receiver.ended.wait()

    assert (first.counts.sent, open_still, second.counts.sent) == (5, True, 7)
    assert len({frame.ref.ingest_epoch for frame in receiver.frames}) == 2


async def test_a_stop_ends_a_session_with_pictures_with_or_without_a_call(
    pushing: Pushing, session: str, receivers: Receivers
) -> None:
    """Pose hears the user's reason either way."""
    pushed, empty = receivers(f"{session}-pushed"), receivers(f"{session}-empty")
    for name, receiver in (("pushed", pushed), ("empty", empty)):
        await receiver.start()
        await pushing.announce(f"{session}-{name}", "push:frames")
    call = pushing.stub().PushFrames(timeout=DEADLINE_S)
    for message in calls(f"{session}-pushed", TIMES[:3], end=False):
        await call.write(message)
    await pushed.has(3)

    for name in ("pushed", "empty"):
        await pushing.stop(f"{session}-{name}", "enough")
    await asyncio.gather(pushed.ended.wait(), empty.ended.wait())

    assert (await call).counts.sent == 3
    ends = [receiver.frames[-1].end for receiver in (pushed, empty)]
    assert [(end.failed, end.reason) for end in ends] == [(False, "enough")] * 2


async def test_what_a_play_meets_is_told_as_what_it_is(
    pushing: Pushing, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks raise groups, which would be told as a bug of ours."""

    async def fails(*_: Any) -> None:
        raise ExceptionGroup("tasks", [ExceptionGroup("inner", [RetryableError("taken over")])])

    monkeypatch.setattr("motus_ingest.push.playing.play", fails)
    await pushing.announce(session, "push:frames")

    answer = await refused(pushing.stub().PushFrames(iter(calls(session, TIMES)), timeout=DEADLINE_S))

    assert answer[:2] == (grpc.StatusCode.UNAVAILABLE, "TRY_AGAIN")
