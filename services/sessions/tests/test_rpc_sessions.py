"""Sessions over a real gRPC port: begin, look, list, stop, and every refusal with its reason."""

import sqlite3
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from motus.bus.v1 import control_pb2
from motus.v1 import event_pb2, session_service_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.follow import follow

NO_DEADLINE = None


async def refused(call: Any) -> tuple[grpc.StatusCode, status_pb2.Status]:
    """The status of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    trailers = dict(caught.value.trailing_metadata() or ())
    return caught.value.code(), status_pb2.Status.FromString(trailers["grpc-status-details-bin"])


def details(status: status_pb2.Status, kind: Any) -> list[Any]:
    """A status's details of one kind."""
    found = []
    for packed in status.details:
        message = kind()
        if packed.Unpack(message):
            found.append(message)
    return found


def reason(status: status_pb2.Status) -> str:
    """The reason in the one ErrorInfo that a status must have."""
    [info] = details(status, error_details_pb2.ErrorInfo)
    assert info.domain == "motus.dev"
    return str(info.reason)


def fields(status: status_pb2.Status) -> set[str]:
    """The fields at fault."""
    [request] = details(status, error_details_pb2.BadRequest)
    return {violation.field for violation in request.field_violations}


async def test_a_created_session_waits_and_its_spec_is_on_the_bus(running: Any, bus: Bus) -> None:
    """Create returns at once with PENDING, and every stage can read what to do."""
    participants = [session_service_pb2.Participant(athlete="athletes/ada", display_name="Ada")]

    session = await running.create("create-one", exercise="squat", participants=participants, group="gym")

    assert session == await running.get("create-one")
    assert session.state == event_pb2.SESSION_STATE_PENDING
    assert session.participants[0].name == "sessions/create-one/participants/p1"
    assert session.HasField("create_time")
    assert not session.HasField("start_time")
    last = await bus.last(f"KV_{topics.SPECS}", topics.spec_key("create-one"))
    spec = decode(control_pb2.SessionSpec, last.data)
    assert (spec.tenant, spec.exercise, spec.revision) == ("default", "squat", 1)
    assert [(one.id, one.athlete) for one in spec.participants] == [("p1", "ada")]
    assert spec.create_time_ns == session.create_time.ToNanoseconds()


async def test_a_session_without_id_and_participants_gets_them(running: Any) -> None:
    """The server makes an id, one participant, and `unknown` as exercise."""
    source = session_service_pb2.Source(uri="file:///videos/any.mp4")
    request = session_service_pb2.CreateSessionRequest(session=session_service_pb2.Session(source=source))

    session = await running.stub.CreateSession(request, timeout=10)

    assert topics.SESSION_ID.fullmatch(session.name.removeprefix("sessions/"))
    assert [one.name for one in session.participants] == [f"{session.name}/participants/p1"]
    assert session.exercise == "unknown"


async def test_every_bad_field_is_named_at_once(running: Any) -> None:
    """A request that breaks many rules of its proto is refused once, with all of them."""
    session = session_service_pb2.Session(
        source=session_service_pb2.Source(pacing=9),
        exercise="x" * 81,
        group=" ",
        coach=session_service_pb2.CoachSettings(language="!"),
        participants=[session_service_pb2.Participant(athlete="ada", display_name="x" * 81)],
    )
    session.retention.landmarks.seconds = -1
    request = session_service_pb2.CreateSessionRequest(session=session, session_id="No Spaces", request_id="x" * 65)

    code, status = await refused(running.stub.CreateSession(request, timeout=10))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(status) == "INVALID_ARGUMENT"
    assert fields(status) == {
        "session_id",
        "request_id",
        "session.source.uri",
        "session.source.pacing",
        "session.exercise",
        "session.group",
        "session.coach.language",
        "session.retention.landmarks",
        "session.participants[0].athlete",
        "session.participants[0].display_name",
    }


async def test_a_participants_lane_reaches_pose_and_comes_back(running: Any, bus: Bus) -> None:
    """Edges are kept as they were given; who has no lane has none anywhere."""
    people = [
        session_service_pb2.Participant(lane={"left": 0.0, "right": 0.45}),
        session_service_pb2.Participant(lane={"left": 0.45, "right": 1.0}, athlete="athletes/ada"),
        session_service_pb2.Participant(),
    ]

    made = await running.create("in-lanes", participants=people)

    assert made == await running.get("in-lanes")
    listed = await running.stub.ListSessions(session_service_pb2.ListSessionsRequest(), timeout=10)
    assert [one.participants for one in listed.sessions] == [made.participants]
    last = await bus.last(f"KV_{topics.SPECS}", topics.spec_key("in-lanes"))
    spec = decode(control_pb2.SessionSpec, last.data)
    for told in (made, spec):
        lanes = [(one.lane.left, one.lane.right) for one in told.participants if one.HasField("lane")]
        assert lanes == [(0.0, 0.45), (0.45, 1.0)]
        assert not told.participants[2].HasField("lane")


