"""The API over HTTP, on a real port: the same answers, refusals and streams, as JSON."""

import asyncio
import json
import re
import struct
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import numpy as np
import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor

from motus.v1 import athlete_service_pb2, session_service_pb2
from motus_runtime.rpc.server import MAX_REQUEST_BYTES

OWNER = {"Authorization": "Bearer owner"}
SOURCE = {"uri": "file:///videos/squat.mp4"}
METHODS: list[MethodDescriptor] = [
    method
    for module, name in ((session_service_pb2, "SessionService"), (athlete_service_pb2, "AthleteService"))
    for method in module.DESCRIPTOR.services_by_name[name].methods
]


@pytest.fixture
async def web(running: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """The owner's connection to the HTTP API."""
    base = f"http://127.0.0.1:{running.app.http.port}"
    async with aiohttp.ClientSession(base, headers=OWNER, timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


def reason(status: dict[str, Any]) -> str:
    """The reason of a status, which has exactly one ErrorInfo of our domain."""
    [info] = [one for one in status["details"] if one["@type"].endswith("google.rpc.ErrorInfo")]
    assert info["domain"] == "motus.dev"
    return str(info["reason"])


def fields(status: dict[str, Any]) -> set[str]:
    """The fields at fault in a status."""
    [bad] = [one for one in status["details"] if one["@type"].endswith("google.rpc.BadRequest")]
    return {violation["field"] for violation in bad["fieldViolations"]}


async def events(answer: aiohttp.ClientResponse) -> list[dict[str, str]]:
    """All server-sent events of an answer, heartbeats left out, read as the standard says."""
    text = (await answer.read()).decode()
    blocks = [block.splitlines() for block in text.split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block) for block in blocks]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_every_method_says_where_it_is_found(method: MethodDescriptor) -> None:
    """Reading is GET, so that a browser may do so again; the path begins with the version."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")

    assert verb, "needs an option (google.api.http)"
    assert getattr(rule, verb).startswith("/v1/")
    assert (verb == "get") == method.name.startswith(("Get", "List", "Watch", "Export"))


async def test_a_session_is_created_changed_and_read(web: Any) -> None:
    """Path, query and body together are the request, as the protos say."""
    created = await web.post("/v1/sessions?sessionId=by-http", json={"source": SOURCE, "exercise": "squat"})
    changed = await web.patch(
        "/v1/sessions/by-http?update_mask=exercise,coach.muted", json={"exercise": "lunge", "coach": {"muted": True}}
    )
    read = await web.get("/v1/sessions/by-http")

    assert [one.status for one in (created, changed, read)] == [200, 200, 200]
    assert (await created.json())["state"] == "SESSION_STATE_PENDING"
    assert (await read.json())["name"] == "sessions/by-http"
    assert (await read.json())["coach"] == {"muted": True}


async def test_repeated_fields_of_the_query_are_lists(web: Any, running: Any) -> None:
    """Enums are said by name, pages by number."""
    for number in range(3):
        await running.create(f"listed-{number}")

    one = await web.get("/v1/sessions?pageSize=2&states=SESSION_STATE_PENDING&states=SESSION_STATE_RUNNING")
    page = await one.json()
    rest = await web.get(
        "/v1/sessions",
        params={
            "page_size": "2",
            "states": ["SESSION_STATE_PENDING", "SESSION_STATE_RUNNING"],
            "page_token": page["nextPageToken"],
        },
    )

    assert [session["name"] for session in page["sessions"]] == ["sessions/listed-2", "sessions/listed-1"]
    assert [session["name"] for session in (await rest.json())["sessions"]] == ["sessions/listed-0"]


async def test_series_are_packed_columns(web: Any, running: Any, stages: Callable[[str], Any]) -> None:
    """Bytes are base64 in JSON, and hold the same values as by gRPC."""
    await running.create("packed")
    say = stages("packed")
    await say.see(0.0)
    await say.measure(0.0, 30, trunk_lean_deg=lambda t_s: 10 + t_s)
    await say.finish(1.0)
    await running.until_over("packed")

    answer = await (await web.get("/v1/sessions/packed/series?channels=trunk_lean_deg&endS=0.5")).json()
    times = struct.unpack(f"<{15}d", b64decode(answer["tSF64"]))

    np.testing.assert_allclose(times, np.arange(15) / 30, atol=1e-6)


@pytest.mark.parametrize(
    ("headers", "code", "why"),
    [
        ({}, 401, "TOKEN_MISSING"),
        ({"Authorization": "Bearer made-up"}, 401, "TOKEN_INVALID"),
        ({"Authorization": "Bearer powerless"}, 403, "SCOPE_MISSING"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/sessions/some-one", "/v1/sessions/some-one:watch", "/v1/measures?nothing=1"])
async def test_strangers_are_refused_before_anything_is_read(
    running: Any, path: str, headers: dict[str, str], code: int, why: str
) -> None:
    """The same stages stand before every method, whatever is asked."""
    async with aiohttp.ClientSession(headers=headers) as session:
        answer = await session.get(f"http://127.0.0.1:{running.app.http.port}{path}")

        assert (answer.status, reason(await answer.json())) == (code, why)
        assert ("WWW-Authenticate" in answer.headers) == (code == 401)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
async def test_no_method_answers_a_stranger(running: Any, method: MethodDescriptor) -> None:
    """Each path that a proto names asks who calls, and for the scopes of its method, before anything else."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    path = re.sub(r"\{[a-z_.]+=(.*?)\}", r"\1", getattr(rule, verb)).replace("*", "abcd")
    expected = {"": (401, "TOKEN_MISSING"), "made-up": (401, "TOKEN_INVALID"), "powerless": (403, "SCOPE_MISSING")}
    told = {}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{running.app.http.port}") as session:
        for token in expected:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = await session.request(verb.upper(), path, headers=headers, data=b"\xff" if rule.body else None)
            told[token] = (answer.status, reason(await answer.json()))

    assert told == expected


async def test_another_tenants_session_does_not_exist(web: Any, running: Any) -> None:
    """It is not found, in the words for what is not there."""
    await running.create("not-yours")
    stranger = {"Authorization": "Bearer stranger"}

    answers = [await web.get(f"/v1/sessions/{name}", headers=stranger) for name in ("not-yours", "not-there")]
    told = [(one.status, (await one.text()).replace("not-there", "not-yours")) for one in answers]

    assert told[0] == told[1]
    assert told[0][0] == 404


@pytest.mark.parametrize(
    ("verb", "path", "body", "code", "at_fault"),
    [
        ("GET", "/v1/sessions/X", None, 400, {"name"}),
        ("GET", "/v1/sessions?pageSize=-1", None, 400, {"page_size"}),
        ("GET", "/v1/sessions?pageSize=many", None, 400, {"request"}),
        ("GET", "/v1/sessions?states=ASLEEP", None, 400, {"request"}),
        ("GET", "/v1/sessions?no.such.field=1", None, 400, {"no.such.field"}),
        ("GET", "/v1/sessions?athlete=athletes/a&athlete=athletes/b", None, 400, {"athlete"}),
        ("GET", "/v1/sessions/abcd?name=sessions/other", None, 400, {"name"}),
        ("GET", "/v1/sessions/ab%2Fcd", None, 400, {"name"}),
        ("POST", "/v1/sessions", "{", 400, {"body"}),
        ("POST", "/v1/sessions", "[]", 400, {"body"}),
        ("POST", "/v1/sessions", '{"source": {"uri": NaN}}', 400, {"body"}),
        ("POST", "/v1/sessions", '{"nonsense": 1}', 400, {"request"}),
        ("POST", "/v1/sessions", '{"source": ["file:///a"]}', 400, {"request"}),
        ("POST", "/v1/sessions", '{"source": {"uri": "file:///a"}, "name": "sessions/mine"}', 400, {"session.name"}),
        ("POST", "/v1/sessions", "[" * 100_000, 400, {"body"}),
        ("POST", "/v1/sessions/abcd:stop?reason=x", "{}", 400, {"reason"}),
    ],
)
async def test_what_is_wrong_is_said_by_field(
    web: Any, verb: str, path: str, body: str | None, code: int, at_fault: set[str]
) -> None:
    """Whatever is sent, the answer is a status that names the field."""
    headers = {"Content-Type": "application/json"} if body else {}
    answer = await web.request(verb, path, data=body, headers=headers)

    assert (answer.status, fields(await answer.json())) == (code, at_fault)


async def test_a_body_must_be_json_and_of_a_size(web: Any) -> None:
    """A form, which a page may send without asking, is refused, and so is what is too large, however it is sent."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (MAX_REQUEST_BYTES // 2)

    form = await web.post("/v1/sessions", data={"exercise": "squat"})
    kind = {"Content-Type": "application/json"}
    whole = await web.post("/v1/sessions", data=b" " * (MAX_REQUEST_BYTES + 1), headers=kind)
    chunked = await web.post("/v1/sessions", data=parts(), headers=kind)

    assert (form.status, fields(await form.json())) == (400, {"Content-Type"})
    for answer in (whole, chunked):
        assert (answer.status, reason(await answer.json())) == (413, "REQUEST_TOO_LARGE")


async def test_unknown_paths_and_verbs_are_statuses_too(web: Any) -> None:
    """A path says by which verbs it is known."""
    nowhere, wrong = await web.get("/v2/sessions"), await web.put("/v1/sessions", json={})

    assert (nowhere.status, reason(await nowhere.json())) == (404, "PATH_NOT_FOUND")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, POST")


async def test_a_watch_is_server_sent_events_that_resume(web: Any, running: Any, stages: Callable[[str], Any]) -> None:
    """Each event has its token as id; with the last of them, as browsers send it, the rest follows without a gap."""
    await running.create("sse-watch")
    say = stages("sse-watch")
    for ordinal in range(1, 4):
        await say.count_rep(ordinal)
    await say.finish(8.0)
    await running.until_over("sse-watch")

    async with web.get("/v1/sessions/sse-watch:watch") as answer:
        whole, kind = await events(answer), answer.content_type
    async with web.get("/v1/sessions/sse-watch:watch", headers={"Last-Event-ID": whole[1]["id"]}) as answer:
        rest = await events(answer)

    assert kind == "text/event-stream"
    assert whole[-1] == {"event": "end", "data": "{}"}
    assert [json.loads(one["data"])["resumeToken"] for one in whole[:-1]] == [one["id"] for one in whole[:-1]]
    assert json.loads(whole[-2]["data"])["event"]["state"]["current"] == "SESSION_STATE_ENDED"
    assert [one["data"] for one in rest] == [one["data"] for one in whole[2:]]


async def test_a_watch_that_is_refused_has_a_code(web: Any, running: Any) -> None:
    """Nothing is a stream before it is let in; a forged token to resume by is a bad request."""
    await running.create("sse-forged")
    missing = await web.get("/v1/sessions/not-there:watch")
    forged = await web.get("/v1/sessions/sse-forged:watch", headers={"Last-Event-ID": "AAAA"})

    assert (missing.status, reason(await missing.json())) == (404, "SESSION_NOT_FOUND")
    assert (forged.status, fields(await forged.json())) == (400, {"resume_token"})


async def test_watchers_are_told_why_a_stream_breaks(web: Any, running: Any, stages: Callable[[str], Any]) -> None:
    """When the server stops, the last event is a status that says to come back."""
    await running.create("sse-broken")
    await stages("sse-broken").count_rep(1)
    async with web.get("/v1/sessions/sse-broken:watch") as answer:
        await answer.content.readuntil(b"\n\n")
        running.app.watches.end()
        last = (await events(answer))[-1]

    assert last["event"] == "error"
    assert reason(json.loads(last["data"])) == "UNAVAILABLE"


async def test_a_reader_that_goes_away_leaves_nothing_behind(
    web: Any, running: Any, stages: Callable[[str], Any]
) -> None:
    """The watch ends with its connection."""
    await running.create("sse-gone")
    await stages("sse-gone").count_rep(1)
    answer = await web.get("/v1/sessions/sse-gone:watch")
    await answer.content.readuntil(b"\n\n")
    served = running.app.watches.count

    answer.close()
    async with asyncio.timeout(20):
        while running.app.watches.count:
            await asyncio.sleep(0)

    assert served == 1


async def test_an_export_is_a_file(web: Any, running: Any, stages: Callable[[str], Any]) -> None:
    """It has a name, a media type, and the bytes that gRPC streams."""
    await running.create("sse-file")
    say = stages("sse-file")
    await say.see(0.0)
    await say.measure(0.0, 30, trunk_lean_deg=lambda t_s: 10 + t_s)
    await say.finish(1.0)
    await running.until_over("sse-file")
    request = session_service_pb2.ExportSessionRequest(
        name="sessions/sse-file", format="EXPORT_FORMAT_CSV", channels=["trunk_lean_deg"]
    )
    parts = [part async for part in running.stub.ExportSession(request, timeout=20)]

    answer = await web.get("/v1/sessions/sse-file:export?format=EXPORT_FORMAT_CSV&channels=trunk_lean_deg")

    assert answer.content_type == "text/csv"
    assert answer.content_disposition.filename == parts[0].filename
    assert await answer.read() == b"".join(part.data for part in parts)


async def test_pages_of_named_origins_alone_may_call(web: Any, running: Any) -> None:
    """A browser learns before it sends, a page of the server's own is no stranger, no other page gets anything."""
    port = running.app.http.port
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    mine, other = {"Origin": "https://app.example"}, {"Origin": "https://evil.example"}

    before = await web.options("/v1/sessions/abcd", headers={**asked, **mine})
    known = await web.get("/v1/measures", headers=mine)
    own = await web.get("/v1/measures", headers={"Origin": f"http://127.0.0.1:{port}"})
    strange = [await web.get("/v1/measures", headers=other), await web.options("/v1/measures", headers=other)]

    assert (before.status, before.headers["Access-Control-Allow-Origin"]) == (204, "https://app.example")
    assert "PATCH" in before.headers["Access-Control-Allow-Methods"].split(", ")
    assert (known.status, known.headers["Access-Control-Allow-Origin"]) == (200, "https://app.example")
    assert own.status == 200
    for answer in strange:
        assert (answer.status, reason(await answer.json())) == (403, "ORIGIN_REFUSED")
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_who_waits_less_is_answered_in_time(web: Any) -> None:
    """A header bounds the call, and nonsense in it is refused."""
    nonsense = await web.get("/v1/measures", headers={"X-Server-Timeout": "soon"})
    hasty = await web.get("/v1/sessions", headers={"X-Server-Timeout": "1e-9"})

    assert (nonsense.status, fields(await nonsense.json())) == (400, {"X-Server-Timeout"})
    assert (hasty.status, reason(await hasty.json())) == (504, "DEADLINE_EXCEEDED")
