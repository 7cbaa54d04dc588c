"""A session over a real bus: every frame is answered, what was seen is stored first, and nothing is done twice."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import simplejpeg
from nats.errors import NoRespondersError

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus.v1 import event_pb2
from motus_pose.session import WINDOW, PoseSession
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow
from motus_runtime.lease import Leases

Ask = Callable[[frame_pb2.Frame], "asyncio.Task[frame_pb2.FrameAck]"]
_JPEG = simplejpeg.encode_jpeg(np.full((48, 64, 3), 128, np.uint8))


def _frame(session: str, seq: int, *, epoch: int = 5, jpeg: bytes = _JPEG, every: bool = True) -> frame_pb2.Frame:
    ref = frame_pb2.FrameRef(session=session, ingest_epoch=epoch, frame_seq=seq, t_s=seq / 30, ingest_time_ns=1)
    delivery = frame_pb2.DELIVERY_EVERY if every else frame_pb2.DELIVERY_NEWEST
    return frame_pb2.Frame(ref=ref, width=64, height=48, patches=[frame_pb2.Patch(jpeg=jpeg)], delivery=delivery)


def _end(session: str, seq: int, *, epoch: int = 5, frames: int = 1) -> frame_pb2.Frame:
    frame = _frame(session, seq, epoch=epoch)
    frame.ClearField("patches")
    frame.end.frames = frames
    return frame


@pytest.fixture
def session() -> str:
    """An id that no other test has."""
    return f"pose-{secrets.token_hex(6)}"


@pytest.fixture
def ask(bus: Bus) -> Ask:
    """Sends a frame as ingest does, again while nobody listens, and gives the answer."""

    async def request(frame: frame_pb2.Frame) -> frame_pb2.FrameAck:
        while True:
            try:
                answer = await bus.client.request(
                    topics.frames(frame.ref.session), frame.SerializeToString(), timeout=30
                )
                return decode(frame_pb2.FrameAck, answer.data)
            except NoRespondersError:
                continue

    return lambda frame: asyncio.ensure_future(request(frame))


@asynccontextmanager
async def _owner(bus: Bus, session: str, engine: Any, turns: asyncio.Semaphore | None = None) -> AsyncIterator[int]:
    """A worker that owns the session, and its epoch; it vanishes without a word."""
    leases = Leases(bus, "pose", 1)
    await leases.beat()
    epoch = await leases.claim(session)
    assert epoch is not None
    task = asyncio.create_task(
        PoseSession(bus, leases, session, ("p1", "p2"), epoch, engine.make, turns or asyncio.Semaphore(2)).run()
    )
    try:
        yield epoch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await leases.close()


async def _stored(bus: Bus, session: str) -> list[landmarks_pb2.Landmarks]:
    """All landmarks of a session so far, in order."""
    last = await bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session))
    found: list[landmarks_pb2.Landmarks] = []
    if last is None:
        return found
    async for message in follow(bus, topics.LANDMARKS_STREAM, topics.landmarks(session)):
        found.append(decode(landmarks_pb2.Landmarks, message.body))
        if message.sequence == last.seq:
            break
    return found


async def test_landmarks_are_stored_when_the_frame_is_answered(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """The answer DONE means that the landmarks are on the bus, with track, participant, epoch, size and engine."""
    async with _owner(bus, session, engine) as epoch:
        ack = await ask(_frame(session, 0))
        (landmarks,) = await _stored(bus, session)

    assert ack.outcome == frame_pb2.FRAME_OUTCOME_DONE
    assert ack.pose_epoch == landmarks.pose_epoch == epoch
    assert ack.ref == landmarks.ref
    assert (landmarks.width, landmarks.height, landmarks.engine.name) == (64, 48, "obedient")
    assert landmarks.engine.smoothing == landmarks_pb2.SMOOTHING_RAW
    (person,) = landmarks.persons
    assert (person.track_id, person.participant) == (1, "p1")
    assert len(person.landmarks.image_f32) == 33 * 5 * 4
    assert len(person.landmarks.world_f32) == 33 * 3 * 4
    assert [roi.track_id for roi in ack.rois] == [1]


async def test_frame_without_people_is_stored_too(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """An empty picture is a finding: whoever follows knows that nobody was there."""
    engine.people = 0
    async with _owner(bus, session, engine):
        ack = await ask(_frame(session, 0))
        (landmarks,) = await _stored(bus, session)

    assert ack.outcome == frame_pb2.FRAME_OUTCOME_DONE
    assert not landmarks.persons


async def test_frame_sent_again_is_a_duplicate(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """A frame whose answer got lost is answered again, not looked at again."""
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0))
        again = await ask(_frame(session, 0))
        stored = await _stored(bus, session)

    assert again.outcome == frame_pb2.FRAME_OUTCOME_DUPLICATE
    assert len(stored) == 1


async def test_frame_of_an_older_ingest_owner_is_stale(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """Once a newer ingest owner has sent a frame, the older one's are turned away."""
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0, epoch=6))
        ack = await ask(_frame(session, 1, epoch=5))
        stored = await _stored(bus, session)

    assert ack.outcome == frame_pb2.FRAME_OUTCOME_STALE
    assert [landmarks.ref.ingest_epoch for landmarks in stored] == [6]