@pytest.mark.parametrize(
    ("lanes", "at_fault"),
    [
        ([(-0.1, 0.5)], "session.participants[0].lane.left"),
        ([(float("nan"), 0.5)], "session.participants[0].lane.left"),
        ([(0.5, 1.1)], "session.participants[0].lane.right"),
        ([(0.5, 0.5)], "session.participants[0].lane"),
        ([(0.6, 0.4)], "session.participants[0].lane"),
        ([(0.0, 0.5), (0.4, 1.0)], "session.participants[1].lane"),
        ([(0.2, 0.4), (0.6, 1.0), (0.0, 0.9)], "session.participants[2].lane"),
    ],
)
async def test_a_lane_that_nobody_can_be_in_alone_is_refused(
    running: Any, lanes: list[tuple[float, float]], at_fault: str
) -> None:
    """It lies in the picture, has a width, and has nothing in common with another one's."""
    people = [session_service_pb2.Participant(lane={"left": left, "right": right}) for left, right in lanes]
    source = session_service_pb2.Source(uri="file:///videos/any.mp4")
    wish = session_service_pb2.Session(source=source, participants=people)
    request = session_service_pb2.CreateSessionRequest(session=wish)

    code, status = await refused(running.stub.CreateSession(request, timeout=10))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert at_fault in fields(status)


async def test_what_rules_cannot_say_is_named_at_once_too(running: Any) -> None:
    """Fields that are the server's, exercises and schemes that are not known, names that do not belong there."""
    session = session_service_pb2.Session(
        name="sessions/mine",
        source=session_service_pb2.Source(uri="gopher://camera/1"),
        exercise="juggling",
        rep_count=3,
        reason="because",
        participants=[session_service_pb2.Participant(name="me"), session_service_pb2.Participant(name="me")],
    )
    request = session_service_pb2.CreateSessionRequest(session=session)

    code, status = await refused(running.stub.CreateSession(request, timeout=10))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields(status) == {
        "session.name",
        "session.reason",
        "session.rep_count",
        "session.source.uri",
        "session.exercise",
        "session.participants[0].name",
        "session.participants[1].name",
    }


@pytest.mark.parametrize(
    "uri",
    [
        "rtsp://camera.example/1",
        "rtsps://camera.example:322/1",
        "rtmp://camera.example/live/1",
        "livekit://gym/ann",
        "push:landmarks",
        "push:frames",
        "push:video",
        "https://files.example/squat.mp4",
        "udp://0.0.0.0:5000",
        "device:///dev/video0",
    ],
)
async def test_live_sources_are_taken(running: Any, uri: str) -> None:
    """Whether they may be watched is for ingest's operator to say."""
    session = session_service_pb2.Session(source=session_service_pb2.Source(uri=uri))
    made = await running.stub.CreateSession(session_service_pb2.CreateSessionRequest(session=session), timeout=10)
    assert made.source.uri == uri


async def test_a_source_brings_no_password(running: Any) -> None:
    """It would be stored, and told to whoever reads the session; the refusal does not repeat it."""
    source = session_service_pb2.Source(uri="rtsp://eve:s3cret@camera.example/1")
    request = session_service_pb2.CreateSessionRequest(session=session_service_pb2.Session(source=source))
    code, status = await refused(running.stub.CreateSession(request, timeout=10))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields(status) == {"session.source.uri"}
    assert b"s3cret" not in status.SerializeToString()


async def test_a_flood_of_bad_fields_is_refused_in_few_words(running: Any) -> None:
    """As many are named as reach the client whole; of a large request the first alone."""
    bad = session_service_pb2.Participant(name="x" * 101, athlete="x", display_name="\x1b[2J")
    source = session_service_pb2.Source(uri="file:///videos/any.mp4")

    told = []
    for count in (100, 5_000):
        wish = session_service_pb2.Session(source=source, participants=[bad] * count)
        request = session_service_pb2.CreateSessionRequest(session=wish, session_id="!")
        code, status = await refused(running.stub.CreateSession(request, timeout=10))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        told.append(fields(status))

    assert {"session.participants", "session.participants[0].display_name"} < told[0]
    assert len(told[1]) == 1


async def test_words_that_would_steer_a_terminal_are_refused(running: Any) -> None:
    """Names and reasons are shown to people as they are, so they hold no control characters."""
    await running.create("steered")
    wish = session_service_pb2.StopSessionRequest(name="sessions/steered", reason="\x1b]0;mine\a")

    code, status = await refused(running.stub.StopSession(wish, timeout=10))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields(status) == {"reason"}


