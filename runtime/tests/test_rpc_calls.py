"""What every call meets on its way, over a real port: who it is, how long it has, how much it may, what it is told."""

import asyncio
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.limits import LimitSettings
from motus_runtime.rpc.server import MAX_REQUEST_BYTES
from motus_runtime.rpc.server_settings import ServerSettings

KINDS = ("Ask", "Tell", "Push", "Chat")


@pytest.mark.parametrize(
    ("name", "texts", "answers"),
    [
        ("Ask", ("a",), ["gym-a"]),
        ("Tell", ("a",), ["gym-a", "a"]),
        ("Push", ("a", "b"), ["ab"]),
        ("Chat", ("a", "b"), ["a", "b"]),
    ],
)
async def test_a_known_caller_is_served(served: Any, name: str, texts: tuple[str, ...], answers: list[str]) -> None:
    """Every kind of method works, and knows the tenant of its caller."""
    assert await served.answers(name, *texts) == answers


@pytest.mark.parametrize("name", [*KINDS, "Closed"])
@pytest.mark.parametrize(("token", "reason"), [("", "TOKEN_MISSING"), ("made-up", "TOKEN_INVALID")])
async def test_who_is_not_known_is_refused_everywhere(served: Any, name: str, token: str, reason: str) -> None:
    """Without a token or with one that nobody made, no method says more than that."""
    refusal = await served.refusal(name, token=token)

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)


@pytest.mark.parametrize("name", ["Push", "Chat"])
async def test_who_lacks_a_scope_is_told_which(served: Any, name: str) -> None:
    """A method needs all of its scopes."""
    refusal = await served.refusal(name, token="reader")

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
    assert "probe.write" in refusal.message


@pytest.mark.parametrize("insecure_dev", [False, True])
async def test_a_method_that_names_no_scope_is_closed(serve_probe: Any, insecure_dev: bool) -> None:
    """Nobody may call what its proto opens to nobody, not even on a developer's machine."""
    auth = AuthSettings(insecure_dev=True) if insecure_dev else None
    async with serve_probe(auth=auth) as served:
        refusal = await served.refusal("Closed")

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "METHOD_CLOSED")


async def test_two_tokens_are_none(served: Any) -> None:
    """A second header does not decide who calls."""
    both = (("authorization", "Bearer all"), ("authorization", "Bearer other"))

    refusal = await served.refusal("Ask", token="", metadata=both)

    assert refusal.reason == "TOKEN_MISSING"


async def test_a_developer_needs_no_token(serve_probe: Any) -> None:
    """With insecure dev everybody on the machine is the one tenant."""
    async with serve_probe(auth=AuthSettings(insecure_dev=True)) as served:
        assert await served.answers("Ask", token="") == ["default"]


async def test_a_unary_call_needs_a_deadline_and_a_stream_none(served: Any) -> None:
    """Who does not say how long they wait for one answer gets none."""
    refusal = await served.refusal("Ask", timeout=None)

    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, {"deadline"})
    assert await served.answers("Tell", "a", timeout=None) == ["gym-a", "a"]


@pytest.mark.parametrize("name", ["Ask", "Tell"])
async def test_work_ends_with_its_deadline(served: Any, name: str) -> None:
    """Nothing goes on for a caller who has given up."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.answers(name, "wait", timeout=0.3)
    await served.probe.ended.wait()

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("name", ["Ask", "Tell"])
async def test_work_ends_when_the_caller_goes_away(served: Any, name: str) -> None:
    """A cancelled call is cancelled inside."""
    begun = served.begin(name, "wait")
    if name == "Tell":
        await begun.read()
    else:
        waiting = asyncio.ensure_future(begun)
    await served.probe.waiting.wait()

    begun.cancel()

    await served.probe.ended.wait()
    if name == "Ask":
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_caller_who_leaves_amid_an_answer_frees_their_stream(serve_probe: Any) -> None:
    """Streams that nobody reads count no longer than their callers stay."""
    async with serve_probe(limits=LimitSettings(streams=1)) as served:
        for _ in range(3):
            begun = served.begin("Tell", "flood")
            await begun.read()
            begun.cancel()
            await served.probe.ended.wait()
            served.probe.ended.clear()

        assert await served.answers("Tell", "a") == ["gym-a", "a"]


async def test_a_tenant_keeps_no_more_streams_than_allowed(serve_probe: Any) -> None:
    """One more is refused, and another tenant is none the worse."""
    async with serve_probe(limits=LimitSettings(streams=1)) as served:
        open_one = served.begin("Tell", "wait")
        await open_one.read()

        refusal = await served.refusal("Tell")

        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
        assert refusal.retry_after_s == 1
        assert await served.answers("Tell", "a", token="other") == ["gym-b", "a"]
        open_one.cancel()


async def test_a_tenant_who_is_too_fast_is_told_when_to_come_again(serve_probe: Any) -> None:
    """The burst passes, the next call waits; whose key it was does not matter, whose tenant does."""
    async with serve_probe(limits=LimitSettings(requests_per_s=0.1, burst=2)) as served:
        for token in ("all", "reader"):
            assert await served.answers("Ask", token=token) == ["gym-a"]

        refusal = await served.refusal("Ask")

        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
        assert refusal.retry_after_s == pytest.approx(10, abs=3)
        assert await served.answers("Ask", token="other") == ["gym-b"]


@pytest.mark.parametrize("name", KINDS)
async def test_a_broken_rule_is_named_by_its_field(served: Any, name: str) -> None:
    """What the proto asks of a message holds for single requests and for each of a stream."""
    refusal = await served.refusal(name, "much too long")

    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, {"text"})


@pytest.mark.parametrize("name", KINDS)
async def test_bytes_that_are_no_message_are_refused(served: Any, name: str) -> None:
    """They get the same shape of answer as any other bad request."""
    refusal = await served.refusal(name, body=b"\xff\xff\xff")

    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, {"request"})


async def test_nothing_of_a_strangers_request_is_read(served: Any) -> None:
    """Whether bytes are a message is for those to know who may call."""
    refusal = await served.refusal("Ask", token="made-up", body=b"\xff\xff\xff")

    assert refusal.code is grpc.StatusCode.UNAUTHENTICATED


async def test_a_request_beyond_the_size_is_refused(served: Any) -> None:
    """It is not read to its end."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.answers("Ask", body=b"\0" * (MAX_REQUEST_BYTES + 1))

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_bug_shows_nothing_of_the_inside(served: Any) -> None:
    """An unexpected error is INTERNAL, without its text."""
    refusal = await served.refusal("Ask", "fail")

    assert (refusal.code, refusal.message) == (grpc.StatusCode.INTERNAL, "internal error")


async def test_health_answers_everybody(served: Any) -> None:
    """Probes have neither token nor deadline."""
    stub = health_pb2_grpc.HealthStub(served.channel(""))

    answer = await stub.Check(health_pb2.HealthCheckRequest(service="live"))

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_is_served_by_flag_to_known_callers(serve_probe: Any) -> None:
    """Whoever has no token does not see what there is."""
    method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    async with serve_probe(server=ServerSettings(reflection=True)) as served:
        for token, code in (("", grpc.StatusCode.UNAUTHENTICATED), ("reader", None)):
            asking = served.channel(token).stream_stream(method)()
            if code is None:
                await asking.write(b":\x00")
                assert b"probe.v1.Probe" in await asking.read()
                asking.cancel()
            else:
                assert await asking.code() is code
    async with serve_probe() as served:
        assert await served.channel("all").stream_stream(method)().code() is grpc.StatusCode.UNIMPLEMENTED
