"""A video that a client pushes: kept within bounds, played as any file, gone behind it whatever happens."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from motus.v1 import ingest_service_pb2 as api
from motus_ingest.push.settings import PushSettings
from motus_ingest.push.spool import PREFIX, Spool
from services.ingest.tests.push.conftest import DEADLINE_S, Pushing, refused

Receivers = Callable[..., Any]


def calls(session: str, body: bytes, *, size: int = 0, end: bool = True) -> Iterator[api.PushVideoRequest]:
    """A whole call."""
    yield api.PushVideoRequest(start=api.VideoStart(session=f"sessions/{session}", size_bytes=size))
    for place in range(0, len(body), 100_000):
        yield api.PushVideoRequest(data=body[place : place + 100_000])
    if end:
        yield api.PushVideoRequest(end=True)


def spooled(bounds: PushSettings) -> list[str]:
    """What lies in the spool."""
    return os.listdir(bounds.spool)


async def test_a_video_is_played_as_any_file_and_removed(
    pushing: Pushing, bounds: PushSettings, session: str, receivers: Receivers, make_video: Any
) -> None:
    """Every picture of it goes to pose, in order, then the end; the answer comes behind that."""
    receiver = receivers(session)
    await receiver.start()
    await pushing.announce(session, "push:video", "PACING_FAST")
    body = make_video(frames=40).read_bytes()

    answer = await pushing.stub().PushVideo(calls(session, body, size=len(body)), timeout=DEADLINE_S)

    assert receiver.ended.is_set()
    assert receiver.seqs() == list(range(40))
    assert not receiver.frames[-1].end.failed
    assert (answer.counts.received, answer.counts.sent) == (40, 40)
    assert spooled(bounds) == []


async def test_what_is_no_video_ends_its_session_with_the_reason(
    pushing: Pushing, bounds: PushSettings, session: str, receivers: Receivers
) -> None:
    """As a file on the server would."""
    receiver = receivers(session)
    await receiver.start()
    await pushing.announce(session, "push:video", "PACING_FAST")

    answer = await pushing.stub().PushVideo(calls(session, b"no video at all" * 99), timeout=DEADLINE_S)

    assert answer.counts.sent == 0
    assert receiver.frames[-1].end.failed
    assert "no video" in receiver.frames[-1].end.reason
    assert spooled(bounds) == []


@pytest.mark.parametrize(
    ("size", "sent", "end", "expected"),
    [
        (2_000_000, 10, True, (grpc.StatusCode.RESOURCE_EXHAUSTED, "VIDEO_TOO_LARGE", set())),
        (0, 1_100_000, True, (grpc.StatusCode.RESOURCE_EXHAUSTED, "VIDEO_TOO_LARGE", set())),
        (500, 400, True, (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {"start.size_bytes"})),
        (0, 400, False, (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", {"end"})),
    ],
    ids=["says so", "grows so", "too short", "no end"],
)
async def test_too_much_or_too_little_is_refused(
    pushing: Pushing,
    bounds: PushSettings,
    session: str,
    receivers: Receivers,
    size: int,
    sent: int,
    end: bool,
    expected: object,
) -> None:
    """Nothing of it stays, nothing is played, and the session stays open."""
    receiver = receivers(session)
    await receiver.start()
    await pushing.announce(session, "push:video")

    answer = await refused(
        pushing.stub().PushVideo(calls(session, b"\0" * sent, size=size, end=end), timeout=DEADLINE_S)
    )

    assert answer == expected
    assert spooled(bounds) == []
    assert receiver.frames == []


async def test_who_goes_in_the_midst_leaves_nothing(
    pushing: Pushing, bounds: PushSettings, session: str, receivers: Receivers, make_video: Any
) -> None:
    """Neither the file nor the lease; another call plays on with the whole file."""
    receiver = receivers(session)
    await receiver.start()
    await pushing.announce(session, "push:video", "PACING_REALTIME")
    body = make_video(frames=45).read_bytes()
    call = pushing.stub().PushVideo(calls(session, body), timeout=DEADLINE_S)
    await receiver.has(3)
    during = spooled(bounds)

    call.cancel()
    await pushing.is_free(session)
    while spooled(bounds):
        await asyncio.sleep(0.01)
    ended = receiver.ended.is_set()
    await pushing.stub().PushVideo(calls(session, body), timeout=DEADLINE_S)

    assert len(during) == 1
    assert not ended
    assert receiver.ended.is_set()


async def test_all_videos_together_have_a_bound(pushing: Pushing, session: str) -> None:
    """Who comes when it is reached is told to come again."""
    for name in ("one", "two"):
        await pushing.announce(f"{session}-{name}", "push:video")
    first = pushing.stub().PushVideo(timeout=DEADLINE_S)
    for message in calls(f"{session}-one", b"\0" * 900_000, end=False):
        await first.write(message)
    await asyncio.sleep(0.3)

    answer = await refused(pushing.stub().PushVideo(calls(f"{session}-two", b"\0" * 900_000), timeout=DEADLINE_S))
    first.cancel()

    assert answer[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SPOOL_FULL")


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    """Its own name's too, since in a container every process has the same; of one that lives nothing is touched."""
    dead, mine, living, other = (
        tmp_path / name
        for name in (
            f"{PREFIX}{2**22 + 5}-a",
            f"{PREFIX}{os.getpid()}-b",
            f"{PREFIX}{os.getppid()}-c",
            "something-else",
        )
    )
    for folder in (dead, mine, living, other):
        folder.mkdir()

    Spool(str(tmp_path), 1, 1).sweep()

    assert sorted(tmp_path.iterdir()) == sorted([living, other])
