"""A small gRPC service of every kind of method, made here with the options that ours have, and callers of it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from buf.validate import validate_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.rpc import error_details_pb2, status_pb2

from motus.v1 import access_pb2
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.call import caller
from motus_runtime.rpc.limits import LimitSettings
from motus_runtime.rpc.server import RpcServer
from motus_runtime.rpc.server_settings import ServerSettings

SERVICE = "probe.v1.Probe"
# Name, streams of requests, streams of answers, scopes.
METHODS = (
    ("Ask", False, False, ["probe.read"]),
    ("Tell", False, True, ["probe.read"]),
    ("Push", True, False, ["probe.read", "probe.write"]),
    ("Chat", True, True, ["probe.write"]),
    ("Closed", False, False, []),
)
KEYS = {
    "all": ("gym-a", ["probe.read", "probe.write"]),
    "reader": ("gym-a", ["probe.read"]),
    "other": ("gym-b", ["probe.read", "probe.write"]),
}


def _note() -> Any:
    """The message `Note`, whose text has at most eight characters; registers the service beside it."""
    file = descriptor_pb2.FileDescriptorProto(name="probe/v1/probe.proto", package="probe.v1", syntax="proto3")
    file.dependency.extend(["buf/validate/validate.proto", "motus/v1/access.proto"])
    text = file.message_type.add(name="Note").field.add(name="text", number=1, type=9, label=1)
    text.options.Extensions[validate_pb2.field].string.max_len = 8
    service = file.service.add(name="Probe")
    for name, requests, answers, scopes in METHODS:
        method = service.method.add(name=name, input_type=".probe.v1.Note", output_type=".probe.v1.Note")
        method.client_streaming, method.server_streaming = requests, answers
        method.options.Extensions[access_pb2.required_scopes].extend(scopes)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("probe.v1.Note"))


NOTE = _note()


@dataclass
class Probe:
    """Answers with the caller's tenant; `Ask` of `wait` waits until the test ends it, `fail` fails."""

    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, request: Any, context: Any) -> Any:
        """One answer."""
        if request.text == "fail":
            raise RuntimeError("a secret of the inside")
        if request.text == "wait":
            await self._wait()
        return NOTE(text=caller().tenant)

    async def tell(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Two answers, or one and a wait."""
        yield NOTE(text=caller().tenant)
        if request.text == "wait":
            await self._wait()
        if request.text == "flood":
            try:
                while True:
                    yield NOTE(text="x" * 100_000)
            finally:
                self.ended.set()
        yield NOTE(text=request.text)

    async def push(self, requests: AsyncIterator[Any], context: Any) -> Any:
        """All texts in one."""
        return NOTE(text="".join([request.text async for request in requests]))

    async def chat(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """Each request again."""
        async for request in requests:
            yield request

    async def _wait(self) -> None:
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    def register(self, servicer: Any, server: grpc.aio.Server) -> None:
        """As the stubs of a service do."""
        handlers = {
            "Ask": grpc.unary_unary_rpc_method_handler,
            "Tell": grpc.unary_stream_rpc_method_handler,
            "Push": grpc.stream_unary_rpc_method_handler,
            "Chat": grpc.stream_stream_rpc_method_handler,
            "Closed": grpc.unary_unary_rpc_method_handler,
        }
        methods = {
            name: make(getattr(self, name.lower(), self.ask), NOTE.FromString, NOTE.SerializeToString)
            for name, make in handlers.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))


@dataclass(frozen=True)
class Refusal:
    """What a refused caller is told."""

    code: grpc.StatusCode
    message: str
    reason: str
    fields: frozenset[str]
    retry_after_s: float | None

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError) -> "Refusal":
        """Read it from the error; there must be exactly one ErrorInfo, of our domain."""
        status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
        assert (status.code, status.message) == (error.code().value[0], error.details())
        found: dict[str, Any] = {}
        for packed in status.details:
            kind = getattr(error_details_pb2, packed.TypeName().rpartition(".")[2])
            assert kind.__name__ not in found
            found[kind.__name__] = kind.FromString(packed.value)
        assert found["ErrorInfo"].domain == "motus.dev"
        violations = found["BadRequest"].field_violations if "BadRequest" in found else []
        delay = found["RetryInfo"].retry_delay.ToTimedelta().total_seconds() if "RetryInfo" in found else None
        fields = frozenset(violation.field for violation in violations)
        return cls(error.code(), status.message, found["ErrorInfo"].reason, fields, delay)


@dataclass
class Served:
    """A server of Probe, and callers of it."""

    probe: Probe
    server: RpcServer
    channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    def channel(self, token: str) -> grpc.aio.Channel:
        """A channel of somebody on this machine with a token; empty: without."""
        if token not in self.channels:
            credentials = grpc.local_channel_credentials()
            if token:
                bearer = grpc.access_token_call_credentials(token)
                credentials = grpc.composite_channel_credentials(credentials, bearer)
            self.channels[token] = grpc.aio.secure_channel(f"127.0.0.1:{self.server.port}", credentials)
        return self.channels[token]

    def begin(
        self,
        name: str,
        *texts: str,
        token: str = "all",
        timeout: float | None = 10,
        body: bytes | None = None,
        metadata: tuple[tuple[str, str], ...] = (),
        closes: bool = True,
    ) -> Any:
        """Begin a call of a method with one request per text, or with raw bytes.

        A stream of requests is closed after them unless told otherwise: gRPC's client takes a refusal that meets what
        it sends for an error of its own.
        """
        requests, answers = next((ins, outs) for method, ins, outs, _ in METHODS if method == name)
        kind = f"{'stream' if requests else 'unary'}_{'stream' if answers else 'unary'}"
        make = getattr(self.channel(token), kind)
        bodies = [NOTE(text=text).SerializeToString() for text in texts] if body is None else [body]
        method = make(f"/{SERVICE}/{name}", None, NOTE.FromString)
        sent = _sent(bodies, closes=closes) if requests else (bodies or [b""])[0]
        return method(sent, timeout=timeout, metadata=metadata)

    async def answers(self, name: str, *texts: str, **how: Any) -> list[str]:
        """All texts that a call answers."""
        begun = self.begin(name, *texts, **how)
        return [note.text async for note in begun] if hasattr(begun, "__aiter__") else [(await begun).text]

    async def refusal(self, name: str, *texts: str, **how: Any) -> Refusal:
        """Why a call is refused, which it must be."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.answers(name, *texts, closes=False, **how)
        return Refusal.of(caught.value)


async def _sent(bodies: list[bytes], *, closes: bool) -> AsyncIterator[bytes]:
    for body in bodies:
        yield body
    if not closes:
        await asyncio.Event().wait()


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """A file of KEYS; each token is its name, which only a test may do."""
    file = tmp_path / "keys.toml"
    file.write_text(
        "".join(
            f'[keys.{name}]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
            f'tenant = "{tenant}"\nscopes = {scopes}\n'
            for name, (tenant, scopes) in KEYS.items()
        )
    )
    return file


@pytest.fixture
def serve_probe(keys_file: Path) -> Serve:
    """Serves Probe on a free port, by static keys unless told otherwise."""

    @asynccontextmanager
    async def serving(
        *,
        auth: AuthSettings | None = None,
        limits: LimitSettings | None = None,
        server: ServerSettings | None = None,
    ) -> AsyncIterator[Served]:
        probe = Probe()
        settings = replace(server or ServerSettings(), port=0)
        running = RpcServer(
            settings, auth or AuthSettings(keys_file=str(keys_file)), limits or LimitSettings(), lambda: True
        )
        running.add(SERVICE, probe.register, probe)
        running.bind()
        await running.start()
        one = Served(probe, running)
        try:
            yield one
        finally:
            for channel in one.channels.values():
                await channel.close()
            await running.stop(0)

    return serving


@pytest.fixture
async def served(serve_probe: Serve) -> AsyncIterator[Served]:
    """A server of Probe, running."""
    async with serve_probe() as one:
        yield one