async def test_bad_frames_are_answered_and_the_next_one_is_done(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """Corrupt bytes, a frame without time, and an engine that fails stop nothing."""
    timeless = _frame(session, 1)
    timeless.ref.t_s = float("nan")
    async with _owner(bus, session, engine):
        outcomes = [(await ask(_frame(session, 0, jpeg=b"no jpeg"))).outcome, (await ask(timeless)).outcome]
        engine.fail_next = True
        outcomes += [(await ask(_frame(session, seq))).outcome for seq in (1, 2)]

    bad, done = frame_pb2.FRAME_OUTCOME_BAD, frame_pb2.FRAME_OUTCOME_DONE
    assert outcomes == [bad, bad, bad, done]
    assert engine.made == 2


async def test_what_is_no_frame_is_answered_as_bad(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """Bytes that are no message of ours get an answer, so that their sender does not wait."""
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0))
        answer = await bus.client.request(topics.frames(session), b"\xff\xff\xff", timeout=30)

    assert decode(frame_pb2.FrameAck, answer.data).outcome == frame_pb2.FRAME_OUTCOME_BAD


async def test_sampled_trace_goes_on_with_the_landmarks(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """The sender's trace id is on the landmarks of the frame that it sampled."""
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0))
        await bus.client.request(
            topics.frames(session), _frame(session, 1).SerializeToString(), timeout=30, headers=headers
        )
        last = await bus.last(topics.LANDMARKS_STREAM, topics.landmarks(session))

    assert last is not None
    assert last.headers is not None
    assert trace_id in last.headers["traceparent"]


async def test_newer_live_frame_takes_the_place_of_a_waiting_one(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """While the engine is busy only the newest live frame waits; the sender learns of the others at once."""
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0, every=False))
        engine.open.clear()
        first = ask(_frame(session, 1, every=False))
        while not engine.waiting:
            await bus.client.flush()
        second, third = ask(_frame(session, 2, every=False)), ask(_frame(session, 3, every=False))
        superseded = await second
        engine.open.set()
        done = [(await first).outcome, (await third).outcome]
        stored = await _stored(bus, session)

    assert superseded.outcome == frame_pb2.FRAME_OUTCOME_SUPERSEDED
    assert done == [frame_pb2.FRAME_OUTCOME_DONE] * 2
    assert [landmarks.ref.frame_seq for landmarks in stored] == [0, 1, 3]
    assert (await third).wanted_fps > 0


async def test_every_frame_waits_its_turn_and_none_is_dropped(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """A full window says BUSY; what it took is done in order."""
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0))
        engine.open.clear()
        working = ask(_frame(session, 1))
        while not engine.waiting:
            await bus.client.flush()
        waiting = [ask(_frame(session, seq)) for seq in range(2, 2 + WINDOW)]
        busy = await ask(_frame(session, 2 + WINDOW))
        engine.open.set()
        acks = [await working, *[await task for task in waiting]]
        stored = await _stored(bus, session)

    assert busy.outcome == frame_pb2.FRAME_OUTCOME_BUSY
    assert {ack.outcome for ack in acks} == {frame_pb2.FRAME_OUTCOME_DONE}
    assert [landmarks.ref.frame_seq for landmarks in stored] == list(range(2 + WINDOW))


async def test_frame_ahead_of_a_lost_one_waits_for_it(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """A frame that overtook a lost message is asked for again, so that none is left out."""
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0))
        early = await ask(_frame(session, 2))
        outcomes = [(await ask(_frame(session, seq))).outcome for seq in (1, 2)]

    assert early.outcome == frame_pb2.FRAME_OUTCOME_BUSY
    assert outcomes == [frame_pb2.FRAME_OUTCOME_DONE] * 2


