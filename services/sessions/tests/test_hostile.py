"""Hostile requests: whatever is sent, the answer has a right code, the same shape, and nothing of the inside."""

import logging
from functools import partial
from itertools import count
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motus.v1 import athlete_service_pb2, session_service_pb2

METHODS: list[MethodDescriptor] = [
    method
    for file in (session_service_pb2.DESCRIPTOR, athlete_service_pb2.DESCRIPTOR)
    for service in file.services_by_name.values()
    for method in service.methods
]
EVERY_METHOD = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
HARSH = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ORDINALS = count(1)
MINE, THEIRS = "sessions/mine-own-1", "sessions/theirs-own-1"
REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
MOST_STATUS_BYTES = 4000
NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1) | st.integers(-1, 3),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats() | st.sampled_from([0.0, 1.0, 1e308]),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_ENUM: st.integers(-(2**31), 2**31 - 1) | st.integers(0, 5),
}
TEXTS = st.text(max_size=50) | st.sampled_from(
    [
        "",
        MINE,
        THEIRS,
        f"{MINE}/participants/p1",
        f"{THEIRS}/participants/p1",
        f"{MINE}/../{THEIRS}",
        "sessions/*",
        "sessions/motus.v1.>",
        "athletes/ada",
        "file:///videos/a.mp4",
        "file://../../etc/passwd",
        "' OR 1=1 --",
        "{0.__class__}",
        "%s%n",
        "trunk_lean_deg",
        "x" * 5000,
        "\x00",
        "\u202e",
    ]
)


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        return messages(field.message_type, depth - 1)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return st.binary(max_size=50) if field.type == FieldDescriptor.TYPE_BYTES else TEXTS
    return NUMBERS[field.cpp_type]


