"""A session on a real bus: from its source to its end, resumed, stopped, failed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import simplejpeg

from motus.bus.v1 import control_pb2, frame_pb2, landmarks_pb2, samples_pb2
from motus_ingest.session import play
from motus_ingest.settings import IngestSettings
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import RetryableError
from motus_runtime.follow import follow
from motus_runtime.telemetry import start_tracing

Receivers = Callable[..., Any]
MakeSpec = Callable[..., control_pb2.SessionSpec]


async def _landmarks(bus: Bus, session: str, t_s: float, *, ended: bool = False) -> None:
    ref = frame_pb2.FrameRef(session=session, ingest_epoch=1, frame_seq=4, t_s=t_s)
    message = landmarks_pb2.Landmarks(ref=ref, end=frame_pb2.End() if ended else None)
    await bus.store(topics.landmarks(session), message)


async def _report(bus: Bus, session: str) -> samples_pb2.EventEnvelope:
    stored = await anext(aiter(follow(bus, topics.EVENTS_STREAM, topics.events(session, "ingest"))))
    return decode(samples_pb2.EventEnvelope, stored.body)


async def test_a_file_is_played_from_its_first_frame_to_its_end(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """Every frame arrives once, in order, with identity, times and a picture; then the end with the last one's."""
    receiver = receivers(session)
    await receiver.start()

    await play(bus, settings, make_spec(make_video(frames=30)), epoch=7)

    *frames, end = receiver.frames
    assert [(frame.ref.ingest_epoch, frame.ref.frame_seq) for frame in frames] == [(7, seq) for seq in range(30)]
    assert [frame.ref.t_s for frame in frames] == pytest.approx([seq / 30 for seq in range(30)])
    assert frames[15].ref.capture_time_ns == 1_700_000_000_500_000_000
    assert {frame.ref.capture_origin for frame in frames} == {frame_pb2.CAPTURE_ORIGIN_PTS}
    assert {frame.delivery for frame in receiver.frames} == {frame_pb2.DELIVERY_EVERY}
    assert simplejpeg.decode_jpeg(frames[0].patches[0].jpeg).shape == (frames[0].height, frames[0].width, 3)
    assert (end.ref.frame_seq, end.end.failed, end.end.reason, end.end.frames) == (29, False, "", 30)


