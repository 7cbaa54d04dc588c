"""What clients push, through the whole stack: landmarks, pictures, a video count as what the server opens itself."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import av
import grpc
import pytest

from motus.v1 import event_pb2, movement_pb2
from motus.v1.ingest_service_pb2 import LandmarksFrame, PushedFrame
from motus.v1.session_service_pb2 import PACING_FAST, Session, Source
from motus_client import ApiError, AsyncClient, Client
from motus_client.stack.supervisor import Supervisor
from tests.e2e.conftest import CLIPS, MOTUS, play, running_stack, truth

pytestmark = pytest.mark.e2e
CLIP = CLIPS / "squat.mp4"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """A stack that may read the sample clips."""
    with running_stack(tmp_path_factory.mktemp("pushed"), CLIPS) as one:
        yield one


@pytest.fixture(scope="module")
def client(stack: Supervisor) -> Iterator[Client]:
    """Whoever may use it."""
    with Client(stack.address, stack.access, ingest=stack.ingest) as one:
        yield one


@pytest.fixture(scope="module")
def played(client: Client) -> Session:
    """The clip as the server's own pose sees it."""
    return play(client, CLIP, "squat")


def begin(client: Client, uri: str) -> str:
    """A session of what is pushed."""
    source = Source(uri=uri, pacing=PACING_FAST)
    return client.create_session(Session(source=source, exercise="squat")).name


def over(client: Client, session: str) -> Session:
    """The session once it is over."""
    for _ in client.watch_session(session):
        pass
    return client.get_session(session)


def moments(client: Client, session: str) -> Iterator[LandmarksFrame]:
    """The landmarks that the server stored of a session, as a phone would push them."""
    for frame in client.get_skeleton(session):
        landmarks = frame.landmarks if frame.HasField("landmarks") else None
        yield LandmarksFrame(t_s=frame.t_s, landmarks=landmarks)


def counted(client: Client, session: str) -> list[movement_pb2.Rep]:
    """Its repetitions."""
    return list(client.list_reps(session))


def test_pushed_landmarks_count_as_the_servers_own(client: Client, played: Session) -> None:
    """The same repetitions at the same times, without a picture; and what was pushed is what is stored."""
    session = begin(client, "push:landmarks")
    frames = list(moments(client, played.name))

    answer = client.push_landmarks(session, iter(frames), width=640, height=360, engine="mediapipe")
    ended = over(client, session)
    ours, theirs = counted(client, session), counted(client, played.name)

    assert ended.state == event_pb2.SESSION_STATE_ENDED
    assert answer.counts.sent == len(frames) == truth("squat")["frames"]
    assert len(ours) == len(theirs) == len(truth("squat")["reps"])
    for our, their in zip(ours, theirs, strict=True):
        assert (our.start_s, our.turn_s, our.end_s) == pytest.approx(
            (their.start_s, their.turn_s, their.end_s), abs=0.05
        )
    assert [frame.t_s for frame in client.get_skeleton(session)] == pytest.approx([frame.t_s for frame in frames])


def test_landmarks_in_two_calls_count_as_in_one(client: Client, stack: Supervisor, played: Session) -> None:
    """The second sends all once more by the client for asyncio; what was stored is passed over."""
    session, frames = begin(client, "push:landmarks"), list(moments(client, played.name))
    half = len(frames) // 2

    async def again() -> tuple[int, int]:
        async def all_of_them() -> AsyncIterator[LandmarksFrame]:
            for frame in frames:
                yield frame

        async with AsyncClient(stack.address, stack.access, ingest=stack.ingest) as one:
            answer = await one.push_landmarks(session, all_of_them(), width=640, height=360)
        return answer.counts.sent, answer.counts.dropped["frames_skipped"]

    client.push_landmarks(session, iter(frames[:half]), width=640, height=360, end=False)
    sent = asyncio.run(again())
    over(client, session)

    assert sent == (len(frames) - half, half)
    assert len(counted(client, session)) == len(truth("squat")["reps"])


def test_pushed_pictures_are_looked_at(client: Client) -> None:
    """JPEGs one by one, every one of them, as from a phone's camera."""
    session = begin(client, "push:frames")

    answer = client.push_frames(session, _pictures(CLIP))
    ended = over(client, session)

    assert ended.state == event_pb2.SESSION_STATE_ENDED
    assert answer.counts.sent == truth("squat")["frames"]
    assert len(counted(client, session)) == len(truth("squat")["reps"])


def _pictures(clip: Path) -> Iterator[PushedFrame]:
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
            encoder.time_base = frame.time_base
            (packet,) = encoder.encode(frame.reformat(format="yuvj420p"))
            yield PushedFrame(t_s=frame.time or 0.0, jpeg=bytes(packet))


def test_a_server_that_is_named_is_sent_the_video(stack: Supervisor, tmp_path: Path) -> None:
    """`motus analyze --server`, with a file that the server could not read; nothing of it stays there."""
    video = tmp_path / "elsewhere" / "mine.mp4"
    video.parent.mkdir()
    shutil.copy(CLIP, video)
    token = stack.access.token_file
    where = ("--server", stack.address, "--ingest-server", stack.ingest, "--token-file", str(token))
    done = subprocess.run(
        [MOTUS, "analyze", str(video), "--exercise", "squat", "--fast", "--json", "--out", str(tmp_path), *where],
        env=os.environ | {"MOTUS_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=110,
    )
    answer = json.loads(done.stdout)

    assert (done.returncode, answer["state"]) == (0, "ENDED"), done.stderr
    assert answer["source"] == "push:video"
    assert len(answer["reps"]) == len(truth("squat")["reps"])
    assert answer["frames"]["in"] == truth("squat")["frames"]


def test_what_is_refused_is_told_by_its_reason(client: Client, stack: Supervisor) -> None:
    """By either client; the session stays open, and is ended by who began it."""
    session = begin(client, "push:landmarks")
    wrong = [LandmarksFrame(t_s=t_s) for t_s in (0.0, 0.2, 0.1)]

    async def asked() -> ApiError:
        async def all_of_them() -> AsyncIterator[LandmarksFrame]:
            for frame in wrong:
                yield frame

        async with AsyncClient(stack.address, stack.access, ingest=stack.ingest) as one:
            with pytest.raises(ApiError) as raised:
                await one.push_landmarks(session, all_of_them(), width=640, height=360)
            return raised.value

    with pytest.raises(ApiError) as raised:
        client.push_landmarks(session, iter(wrong), width=640, height=360)
    by_asyncio = asyncio.run(asked())
    client.stop_session(session, reason="never mind")
    ended = over(client, session)

    for error in (raised.value, by_asyncio):
        assert error.code is grpc.StatusCode.INVALID_ARGUMENT
        assert error.violations.keys() == {"frame.t_s"}
    assert (ended.state, ended.reason) == (event_pb2.SESSION_STATE_ENDED, "never mind")


def test_an_error_of_who_pushes_is_their_own(client: Client) -> None:
    """It comes out as it was raised, and the session stays open."""
    session = begin(client, "push:landmarks")

    def broken() -> Iterator[LandmarksFrame]:
        yield LandmarksFrame(t_s=0.0)
        raise KeyError("camera")

    with pytest.raises(KeyError):
        client.push_landmarks(session, broken(), width=640, height=360)
    state = client.get_session(session).state
    client.stop_session(session)

    assert state in (event_pb2.SESSION_STATE_PENDING, event_pb2.SESSION_STATE_RUNNING)