def messages(kind: Descriptor, depth: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Any message of a kind, as arguments to its constructor."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in kind.fields if depth else ():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue
        value = _values(field, depth)
        fields[field.name] = st.lists(value, max_size=4) if field.is_repeated else value
    return st.fixed_dictionaries({}, optional=fields)


async def outcome(channel: grpc.aio.Channel, method: MethodDescriptor, body: bytes) -> None:
    """Call a method; an answer is fine, a refusal must be right, and nothing else may come."""
    kind = "unary_stream" if method.server_streaming else "unary_unary"
    begun = getattr(channel, kind)(f"/{method.containing_service.full_name}/{method.name}")(body, timeout=20)
    try:
        await (begun.read() if method.server_streaming else begun)
    except grpc.aio.AioRpcError as error:
        _check(error)
    begun.cancel()


def _check(error: grpc.aio.AioRpcError) -> None:
    whole = dict(error.trailing_metadata() or ())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(whole)
    names = [detail.TypeName().rpartition(".")[2] for detail in status.details]
    info = error_details_pb2.ErrorInfo.FromString(status.details[0].value)
    invalid = error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.code() in REFUSALS, error
    assert len(whole) <= MOST_STATUS_BYTES
    assert names == (["ErrorInfo", "BadRequest"] if invalid else ["ErrorInfo"])
    assert info.domain == "motus.dev"
    assert info.reason.replace("_", "").isalpha()
    told = repr(error.details())
    assert not any(word in told for word in ("Traceback", "Error", "Exception", ".py", "sql"))


@pytest.fixture
async def attacked(running: Any, stages: Any, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Any:
    """A service with two sessions of the attacker's and one of somebody else's; afterwards it must be well.

    Of the attacker's own only one that they name may be gone, when they could delete it.
    """
    await running.create("mine-own-1")
    # Who watches it has something to read at once; the bus would drop what an earlier test said, too.
    await stages("mine-own-1").count_rep(next(ORDINALS))
    async with running.channel_of("stranger") as channel:
        wish = session_service_pb2.Session(source=session_service_pb2.Source(uri="file:///videos/a.mp4"))
        theirs = session_service_pb2.CreateSessionRequest(session=wish, session_id="theirs-own-1")
        call = channel.unary_unary("/motus.v1.SessionService/CreateSession")
        await call(theirs.SerializeToString(), timeout=10)
    await running.create("nobody-names-it")
    yield running
    assert (await running.get("nobody-names-it")).name == "sessions/nobody-names-it"
    if not request.node.callspec.id.startswith("Delete"):
        assert (await running.get("mine-own-1")).name == MINE
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@EVERY_METHOD
@HARSH
@given(data=st.data())
async def test_no_request_breaks_a_method(attacked: Any, method: MethodDescriptor, data: st.DataObject) -> None:
    """Any values in any fields."""
    kind = GetMessageClass(method.input_type)

    await outcome(attacked.channel, method, kind(**data.draw(messages(method.input_type))).SerializeToString())


@EVERY_METHOD
@HARSH
@given(data=st.data())
async def test_no_bytes_break_a_method(attacked: Any, method: MethodDescriptor, data: st.DataObject) -> None:
    """Any bytes, messages changed in the middle, and messages that nest without end."""
    kind = GetMessageClass(method.input_type)
    named = _named(method)
    whole = kind(**named)
    changed = st.builds(partial(_changed, whole.SerializeToString()), st.integers(0, 30), st.integers(0, 255))
    nested = st.integers(1, 5000).map(lambda depth: b"\xfb\x07" * depth)

    await outcome(attacked.channel, method, data.draw(st.binary(max_size=200) | changed | nested))


def _named(method: MethodDescriptor) -> dict[str, str]:
    """The fields of a request that name what there is."""
    mine = "athletes/ada" if "Athlete" in method.containing_service.name else MINE
    return {name: mine for name in ("name", "parent") if name in method.input_type.fields_by_name}


def _changed(body: bytes, place: int, byte: int) -> bytes:
    return body[:place] + bytes([byte]) + body[place + 1 :]


@pytest.mark.parametrize(
    ("field", "one"),
    [
        ("session", session_service_pb2.Session(participants=[{}] * 300_000)),
        ("session", session_service_pb2.Session(participants=[{"name": "x", "display_name": "\x1b"}] * 60_000)),
        ("session", session_service_pb2.Session(reports=[{}] * 300_000)),
        ("session_id", "x" * 900_000),
    ],
    ids=["empty participants", "bad participants", "reports", "id"],
)
async def test_a_flood_in_one_request_is_refused_in_few_words(attacked: Any, field: str, one: Any) -> None:
    """However much is wrong, the status reaches the client whole, and is made in the time of a small one."""
    method = next(method for method in METHODS if method.name == "CreateSession")
    request = session_service_pb2.CreateSessionRequest(**{field: one})

    await outcome(attacked.channel, method, request.SerializeToString())


TAKES_TOKENS = [
    pytest.param(method, field, id=method.name)
    for method in METHODS
    for field in ("page_token", "resume_token")
    if field in method.input_type.fields_by_name
]


@pytest.mark.parametrize(("method", "field"), TAKES_TOKENS)
@HARSH
@given(token=st.text(min_size=1, max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{22,80}={0,2}", fullmatch=True))
async def test_tokens_that_nobody_gave_are_refused(
    attacked: Any, method: MethodDescriptor, field: str, token: str
) -> None:
    """A page or resume token is signed: made up it is none."""
    named = _named(method)
    request = GetMessageClass(method.input_type)(**{field: token}, **named)

    kind = "unary_stream" if method.server_streaming else "unary_unary"
    call = getattr(attacked.channel, kind)(f"/{method.containing_service.full_name}/{method.name}")
    begun = call(request.SerializeToString(), timeout=20)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (begun.read() if method.server_streaming else begun)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    _check(caught.value)


async def test_the_log_shows_no_token(running: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Who reads logs learns who was refused, and can call nobody."""
    caplog.set_level(logging.DEBUG)
    for token in ("owner", "made-up-and-secret", "powerless"):
        async with running.channel_of(token) as channel:
            call = channel.unary_unary("/motus.v1.SessionService/StopSession")
            with pytest.raises(grpc.aio.AioRpcError):
                await call(b"", timeout=10)

    assert "refused /motus.v1.SessionService/StopSession" in caplog.text
    assert not any(secret in caplog.text for secret in ("made-up-and-secret", "Bearer"))