async def test_a_state_named_many_times_counts_once(running: Any) -> None:
    """A filter that repeats itself asks what it asks once."""
    await running.create("pending-one")
    pending = session_service_pb2.ListSessionsRequest(states=[event_pb2.SESSION_STATE_PENDING] * 100)

    found = await running.stub.ListSessions(pending, timeout=10)

    assert [session.name for session in found.sessions] == ["sessions/pending-one"]


async def test_a_taken_id_is_refused(running: Any) -> None:
    """Two sessions never share an id."""
    await running.create("taken-id")

    source = session_service_pb2.Source(uri="file:///videos/other.mp4")
    wish = session_service_pb2.Session(source=source)
    request = session_service_pb2.CreateSessionRequest(session=wish, session_id="taken-id")
    code, status = await refused(running.stub.CreateSession(request, timeout=10))

    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert reason(status) == "SESSION_EXISTS"


async def test_a_repeated_request_returns_the_session_of_the_first(running: Any) -> None:
    """A client that did not hear the answer asks again and gets the same session, not a second one."""
    source = session_service_pb2.Source(uri="file:///videos/any.mp4")
    request = session_service_pb2.CreateSessionRequest(
        session=session_service_pb2.Session(source=source), request_id="retry-1"
    )

    first = await running.stub.CreateSession(request, timeout=10)
    second = await running.stub.CreateSession(request, timeout=10)
    request.session.exercise = "squat"
    code, status = await refused(running.stub.CreateSession(request, timeout=10))

    assert first == second
    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert reason(status) == "REQUEST_ID_REUSED"


async def test_a_call_without_deadline_is_refused(running: Any) -> None:
    """Who does not say how long they wait gets no answer."""
    request = session_service_pb2.GetSessionRequest(name="sessions/some-one")

    code, status = await refused(running.stub.GetSession(request, timeout=NO_DEADLINE))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields(status) == {"deadline"}


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\x02\xff\xfe"])
async def test_a_request_that_is_no_message_is_refused_as_such(running: Any, body: bytes) -> None:
    """Bytes that cannot be read get the same shape of answer as any other bad request."""
    call = running.channel.unary_unary("/motus.v1.SessionService/GetSession", bytes, bytes)

    code, status = await refused(call(body, timeout=10))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields(status) == {"request"}


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("GetSession", session_service_pb2.GetSessionRequest(name="sessions/no-such-one")),
        ("StopSession", session_service_pb2.StopSessionRequest(name="sessions/no-such-one")),
        ("GetSeries", session_service_pb2.GetSeriesRequest(name="sessions/no-such-one", channels=["trunk_lean_deg"])),
        ("GetSkeleton", session_service_pb2.GetSkeletonRequest(name="sessions/no-such-one")),
        ("ListReps", session_service_pb2.ListRepsRequest(parent="sessions/no-such-one")),
        ("ListEvents", session_service_pb2.ListEventsRequest(parent="sessions/no-such-one")),
        ("ListCues", session_service_pb2.ListCuesRequest(parent="sessions/no-such-one")),
        ("WatchSession", session_service_pb2.WatchSessionRequest(name="sessions/no-such-one")),
    ],
)
async def test_an_unknown_session_is_not_found(running: Any, method: str, request_: Any) -> None:
    """Every method says NOT_FOUND with one ErrorInfo for a session that does not exist."""
    call = getattr(running.stub, method)(request_, timeout=10)

    code, status = await refused(call if method != "WatchSession" else anext(aiter(call)))

    assert code is grpc.StatusCode.NOT_FOUND
    assert reason(status) == "SESSION_NOT_FOUND"


async def test_sessions_are_listed_newest_first_in_pages(running: Any) -> None:
    """Pages follow each other without gap or repetition, with filters that the token belongs to."""
    names = [(await running.create(f"page-{number}")).name for number in range(5)]
    bound = [session_service_pb2.Participant(athlete="athletes/bob")]
    mine = await running.create("page-bob", participants=bound)

    seen, token = [], ""
    while True:
        request = session_service_pb2.ListSessionsRequest(page_size=2, page_token=token)
        page = await running.stub.ListSessions(request, timeout=10)
        seen += [session.name for session in page.sessions]
        token = page.next_page_token
        if not token:
            break
    request = session_service_pb2.ListSessionsRequest(athlete="athletes/bob", states=[1])
    of_bob = await running.stub.ListSessions(request, timeout=10)

    assert seen == [mine.name, *reversed(names)]
    assert [session.name for session in of_bob.sessions] == [mine.name]