async def test_frame_that_never_comes_is_given_up(
    bus: Bus, session: str, engine: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap that nobody fills does not stop the stream for ever."""
    monkeypatch.setattr("motus_pose.session.PATIENCE_S", -1.0)
    async with _owner(bus, session, engine):
        outcomes = [(await ask(_frame(session, seq))).outcome for seq in (0, 2)]

    assert outcomes == [frame_pb2.FRAME_OUTCOME_DONE] * 2


async def test_end_follows_the_final_figures_and_is_passed_on_once(
    bus: Bus, session: str, engine: Any, ask: Ask
) -> None:
    """The end is stored behind the last frame and the stage's figures, and an end sent again is a duplicate."""
    async with _owner(bus, session, engine) as epoch:
        await ask(_frame(session, 0))
        ack, again = await ask(_end(session, 0)), await ask(_end(session, 0))
        stored = await _stored(bus, session)
        last = await bus.last(topics.EVENTS_STREAM, topics.events(session, "pose"))

    assert ack.outcome == frame_pb2.FRAME_OUTCOME_DONE
    assert again.outcome == frame_pb2.FRAME_OUTCOME_DUPLICATE
    assert [landmarks.HasField("end") for landmarks in stored] == [False, True]
    assert last is not None
    assert last.data is not None
    envelope = decode(samples_pb2.EventEnvelope, last.data)
    report = envelope.event.report
    assert (envelope.epoch, report.final) == (epoch, True)
    assert (report.counts["frames_in"], report.counts["frames_out"], report.counts["frames_with_pose"]) == (1, 1, 1)
    assert report.latency.count == 1


async def test_end_of_a_source_that_gave_nothing_is_passed_on(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """A source that failed before its first frame ends too, with its reason."""
    end = _end(session, 0, frames=0)
    end.end.failed, end.end.reason = True, "no video in the file"
    async with _owner(bus, session, engine):
        ack = await ask(end)
        (landmarks,) = await _stored(bus, session)

    assert ack.outcome == frame_pb2.FRAME_OUTCOME_DONE
    assert landmarks.end.reason == "no video in the file"


async def test_new_owner_goes_on_where_the_last_one_stopped(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """After a takeover no frame is done twice, the epoch is higher, and the person keeps the track."""
    async with _owner(bus, session, engine) as before:
        await ask(_frame(session, 0))
        await ask(_frame(session, 1))
    async with _owner(bus, session, engine) as behind:
        again, following = await ask(_frame(session, 1)), await ask(_frame(session, 2))
        stored = await _stored(bus, session)

    assert behind > before
    assert again.outcome == frame_pb2.FRAME_OUTCOME_DUPLICATE
    assert following.outcome == frame_pb2.FRAME_OUTCOME_DONE
    assert [(landmarks.ref.frame_seq, landmarks.pose_epoch) for landmarks in stored] == [
        (0, before),
        (1, before),
        (2, behind),
    ]
    assert {landmarks.persons[0].track_id for landmarks in stored} == {1}


async def test_new_owner_gives_a_new_person_a_new_track(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """Ids stay ever new over a takeover, even when the last frame had nobody to tell the last id."""
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0))
        engine.people = 0
        await ask(_frame(session, 1))
    engine.people = 1
    async with _owner(bus, session, engine):
        await ask(_frame(session, 2))
        stored = await _stored(bus, session)

    assert stored[2].persons[0].track_id > stored[0].persons[0].track_id


async def test_source_that_begins_anew_gets_a_new_engine(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """When a new ingest owner plays the source from its beginning the engine's memory of the end is gone."""
    late = _frame(session, 0, epoch=5)
    late.ref.t_s = 60.0
    async with _owner(bus, session, engine):
        await ask(late)
        await ask(_frame(session, 0, epoch=6))

    assert engine.made == 2
    assert engine.times_ms == [60_000, 0]


async def test_watchers_get_a_report_while_frames_flow(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """Progress comes on the live subject with the figures so far."""
    reports: asyncio.Queue[samples_pb2.Live] = asyncio.Queue()
    stop = await bus.listen(
        topics.live(session), lambda message: reports.put_nowait(decode(samples_pb2.Live, message.data))
    )
    async with _owner(bus, session, engine) as epoch:
        await ask(_frame(session, 0))
        live = await reports.get()
    await stop()

    assert (live.session, live.epoch) == (session, epoch)
    assert live.report.counts["frames_out"] == 1


async def _assign(bus: Bus, session: str, number: int, participant: str, **meant: Any) -> event_pb2.Event:
    """A user says who is in view; returns what pose answers."""
    assign = control_pb2.Assign(participant=participant, **meant)
    command = control_pb2.Command(id=f"assign-{number}", session=session, assign=assign)
    await bus.store(topics.commands(session), command, message_id=f"{session}/{number}")
    async for stored in follow(bus, topics.EVENTS_STREAM, topics.events(session, "pose")):
        event = decode(samples_pb2.EventEnvelope, stored.body).event
        if event.name.endswith(f"/pose-assign-{number}"):
            return event
    raise AssertionError


async def test_the_person_in_view_is_who_a_user_says(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """From the next picture on, also for a new owner; the first participant before; each wish is answered once."""
    async with _owner(bus, session, engine):
        await ask(_frame(session, 0))
        await bus.store_raw(topics.commands(session), b"\xff\xff", {})
        told = await _assign(bus, session, 1, "p2")
        await ask(_frame(session, 1))
        tapped = await _assign(bus, session, 2, "p1", tap=control_pb2.TapPoint(x=0.5, y=0.5))
        await ask(_frame(session, 2))
        await _assign(bus, session, 3, "p2")
        engine.people = 0
        await ask(_frame(session, 3))
    engine.people = 1
    async with _owner(bus, session, engine):
        await ask(_frame(session, 4))
        stored = await _stored(bus, session)
        await _assign(bus, session, 4, "p1")
    info = await bus.jetstream.stream_info(topics.EVENTS_STREAM, subjects_filter=topics.events(session, "pose"))

    assert [person.participant for one in stored for person in one.persons] == ["p1", "p2", "p1", "p2"]
    assert (told.notice.code, told.participant) == ("participant_assigned", f"sessions/{session}/participants/p2")
    assert tapped.notice.code == "participant_assigned"
    assert info.state.subjects == {topics.events(session, "pose"): 4}


async def test_who_is_not_in_view_is_not_assigned(bus: Bus, session: str, engine: Any, ask: Ask) -> None:
    """Nobody yet, a point beside the person, another track, nobody's id: refused with a reason, and nothing changes."""
    async with _owner(bus, session, engine):
        engine.people = 0
        await ask(_frame(session, 0))
        refusals = [await _assign(bus, session, 1, "p2")]
        engine.people = 1
        await ask(_frame(session, 1))
        refusals.append(await _assign(bus, session, 2, "p2", tap=control_pb2.TapPoint(x=0.9, y=0.5)))
        refusals.append(await _assign(bus, session, 3, "p2", track_id=7))
        refusals.append(await _assign(bus, session, 4, "p9"))
        await ask(_frame(session, 2))
        stored = await _stored(bus, session)

    assert {event.notice.code for event in refusals} == {"participant_not_assigned"}
    assert all(event.notice.text for event in refusals)
    assert [person.participant for one in stored for person in one.persons] == ["p1", "p1"]


async def test_a_session_with_too_many_people_is_refused(bus: Bus, session: str, engine: Any) -> None:
    """Whoever asks for more people than the engine can follow is told so, instead of waiting for ever."""
    engine.most = 1
    async with _owner(bus, session, engine):
        while not (stored := await _stored(bus, session)):
            await bus.client.flush()

    assert stored[-1].end.failed
    assert "At most 1" in stored[-1].end.reason


async def test_a_live_frame_that_is_much_older_than_others_is_dropped(
    bus: Bus, session: str, engine: Any, ask: Ask
) -> None:
    """After a hiccup of the network the next frame is already on its way; how clocks differ does not matter."""
    fresh, late = (_frame(session, seq, every=False) for seq in (0, 1))
    fresh.ref.ingest_time_ns = time.time_ns() + 60_000_000_000
    late.ref.ingest_time_ns = fresh.ref.ingest_time_ns - 2_000_000_000
    async with _owner(bus, session, engine):
        outcomes = [(await ask(frame)).outcome for frame in (fresh, late)]
        stored = await _stored(bus, session)

    assert outcomes == [frame_pb2.FRAME_OUTCOME_DONE, frame_pb2.FRAME_OUTCOME_LATE]
    assert len(stored) == 1


async def test_sessions_look_in_turn_and_choose_the_newest_then(bus: Bus, engine: Any, ask: Ask) -> None:
    """With one turn for two sessions, the second looks when the first is done, at what is newest by then."""
    turns, names = asyncio.Semaphore(1), [f"pose-{secrets.token_hex(6)}" for _ in range(2)]
    first, second = names
    async with _owner(bus, first, engine, turns), _owner(bus, second, engine, turns):
        for name in names:
            await ask(_frame(name, 0, every=False))
        engine.open.clear()
        looking = ask(_frame(first, 1, every=False))
        while not engine.waiting:
            await bus.client.flush()
        waiting = [ask(_frame(second, seq, every=False)) for seq in (1, 2)]
        superseded = await waiting[0]
        engine.open.set()
        done = [await answer for answer in (looking, waiting[1])]

    assert superseded.outcome == frame_pb2.FRAME_OUTCOME_SUPERSEDED
    assert [answer.outcome for answer in done] == [frame_pb2.FRAME_OUTCOME_DONE] * 2
