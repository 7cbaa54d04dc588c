"""What the stages said comes out of the API: reps, events, cues, series, skeletons, the end."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2

from motus.v1 import event_pb2, measure_pb2, session_service_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.follow import follow

KNEE, LEAN = "knee_flexion_left_deg", "trunk_lean_deg"


async def end_of(running: Any, session: str) -> session_service_pb2.Session:
    """The session once it is over."""
    await running.until_over(session)
    return await running.get(session)


async def refused(call: Any) -> tuple[grpc.StatusCode, set[str]]:
    """Code and fields of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    trailers = dict(caught.value.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert [packed.type_url.rsplit(".", 1)[1] for packed in status.details].count("ErrorInfo") == 1
    request = error_details_pb2.BadRequest()
    for packed in status.details:
        packed.Unpack(request)
    return caught.value.code(), {violation.field for violation in request.field_violations}


async def test_a_session_runs_and_ends_with_all_that_was_measured(running: Any, stages: Callable[[str], Any]) -> None:
    """PENDING, RUNNING at the first frame, ENDED when the last stage is through and all is stored."""
    await running.create("whole-life")
    say = stages("whole-life")
    await say.see(0.0, 1 / 30, 2 / 30)
    await say.measure(0.0, 60, **{KNEE: lambda t: 90 * t})
    report = event_pb2.StageReport(stage="STAGE_POSE", counts={"frames_in": 3}, final=True)
    await say.say("pose", "report", 1, report=report)
    await say.count_rep(1, state="PROVISIONAL")
    await say.count_rep(1, revision=2)
    await say.count_rep(2, state="PARTIAL")
    await say.cue(1, "Deeper.")
    await say.finish(2.0)

    watched = await running.until_over("whole-life")
    session = await running.get("whole-life")

    assert (session.state, session.reason) == (event_pb2.SESSION_STATE_ENDED, "")
    assert session.rep_count == 1
    assert session.start_time.ToNanoseconds() == say.ref(0).capture_time_ns
    assert session.end_time.ToNanoseconds() >= session.create_time.ToNanoseconds()
    assert [(one.stage, one.counts["frames_in"]) for one in session.reports] == [(event_pb2.STAGE_POSE, 3)]
    states = [one.event.state.current for one in watched if one.event.HasField("state")]
    assert states == [event_pb2.SESSION_STATE_RUNNING, event_pb2.SESSION_STATE_ENDED]
    assert watched[-1].event.t_s == 2.0


async def test_a_failed_source_fails_the_session_with_its_reason(running: Any, stages: Callable[[str], Any]) -> None:
    """The sentence of ingest reaches the client; a session without a frame never ran."""
    await running.create("bad-file")
    await stages("bad-file").finish(0.0, failed=True, reason="The file holds no video.")

    session = await end_of(running, "bad-file")

    assert (session.state, session.reason) == (event_pb2.SESSION_STATE_FAILED, "The file holds no video.")
    assert not session.HasField("start_time")


async def test_the_spec_goes_away_with_the_session(running: Any, stages: Callable[[str], Any], bus: Bus) -> None:
    """Stages let go of what is over, and stopping it again asks nobody."""
    await running.create("spec-gone")
    await stages("spec-gone").finish(0.0, reason="stopped by request")
    await running.until_over("spec-gone")

    stopped = await running.stub.StopSession(
        session_service_pb2.StopSessionRequest(name="sessions/spec-gone"), timeout=10
    )

    assert (stopped.state, stopped.reason) == (event_pb2.SESSION_STATE_ENDED, "stopped by request")
    assert await bus.last(topics.COMMANDS_STREAM, topics.commands("spec-gone")) is None
    async for stored in follow(bus, f"KV_{topics.SPECS}", topics.spec_key("spec-gone")):
        if stored.deleted:
            break


async def test_reps_are_listed_in_pages(running: Any, stages: Callable[[str], Any]) -> None:
    """Counted ones in order of time, the others when asked for, none twice, in the newest revision."""
    await running.create("rep-pages")
    say = stages("rep-pages")
    for ordinal in range(1, 8):
        await say.count_rep(ordinal, state="PROVISIONAL")
    for ordinal in range(1, 8):
        await say.count_rep(ordinal, revision=2, state="WITHDRAWN" if ordinal == 3 else "CONFIRMED")
    await say.finish(20.0)
    await running.until_over("rep-pages")

    async def ordinals(**query: Any) -> list[tuple[int, int]]:
        seen, token = [], ""
        while True:
            request = session_service_pb2.ListRepsRequest(
                parent="sessions/rep-pages", page_size=2, page_token=token, **query
            )
            page = await running.stub.ListReps(request, timeout=10)
            seen += [(rep.ordinal, rep.revision) for rep in page.reps]
            token = page.next_page_token
            if not token:
                return seen

    assert await ordinals() == [(ordinal, 2) for ordinal in (1, 2, 4, 5, 6, 7)]
    assert await ordinals(include_uncounted=True) == [(ordinal, 2) for ordinal in range(1, 8)]
    assert await ordinals(participant="sessions/rep-pages/participants/p1") == await ordinals()


async def test_events_and_cues_are_listed_in_their_newest_revision(running: Any, stages: Callable[[str], Any]) -> None:
    """A reworded cue is one cue; events come in the order in which they were recorded."""
    await running.create("new-words")
    say = stages("new-words")
    await say.cue(1, "Go deeper.")
    await say.count_rep(1)
    await say.cue(2, "Good.")
    await say.cue(1, "Sink a little deeper.", revision=2)
    await say.finish(4.0)
    await running.until_over("new-words")

    cues = await running.stub.ListCues(session_service_pb2.ListCuesRequest(parent="sessions/new-words"), timeout=10)
    seen, token = [], ""
    while True:
        request = session_service_pb2.ListEventsRequest(
            parent="sessions/new-words",
            page_size=1,
            page_token=token,
            participant="sessions/new-words/participants/p1",
        )
        page = await running.stub.ListEvents(request, timeout=10)
        seen += [event.name.rsplit("/", 1)[1] for event in page.events]
        token = page.next_page_token
        if not token:
            break

    assert [cue.text for cue in cues.cues] == ["Sink a little deeper.", "Good."]
    assert seen == ["kinematics-rep-p1-1", "coach-cue-p1-2", "coach-cue-p1-1"]


async def test_series_give_values_times_and_absences(running: Any, stages: Callable[[str], Any]) -> None:
    """What was measured comes back within half a hundredth of a degree, absent where it was absent."""
    await running.create("series-one")
    say = stages("series-one")
    for start in range(0, 24, 2):
        await say.measure(float(start), 60, **{KNEE: lambda t: 10 * t, LEAN: lambda t: np.cos(t)})
    await say.finish(24.0)
    await running.until_over("series-one")

    request = session_service_pb2.GetSeriesRequest(
        name="sessions/series-one", channels=[LEAN, KNEE, "hip_height_ratio"], start_s=0.0, end_s=20.5
    )
    series = await running.stub.GetSeries(request, timeout=10)
    request.max_points = 100
    thinned = await running.stub.GetSeries(request, timeout=10)

    t_s = np.frombuffer(series.t_s_f64, "<f8")
    lean, knee, hip = series.columns
    assert series.participant == "sessions/series-one/participants/p1"
    assert np.allclose(t_s, np.arange(615) / 30, atol=1e-6)
    assert np.abs(np.frombuffer(knee.values_f32, "<f4") - 10 * t_s).max() <= 0.0051
    assert [(run.start, run.length, run.reason) for run in knee.absences] == [(0, 1, 2)]
    assert not lean.absences
    assert (knee.grade, hip.grade) == (measure_pb2.GRADE_MEDIUM, measure_pb2.GRADE_UNSPECIFIED)
    assert [(run.start, run.length) for run in hip.absences] == [(0, 615)]
    few = thinned.columns[1]
    assert 90 <= len(few.values_f32) / 4 <= 100
    assert np.frombuffer(few.highs_f32, "<f4").max() == np.frombuffer(knee.values_f32, "<f4").max()
    assert (np.frombuffer(few.lows_f32, "<f4") < np.frombuffer(few.values_f32, "<f4"))[1:-1].all()


async def test_a_series_too_large_for_one_answer_says_what_to_do(running: Any, stages: Callable[[str], Any]) -> None:
    """Nobody gets a message that their client refuses; thinned it fits."""
    await running.create("long-one")
    channels = [f"{joint}_flexion_{side}_deg" for joint in ("knee", "hip", "elbow") for side in ("left", "right")]
    say = stages("long-one")
    for part in range(12):
        await say.measure(part * 400.0, 12_000, **{channel: (lambda t: t % 90 + 1) for channel in channels})
    await say.finish(4800.0)
    await running.until_over("long-one")

    request = session_service_pb2.GetSeriesRequest(name="sessions/long-one", channels=channels)
    code, _ = await refused(running.stub.GetSeries(request, timeout=20))
    request.max_points = 1000
    series = await running.stub.GetSeries(request, timeout=20)

    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert 800 <= len(series.t_s_f64) / 8 <= 1000


async def test_skeletons_come_in_pages_with_gaps_where_nobody_was_seen(
    running: Any, stages: Callable[[str], Any]
) -> None:
    """Every frame is there once, in order, to a ten-thousandth of the picture and half a millimetre."""
    await running.create("bones-one")
    say = stages("bones-one")
    times = [number / 30 for number in range(90)]
    await say.see(*times[:60])
    await say.see(*times[60:], seen=False)
    await say.finish(3.0)
    await running.until_over("bones-one")

    frames, token = [], ""
    while True:
        request = session_service_pb2.GetSkeletonRequest(
            name="sessions/bones-one", page_size=40, page_token=token, start_s=0.0
        )
        page = await running.stub.GetSkeleton(request, timeout=10)
        frames += page.frames
        token = page.next_page_token
        if not token:
            break

    assert np.allclose([frame.t_s for frame in frames], times, atol=1e-6)
    assert [frame.HasField("landmarks") for frame in frames] == 60 * [True] + 30 * [False]
    points = np.frombuffer(frames[59].landmarks.image_f32, "<f4").reshape(33, 5)
    world = np.frombuffer(frames[59].landmarks.world_f32, "<f4")
    assert np.abs(points[:, :3] - times[59] / 100).max() <= 0.00005 + 1e-6
    assert np.abs(world + times[59] / 100).max() <= 0.00025 + 1e-6


async def test_landmarks_of_a_replaced_worker_are_not_kept(running: Any, stages: Callable[[str], Any]) -> None:
    """A worker that woke up too late changes no frame that its successor saw."""
    await running.create("late-worker")
    say = stages("late-worker")
    await say.see(0.0, pose_epoch=1)
    await say.see(1 / 30, pose_epoch=2)
    await say.see(2 / 30, pose_epoch=1)
    await say.finish(0.1)
    await running.until_over("late-worker")

    request = session_service_pb2.GetSkeletonRequest(name="sessions/late-worker")
    page = await running.stub.GetSkeleton(request, timeout=10)

    assert [round(frame.t_s * 30) for frame in page.frames] == [0, 1]


@pytest.mark.parametrize(
    ("method", "request_", "fields"),
    [
        ("GetSeries", session_service_pb2.GetSeriesRequest(), {"channels"}),
        ("GetSeries", session_service_pb2.GetSeriesRequest(channels=["juggling_deg"]), {"channels"}),
        ("GetSeries", session_service_pb2.GetSeriesRequest(channels=[KNEE], max_points=-1), {"max_points"}),
        ("GetSeries", session_service_pb2.GetSeriesRequest(channels=[KNEE], start_s=2, end_s=1), {"end_s"}),
        ("GetSeries", session_service_pb2.GetSeriesRequest(channels=[KNEE], start_s=float("nan")), {"start_s"}),
        ("GetSeries", session_service_pb2.GetSeriesRequest(channels=[KNEE], participant="p1"), {"participant"}),
        ("GetSkeleton", session_service_pb2.GetSkeletonRequest(page_size=-1), {"page_size"}),
        ("GetSkeleton", session_service_pb2.GetSkeletonRequest(page_token="x"), {"page_token"}),
        ("GetSkeleton", session_service_pb2.GetSkeletonRequest(end_s=float("inf")), {"end_s"}),
        ("ListReps", session_service_pb2.ListRepsRequest(page_token="x"), {"page_token"}),
        ("ListReps", session_service_pb2.ListRepsRequest(participant="sessions/x/participants/p1"), {"participant"}),
        ("ListEvents", session_service_pb2.ListEventsRequest(page_size=-5), {"page_size"}),
        ("ListCues", session_service_pb2.ListCuesRequest(page_token="x"), {"page_token"}),
        ("GetSession", session_service_pb2.GetSessionRequest(name="athletes/ada"), {"name"}),
        ("StopSession", session_service_pb2.StopSessionRequest(reason="x" * 201), {"reason"}),
    ],
)
async def test_bad_requests_name_their_field(running: Any, method: str, request_: Any, fields: set[str]) -> None:
    """INVALID_ARGUMENT says which field, for every method."""
    session = await running.create("")
    for name in ("name", "parent"):
        if name in request_.DESCRIPTOR.fields_by_name and not getattr(request_, name):
            setattr(request_, name, session.name)

    code, found = await refused(getattr(running.stub, method)(request_, timeout=10))

    assert (code, found) == (grpc.StatusCode.INVALID_ARGUMENT, fields)


async def test_a_session_of_two_needs_to_be_told_whom(running: Any) -> None:
    """With more than one participant, none is guessed, and one that is not there is not found."""
    await running.create("two-people", participants=2 * [session_service_pb2.Participant()])
    request = session_service_pb2.GetSeriesRequest(name="sessions/two-people", channels=[KNEE])

    code, fields = await refused(running.stub.GetSeries(request, timeout=10))
    request.participant = "sessions/two-people/participants/p3"
    missing, _ = await refused(running.stub.GetSeries(request, timeout=10))

    assert (code, fields) == (grpc.StatusCode.INVALID_ARGUMENT, {"participant"})
    assert missing is grpc.StatusCode.NOT_FOUND