async def test_sessions_are_listed_by_the_time_of_their_creation(running: Any) -> None:
    """From a moment on, up to another, oldest first on every page; an empty span or an unknown order is refused."""
    made = [await running.create(f"made-{number}") for number in range(4)]

    async def names(**wish: Any) -> list[str]:
        seen, request = [], session_service_pb2.ListSessionsRequest(page_size=1, **wish)
        while True:
            page = await running.stub.ListSessions(request, timeout=10)
            seen += [session.name[-1] for session in page.sessions]
            request.page_token = page.next_page_token
            if not request.page_token:
                return seen

    first, third = made[1].create_time, made[3].create_time
    assert await names(create_time_from=first, create_time_before=third) == ["2", "1"]
    assert await names(create_time_from=first, order_by="create_time") == ["1", "2", "3"]
    assert await names(create_time_before=third, order_by="create_time asc") == ["0", "1", "2"]
    assert await names(order_by="create_time desc") == ["3", "2", "1", "0"]
    for wrong, field in (
        ({"create_time_from": first, "create_time_before": first}, "create_time_before"),
        ({"order_by": "name"}, "order_by"),
    ):
        request = session_service_pb2.ListSessionsRequest(**wrong)
        code, status = await refused(running.stub.ListSessions(request, timeout=10))
        assert (code, fields(status)) == (grpc.StatusCode.INVALID_ARGUMENT, {field})


async def test_forged_and_foreign_page_tokens_are_refused(running: Any) -> None:
    """A token that was changed, made up, or given to another question tells nothing and is refused."""
    for number in range(3):
        await running.create(f"forge-{number}")
    request = session_service_pb2.ListSessionsRequest(page_size=1)
    token = (await running.stub.ListSessions(request, timeout=10)).next_page_token

    other_end = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    tries: list[Any] = [
        session_service_pb2.ListSessionsRequest(page_token=forged)
        for forged in ("made-up", token[1:], other_end, "é", "A" * 5000)
    ]
    later = session_service_pb2.ListSessionsRequest(page_token=token)
    later.create_time_from.FromSeconds(1)
    until = session_service_pb2.ListSessionsRequest(page_token=token)
    until.create_time_before.FromSeconds(7_000_000_000)
    tries += [
        later,
        until,
        session_service_pb2.ListSessionsRequest(page_token=token, states=[2]),
        session_service_pb2.ListSessionsRequest(page_token=token, athlete="athletes/bob"),
        session_service_pb2.ListSessionsRequest(page_token=token, order_by="create_time"),
    ]
    for one in tries:
        code, status = await refused(running.stub.ListSessions(one, timeout=10))

        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert fields(status) == {"page_token"}


async def test_stop_puts_one_command_on_the_bus(running: Any, bus: Bus) -> None:
    """The stages are asked once, with the first reason; the state is theirs to bring about."""
    await running.create("stop-me")

    for why in ("enough", "really"):
        request = session_service_pb2.StopSessionRequest(name="sessions/stop-me", reason=why)
        session = await running.stub.StopSession(request, timeout=10)

    assert session.state == event_pb2.SESSION_STATE_PENDING
    subject = topics.commands("stop-me")
    stored = await anext(aiter(follow(bus, topics.COMMANDS_STREAM, subject)))
    command = decode(control_pb2.Command, stored.body)
    assert (command.session, command.stop.reason, stored.pending) == ("stop-me", "enough", 0)


async def test_a_store_that_does_not_answer_is_unavailable(running: Any, store_file: Path) -> None:
    """Clients are told to come again, and when; what they asked for was not done."""
    with sqlite3.connect(store_file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        source = session_service_pb2.Source(uri="file:///videos/any.mp4")
        wish = session_service_pb2.Session(source=source)
        request = session_service_pb2.CreateSessionRequest(session=wish, session_id="locked-out")
        code, status = await refused(running.stub.CreateSession(request, timeout=10))
        other.execute("ROLLBACK")

    assert code is grpc.StatusCode.UNAVAILABLE
    assert reason(status) == "UNAVAILABLE"
    assert len(details(status, error_details_pb2.RetryInfo)) == 1
    assert "sqlite" not in status.message.lower()
    assert (await running.stub.CreateSession(request, timeout=10)).name == "sessions/locked-out"


async def test_health_and_reflection_answer_without_deadline(running: Any) -> None:
    """Probes see live and ready; a curious client sees the service."""
    health = health_pb2_grpc.HealthStub(running.channel)
    live = await health.Check(health_pb2.HealthCheckRequest(service="live"))
    watching = health.Watch(health_pb2.HealthCheckRequest(service="ready"))
    async for ready in watching:
        if ready.status == health_pb2.HealthCheckResponse.SERVING:
            break
    watching.cancel()
    reflection = reflection_pb2_grpc.ServerReflectionStub(running.channel)
    asking = reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    answer = await anext(aiter(asking))
    asking.cancel()

    assert live.status == ready.status == health_pb2.HealthCheckResponse.SERVING
    assert "motus.v1.SessionService" in [one.name for one in answer.list_services_response.service]
