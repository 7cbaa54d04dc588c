"""What of HTTP can be said without a service: paths, messages from hostile requests, origins, silent connections."""

import asyncio
import json
import ssl
from typing import Any

import pytest
import trustme
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from motus.v1 import session_service_pb2
from motus_runtime.errors import InvalidArgumentError, PermissionDeniedError
from motus_runtime.rpc.http.origins import Origins
from motus_runtime.rpc.http.routes import Route, find, routes_of
from motus_runtime.rpc.http.server import HttpServer
from motus_runtime.rpc.http.settings import HttpSettings
from motus_runtime.rpc.http.transcode import message_of

SERVICE = session_service_pb2.DESCRIPTOR.services_by_name["SessionService"]
ROUTES = list(routes_of(SERVICE))


def leads(verb: str, path: str) -> tuple[str, dict[str, str]]:
    """Method and variables of a request; the verbs that are known where there is none."""
    route, variables, verbs = find(ROUTES, verb, path)
    return (route.method.name if route else ",".join(verbs)), dict(variables)


def route_of(name: str) -> Route:
    """The rule of a method."""
    return next(route for route in ROUTES if route.method.name == name)


@pytest.mark.parametrize(
    ("verb", "path", "method", "variables"),
    [
        ("GET", "/v1/sessions", "ListSessions", {}),
        ("GET", "/v1/sessions/abcd", "GetSession", {"name": "sessions/abcd"}),
        ("GET", "/v1/sessions/abcd:watch", "WatchSession", {"name": "sessions/abcd"}),
        ("PATCH", "/v1/sessions/abcd", "UpdateSession", {"session.name": "sessions/abcd"}),
        ("GET", "/v1/sessions/abcd/reps/p1-1", "GetRep", {"name": "sessions/abcd/reps/p1-1"}),
        ("GET", "/v1/sessions/a%3Awatch", "GetSession", {"name": "sessions/a:watch"}),
        ("GET", "/v1/sessions/", "", {}),
        ("GET", "/v1/sessions/abcd/", "", {}),
        ("GET", "/v1/sessions/abcd:fly", "", {}),
        ("GET", "/v1/sessionsX", "", {}),
        ("GET", "/v1/sessions/abcd:stop", "POST", {}),
    ],
)
def test_a_path_leads_to_its_method(verb: str, path: str, method: str, variables: dict[str, str]) -> None:
    """As the protos' rules say, and nowhere else."""
    assert leads(verb, path) == (method, variables)


