"""A connection for asyncio: unary calls, pages, and streams as asynchronous iterators."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import grpc
import grpc.aio

from motus.v1 import (
    athlete_service_pb2_grpc,
    ingest_service_pb2_grpc,
    operations_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
)
from motus_client.access import Access, channel_credentials
from motus_client.calls import NO_ACCESS, OPTIONS, PAUSE_S, STREAM_S, Patience
from motus_client.errors import api_error, api_errors

if TYPE_CHECKING:
    from motus.v1.athlete_service_pb2_grpc import AthleteServiceAsyncStub
    from motus.v1.ingest_service_pb2_grpc import IngestServiceAsyncStub
    from motus.v1.operations_service_pb2_grpc import OperationsServiceAsyncStub
    from motus.v1.session_service_pb2_grpc import SessionServiceAsyncStub

Q = TypeVar("Q")
A = TypeVar("A")


class AsyncConnection:
    """Calls one server.

    Args:
        address: `host:port` of the service.
        access: how to be let in there.
        timeout_s: deadline of each single call, seconds.
        ingest: `host:port` that takes what is pushed, where that is another, as with `motus up`.

    Raises:
        OSError: a file that `access` names cannot be read.
    """

    def __init__(self, address: str, access: Access = NO_ACCESS, *, timeout_s: float = 10.0, ingest: str = "") -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._channel = grpc.aio.secure_channel(address, channel_credentials(address, access), options=OPTIONS)
        self._ingest_address, self._ingest_channel = address, self._channel
        if ingest:
            credentials = channel_credentials(ingest, access)
            self._ingest_address = ingest
            self._ingest_channel = grpc.aio.secure_channel(ingest, credentials, options=OPTIONS)
        sessions: Any = session_service_pb2_grpc.SessionServiceStub(self._channel)
        athletes: Any = athlete_service_pb2_grpc.AthleteServiceStub(self._channel)
        operations: Any = operations_service_pb2_grpc.OperationsServiceStub(self._channel)
        pushing: Any = ingest_service_pb2_grpc.IngestServiceStub(self._ingest_channel)
        self._ingest = cast("IngestServiceAsyncStub", pushing)
        self._operations = cast("OperationsServiceAsyncStub", operations)
        self._sessions = cast("SessionServiceAsyncStub", sessions)
        self._athletes = cast("AthleteServiceAsyncStub", athletes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()
        await self._ingest_channel.close()

    async def _call(self, method: "grpc.aio.UnaryUnaryMultiCallable[Q, A]", request: Q) -> A:
        with api_errors(self.address):
            return await method(request, timeout=self._timeout_s)

    async def _pages(self, method: Callable[..., Any], request: Any, field: str) -> AsyncIterator[Any]:
        while True:
            page: Any = await self._call(method, request)  # type: ignore[arg-type]  # pages have no type in common
            for item in getattr(page, field):
                yield item
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    async def _stream(self, method: Callable[..., Any], request: Any) -> AsyncIterator[Any]:
        call = method(request, timeout=STREAM_S)
        try:
            with api_errors(self.address):
                async for response in call:
                    yield response
        finally:
            call.cancel()

    async def _push(self, method: "grpc.aio.StreamUnaryMultiCallable[Q, A]", requests: AsyncIterator[Q]) -> A:
        """Send the first request, and the others once the server has taken the session for this call."""
        call = method(timeout=STREAM_S)
        try:
            with api_errors(self._ingest_address):
                with suppress(asyncio.InvalidStateError):  # it has answered already
                    async for request in requests:
                        await call.write(request)
                        await call.initial_metadata()
                    await call.done_writing()
                return await call
        finally:
            call.cancel()

    async def _watch(
        self, request: session_service_pb2.WatchSessionRequest, patience_s: float
    ) -> AsyncIterator[session_service_pb2.WatchSessionResponse]:
        patience = Patience(patience_s)
        while True:
            call = self._sessions.WatchSession(request, timeout=STREAM_S)
            try:
                async for response in call:
                    patience.heard()
                    request.resume_token = response.resume_token or request.resume_token
                    yield response
                return
            except grpc.RpcError as error:
                if not patience.bears(error):
                    raise api_error(error, self.address) from None
            finally:
                call.cancel()
            await asyncio.sleep(PAUSE_S)