async def test_the_final_report_says_what_became_of_every_frame(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """It is stored before the end is sent, under a name that a repeat would not change."""
    receiver = receivers(session)
    await receiver.start()

    await play(bus, settings, make_spec(make_video(frames=80, rate=240)), epoch=3)
    envelope = await _report(bus, session)

    report = envelope.event.report
    assert envelope.event.name == f"sessions/{session}/events/ingest-report-session-1"
    assert (envelope.epoch, report.final, report.progress) == (3, True, 1.0)
    assert dict(report.counts) == {"frames_in": 80, "frames_thinned": 60, "frames_sent": 20, "frames_done": 20}


async def test_in_real_time_no_frame_goes_out_before_it_is_due(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """Ingest times are at least as far apart as the time stamps, and nothing is left out."""
    receiver = receivers(session)
    await receiver.start()
    stamps_ms = [0, 20, 120, 140, 300]

    await play(bus, settings, make_spec(make_video("v.mkv", frames=5, stamps_ms=stamps_ms), "PACING_REALTIME"), epoch=1)

    refs = [frame.ref for frame in receiver.frames[:-1]]
    waited_s = [(ref.ingest_time_ns - refs[0].ingest_time_ns) / 1e9 for ref in refs]
    assert [ref.t_s for ref in refs] == pytest.approx([stamp / 1000 for stamp in stamps_ms])
    # The wall clock may be slewed against the steady one by a hair.
    assert all(waited >= ref.t_s - 0.005 for waited, ref in zip(waited_s, refs, strict=True))


async def test_a_restarted_session_goes_on_behind_the_last_landmarks(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """The new owner sends what is missing under its own epoch, numbered from zero, at the source's own times."""
    receiver = receivers(session)
    await receiver.start()
    await _landmarks(bus, session, 19 / 30)

    await play(bus, settings, make_spec(make_video(frames=30)), epoch=9)

    frames = receiver.frames[:-1]
    assert [frame.ref.frame_seq for frame in frames] == list(range(10))
    assert [frame.ref.t_s for frame in frames] == pytest.approx([seq / 30 for seq in range(20, 30)])
    assert receiver.frames[-1].end.frames == 10


async def test_a_session_whose_frames_are_all_done_only_needs_its_end(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """A worker that died between the last frame and the end is followed by one that sends the end."""
    receiver = receivers(session)
    await receiver.start()
    await _landmarks(bus, session, 29 / 30)

    await play(bus, settings, make_spec(make_video(frames=30)), epoch=9)

    assert [frame.HasField("end") for frame in receiver.frames] == [True]
    assert (receiver.frames[0].ref.ingest_epoch, receiver.frames[0].end.failed) == (9, False)
    assert receiver.frames[0].ref.t_s == pytest.approx(29 / 30)


async def test_a_session_whose_end_is_stored_is_left_alone(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """Nothing is sent twice after a session is over."""
    receiver = receivers(session)
    await receiver.start()
    await _landmarks(bus, session, 29 / 30, ended=True)

    await play(bus, settings, make_spec(make_video(frames=30)), epoch=9)
    await bus.client.flush()

    assert receiver.frames == []


async def test_landmarks_that_nobody_can_read_do_not_hold_a_session_up(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """Garbage where the position should be means to play from the start."""
    receiver = receivers(session)
    await receiver.start()
    await bus.store_raw(topics.landmarks(session), b"\xff\xff\xff", {})

    await play(bus, settings, make_spec(make_video(frames=3)), epoch=9)

    assert receiver.seqs() == [0, 1, 2]


async def test_what_cannot_be_played_ends_failed_with_the_reason(
    bus: Bus, settings: IngestSettings, session: str, tmp_path: Path, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """The reason travels with the end, and the end is repeated until somebody is there to hear it."""
    receiver = receivers(session)
    playing = asyncio.create_task(play(bus, settings, make_spec(tmp_path / "missing.mp4"), epoch=2))
    await _report(bus, session)
    await receiver.start()

    await playing

    end = receiver.frames[-1]
    assert (end.end.failed, end.end.reason) == (True, "There is no file missing.mp4.")
    assert (end.end.frames, end.ref.session, end.ref.ingest_epoch) == (0, session, 2)


async def test_a_stop_command_ends_a_session_that_runs_with_its_reason(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """What is under way is settled, then the end says why, and it is no failure."""
    receiver = receivers(session)
    await receiver.start()
    spec = make_spec(make_video(frames=3000, rate=30), "PACING_REALTIME")
    playing = asyncio.create_task(play(bus, settings, spec, epoch=1))
    await receiver.has(3)

    command = control_pb2.Command(id="c1", session=session, stop=control_pb2.Stop(reason="coffee break"))
    await bus.store(topics.commands(session), command, message_id=f"{session}-c1")
    await playing

    end = receiver.frames[-1]
    assert (end.end.failed, end.end.reason) == (False, "coffee break")
    assert end.end.frames == len(receiver.seqs()) < 3000
    assert end.ref.frame_seq == receiver.seqs()[-1]


async def test_a_session_stopped_before_it_began_sends_its_end(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """A stop that was stored before a worker took the session holds, behind commands that are not ours or garbage."""
    receiver = receivers(session, lambda frame, times: frame_pb2.FRAME_OUTCOME_DONE if frame.HasField("end") else None)
    await receiver.start()
    await bus.store_raw(topics.commands(session), b"\xff\xff\xff", {})
    await bus.store(topics.commands(session), control_pb2.Command(update=control_pb2.Update(exercise="squat")))
    await bus.store(topics.commands(session), control_pb2.Command(stop=control_pb2.Stop()))
    spec = make_spec(make_video(frames=300), "PACING_REALTIME")

    playing = asyncio.create_task(play(bus, settings, spec, epoch=1))
    await receiver.has(1)
    if not receiver.ended.is_set():
        await receiver.answer(0, frame_pb2.FRAME_OUTCOME_DONE)
    await playing

    assert receiver.frames[-1].end.reason == "stopped by request"
    assert len(set(receiver.seqs())) <= 1


async def test_a_session_that_is_cut_short_sends_no_end(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """A worker that is told to go leaves the session for the next owner."""
    receiver = receivers(session)
    await receiver.start()
    spec = make_spec(make_video(frames=3000, rate=30), "PACING_REALTIME")
    playing = asyncio.create_task(play(bus, settings, spec, epoch=1))
    await receiver.has(3)

    playing.cancel()
    await asyncio.wait({playing})
    await bus.client.flush()

    assert playing.cancelled()
    assert not receiver.ended.is_set()
    assert await bus.last(topics.EVENTS_STREAM, topics.events(session, "ingest")) is None


async def test_an_owner_of_the_past_gives_up(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """A stale answer makes it leave without an end, so that a newer owner is not disturbed."""
    receiver = receivers(session, lambda frame, times: frame_pb2.FRAME_OUTCOME_STALE)
    await receiver.start()

    with pytest.raises(RetryableError):
        await play(bus, settings, make_spec(make_video(frames=300)), epoch=1)

    assert not receiver.ended.is_set()


async def test_progress_is_told_while_a_session_runs(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """Whoever watches hears how far the source is, and what was sent so far."""
    receiver, told = receivers(session), asyncio.Queue[samples_pb2.Live]()
    await receiver.start()
    stop = await bus.listen(topics.live(session), lambda m: told.put_nowait(decode(samples_pb2.Live, m.data)))
    spec = make_spec(make_video(frames=60), "PACING_REALTIME")

    playing = asyncio.create_task(play(bus, settings, spec, epoch=4))
    first, second = await told.get(), await told.get()
    await playing
    await stop()

    assert first.epoch == second.epoch == 4
    assert 0 < second.report.progress < 1
    assert 0 < second.report.counts["frames_sent"] < 60
    assert not second.report.final


async def test_one_frame_in_ten_seconds_carries_a_trace(
    bus: Bus, settings: IngestSettings, session: str, make_video: Any, make_spec: MakeSpec, receivers: Receivers
) -> None:
    """Spans are sampled in time; all other frames and the end carry none."""
    start_tracing("test", {})
    receiver = receivers(session)
    await receiver.start()

    await play(bus, settings, make_spec(make_video(frames=44, rate=2)), epoch=1)

    traced = [frame.ref.t_s for frame, headers in zip(receiver.frames, receiver.headers, strict=True) if headers]
    assert traced == pytest.approx([0, 10, 20])
    assert "traceparent" in receiver.headers[0]