FIELDS = st.sampled_from(
    sorted(
        {name for message in SERVICE.file.message_types_by_name.values() for name in message.fields_by_camelcase_name}
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
QUERY = st.lists(st.tuples(FIELDS | st.text(max_size=12), st.text(max_size=12)), max_size=3)


def read_or_refused(kind: type[Message], *request: Any) -> Any:
    """The message that a request says, or in words why it says none."""
    try:
        return message_of(kind, *request)
    except InvalidArgumentError as error:
        return error.message


@settings(max_examples=300, deadline=None)
@given(route=st.sampled_from(ROUTES), value=JSON, query=QUERY)
def test_whatever_is_sent_is_a_message_or_is_refused(route: Route, value: Any, query: list[tuple[str, str]]) -> None:
    """No JSON and no query leads to anything but the method's message or an invalid argument."""
    kind = getattr(session_service_pb2, route.method.input_type.name)
    variables = dict.fromkeys(route.variables, "sessions/abcd")
    read = read_or_refused(kind, route, variables, query, json.dumps(value).encode())

    assert isinstance(read, kind) or 0 < len(read) < 1500


@given(body=st.binary(max_size=64))
def test_any_bytes_are_a_message_or_are_refused(body: bytes) -> None:
    """Also those that are no text."""
    read = read_or_refused(session_service_pb2.CreateSessionRequest, route_of("CreateSession"), {}, [], body)

    assert isinstance(read, session_service_pb2.CreateSessionRequest) or read


def test_what_is_deeply_nested_is_refused() -> None:
    """A reader that follows it would run out of stack."""
    body = b'{"session":' * 5000 + b"{}" + b"}" * 5000
    for depth in (body, b"[" * 500_000):
        with pytest.raises(InvalidArgumentError):
            message_of(session_service_pb2.CreateSessionRequest, route_of("CreateSession"), {}, [], depth)


def test_the_path_decides_whom_a_change_is_about() -> None:
    """A body with another name cannot turn it elsewhere."""
    route = route_of("UpdateSession")
    body = b'{"name": "sessions/other", "exercise": "squat"}'

    message: Message = message_of(
        session_service_pb2.UpdateSessionRequest,
        route,
        {"session.name": "sessions/mine"},
        [("updateMask", "in_set,coach.muted")],
        body,
    )

    assert message == session_service_pb2.UpdateSessionRequest(
        session={"name": "sessions/mine", "exercise": "squat"}, update_mask={"paths": ["in_set", "coach.muted"]}
    )


@pytest.mark.parametrize(
    ("headers", "local_only", "why"),
    [
        ({"Host": "motus.example"}, False, ""),
        ({"Host": "motus.example", "Origin": "https://motus.example"}, False, ""),
        ({"Host": "motus.example", "Origin": "https://app.example"}, False, ""),
        ({"Host": "motus.example", "Origin": "https://evil.example"}, False, "ORIGIN_REFUSED"),
        ({"Host": "motus.example", "Origin": "null"}, False, "ORIGIN_REFUSED"),
        ({"Host": "127.0.0.1:7480"}, True, ""),
        ({"Host": "[::1]:7480"}, True, ""),
        ({"Host": "localhost:7480", "Origin": "http://localhost:7480"}, True, ""),
        ({"Host": "localhost:7480", "Origin": "http://localhost:3000"}, True, "ORIGIN_REFUSED"),
        ({"Host": "evil.example:7480", "Origin": "http://evil.example:7480"}, True, "HOST_REFUSED"),
        ({"Host": "evil.example:7480"}, True, "HOST_REFUSED"),
        ({}, True, "HOST_REFUSED"),
    ],
)
def test_no_page_of_elsewhere_calls(headers: dict[str, str], local_only: bool, why: str) -> None:
    """A page that was not named gets nothing; where no token is asked, neither does one whose own name leads here."""
    origins = Origins(frozenset({"https://app.example"}), local_only=local_only)
    try:
        origins.check(headers)
        told = ""
    except PermissionDeniedError as error:
        told = error.reason

    assert told == why


async def test_a_connection_that_says_nothing_is_closed() -> None:
    """Half a request does not keep it."""
    server = HttpServer(HttpSettings(serve=True, port=0), (), patience_s=0.1)
    server.bind()
    await server.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /v1/sessions HTTP/1.1\r\nHost: ")
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()
    finally:
        await server.stop()


async def test_its_certificate_is_renewed(tmp_path: Any) -> None:
    """TLS as for gRPC; a file that has changed holds for the next connection."""
    authority = trustme.CA()

    def write(ca: trustme.CA) -> dict[str, str]:
        made = ca.issue_cert("localhost")
        made.private_key_pem.write_to_path(tmp_path / "tls.key")
        (tmp_path / "tls.crt").write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))
        return {"certificate_file": str(tmp_path / "tls.crt"), "key_file": str(tmp_path / "tls.key")}

    client = ssl.create_default_context()
    authority.configure_trust(client)
    server = HttpServer(HttpSettings(serve=True, port=0, **write(trustme.CA())), ())
    server.bind()
    await server.start()
    try:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", server.port, ssl=client, server_hostname="localhost")
        write(authority)
        server.renew()
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=client, server_hostname="localhost")
        writer.close()
    finally:
        await server.stop()
