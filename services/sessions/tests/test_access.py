"""Who may call: every method of every public service, found by descriptor, without and with the wrong token."""

import pkgutil
from importlib import import_module
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import error_details_pb2, status_pb2

import motus.v1
from motus.v1 import (
    access_pb2,
    athlete_service_pb2,
    athlete_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
)

METHODS: list[MethodDescriptor] = [
    method
    for module in pkgutil.iter_modules(motus.v1.__path__, "motus.v1.")
    if module.name.endswith("_service_pb2")
    for service in import_module(module.name).DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
EVERY_METHOD = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
SERVED = [method for method in METHODS if method.containing_service.name != "IngestService"]
"""Ingest serves the rest, and its tests ask them the same."""


def required(method: MethodDescriptor) -> set[str]:
    """The scopes that a method's proto asks for."""
    return set(method.GetOptions().Extensions[access_pb2.required_scopes])


async def refusal(channel: grpc.aio.Channel, method: MethodDescriptor, body: bytes = b"") -> tuple[Any, ...]:
    """Code, message, reason and kinds of detail of a call that must be refused."""
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    call = getattr(channel, kind)(f"/{method.containing_service.full_name}/{method.name}")
    begun = call(None if method.client_streaming else body, timeout=10)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (begun.read() if method.server_streaming else begun)
    trailers = dict(caught.value.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return caught.value.code(), status.message, info.reason, [detail.TypeName() for detail in status.details]


@EVERY_METHOD
def test_every_method_names_its_scopes(method: MethodDescriptor) -> None:
    """None is open by forgetting; writing needs a scope of its own."""
    writes = not method.name.startswith(("Get", "List", "Watch", "Export"))

    assert required(method)
    assert any(scope.endswith(".write") for scope in required(method)) == writes


@pytest.mark.parametrize("method", SERVED, ids=lambda method: method.full_name)
async def test_no_method_answers_a_stranger(running: Any, method: MethodDescriptor) -> None:
    """Without a token, with one that nobody made, with another scope: each the same refusal, whatever is asked."""
    expected = {
        "": (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING"),
        "made-up": (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID"),
        "powerless": (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING"),
    }
    for token, (code, reason) in expected.items():
        async with running.channel_of(token) as channel:
            told = [await refusal(channel, method, body) for body in (b"", b"\xff\xff", b"\x0a\x11sessions/my-own-1")]

            assert told[0][0] is code
            assert told[0][2:] == (reason, ["google.rpc.ErrorInfo"])
            assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("name", ["CreateSession", "StopSession"])
async def test_who_may_read_may_not_write(running: Any, name: str) -> None:
    """A token for a screen on the wall starts and stops nothing."""
    method = next(method for method in METHODS if method.name == name)
    async with running.channel_of("reader") as channel:
        code, message, _, _ = await refusal(channel, method)

    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert "sessions.write" in message


OF_A_SESSION = [
    ("GetSession", {}),
    ("StopSession", {"reason": "mine"}),
    ("DeleteSession", {}),
    ("WatchSession", {}),
    ("GetSeries", {"channels": ["trunk_lean_deg"]}),
    ("GetSkeleton", {}),
    ("ListReps", {}),
    ("ListEvents", {}),
    ("ListCues", {}),
]
OF_A_CHILD = [
    ("GetRep", "name", "sessions/NAME/reps/p1-0001", {}),
    ("DismissCue", "name", "sessions/NAME/cues/p1-0001", {}),
    ("RateCue", "name", "sessions/NAME/cues/p1-0001", {"rating": 3}),
    ("AssignParticipant", "participant", "sessions/NAME/participants/p1", {"tap": {"x": 0.5, "y": 0.5}}),
    ("TeachMovement", "participant", "sessions/NAME/participants/p1", {"movement": "wave", "reps": [1, 2]}),
]


@pytest.mark.parametrize(("name", "asked"), OF_A_SESSION)
async def test_what_is_anothers_is_not_there(running: Any, name: str, asked: dict[str, Any]) -> None:
    """Another tenant's session gets, byte for byte, the answer of one that does not exist."""
    await running.create("secret-one")
    method = next(method for method in METHODS if method.name == name)
    kind = getattr(session_service_pb2, method.input_type.name)
    field = "parent" if "parent" in method.input_type.fields_by_name else "name"
    async with running.channel_of("stranger") as channel:
        theirs, nobodys = [
            await refusal(channel, method, kind(**asked, **{field: f"sessions/{session}"}).SerializeToString())
            for session in ("secret-one", "secret-two")
        ]

    assert theirs[0] is grpc.StatusCode.NOT_FOUND
    assert repr(theirs).replace("secret-one", "secret-two") == repr(nobodys)


@pytest.mark.parametrize(("name", "field", "child", "asked"), OF_A_CHILD)
async def test_what_a_session_of_another_has_is_not_there(
    running: Any, name: str, field: str, child: str, asked: dict[str, Any]
) -> None:
    """Its reps and cues and people can neither be seen nor judged nor taught."""
    await running.create("secret-one")
    method = next(method for method in METHODS if method.name == name)
    kind = getattr(session_service_pb2, method.input_type.name)
    async with running.channel_of("stranger") as channel:
        theirs, nobodys = [
            await refusal(channel, method, kind(**asked, **{field: child.replace("NAME", session)}).SerializeToString())
            for session in ("secret-one", "secret-two")
        ]

    assert theirs[0] is grpc.StatusCode.NOT_FOUND
    assert repr(theirs).replace("secret-one", "secret-two") == repr(nobodys)


async def test_athletes_are_their_tenants_own(running: Any) -> None:
    """Another tenant finds no such athlete, and may have one of the same id."""
    async with running.channel_of("stranger") as channel:
        mine = athlete_service_pb2_grpc.AthleteServiceStub(running.channel)
        theirs = athlete_service_pb2_grpc.AthleteServiceStub(channel)
        create = athlete_service_pb2.CreateAthleteRequest(athlete={"display_name": "Ada"}, athlete_id="ada")
        await mine.CreateAthlete(create, timeout=10)

        listed = await theirs.ListAthletes(athlete_service_pb2.ListAthletesRequest(), timeout=10)
        get = athlete_service_pb2.GetAthleteRequest(name="athletes/ada").SerializeToString()
        code, _, why, _ = await refusal(channel, next(one for one in METHODS if one.name == "GetAthlete"), get)
        delete = next(one for one in METHODS if one.name == "DeleteAthlete")
        theirs_and_nobodys = [
            await refusal(channel, delete, get.replace(b"ada", athlete)) for athlete in (b"ada", b"bob")
        ]
        create.athlete.display_name = "Another Ada"
        again = await theirs.CreateAthlete(create, timeout=10)

    assert list(listed.athletes) == []
    assert (code, why) == (grpc.StatusCode.NOT_FOUND, "ATHLETE_NOT_FOUND")
    assert repr(theirs_and_nobodys[0]).replace("ada", "bob") == repr(theirs_and_nobodys[1])
    assert theirs_and_nobodys[0][2] == "ATHLETE_NOT_FOUND"
    assert (await mine.GetAthlete(athlete_service_pb2.GetAthleteRequest(name="athletes/ada"), timeout=10)).name
    assert again.display_name == "Another Ada"


async def test_a_list_has_only_what_is_ones_own(running: Any) -> None:
    """Two tenants list, and each sees their own."""
    await running.create("owners-own")
    async with running.channel_of("stranger") as channel:
        stranger = session_service_pb2_grpc.SessionServiceStub(channel)
        source = session_service_pb2.Source(uri="file:///videos/squat.mp4")
        wish = session_service_pb2.Session(source=source)
        made = await stranger.CreateSession(
            session_service_pb2.CreateSessionRequest(session=wish, session_id="strangers-own"), timeout=10
        )
        listed = await stranger.ListSessions(session_service_pb2.ListSessionsRequest(), timeout=10)

    mine = await running.stub.ListSessions(session_service_pb2.ListSessionsRequest(), timeout=10)
    assert [session.name for session in listed.sessions] == [made.name]
    assert [session.name for session in mine.sessions] == ["sessions/owners-own"]


async def test_a_token_for_a_page_is_ones_own(running: Any) -> None:
    """A page token that another tenant was given is none."""
    for number in range(2):
        await running.create(f"page-{number}-of-two")
    request = session_service_pb2.ListSessionsRequest(page_size=1)
    request.page_token = (await running.stub.ListSessions(request, timeout=10)).next_page_token
    method = next(method for method in METHODS if method.name == "ListSessions")
    async with running.channel_of("stranger") as channel:
        code, _, _, _ = await refusal(channel, method, request.SerializeToString())

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert (await running.stub.ListSessions(request, timeout=10)).sessions
