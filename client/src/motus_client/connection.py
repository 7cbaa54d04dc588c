"""A connection that waits: unary calls, pages, and streams as iterators."""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc

from motus.v1 import (
    athlete_service_pb2_grpc,
    operations_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
)
from motus_client.access import Access, channel_credentials
from motus_client.calls import NO_ACCESS, OPTIONS, PAUSE_S, STREAM_S, Patience
from motus_client.errors import api_error, api_errors

Q = TypeVar("Q")
A = TypeVar("A")


class Connection:
    """Calls one server.

    Args:
        address: `host:port` of the service.
        access: how to be let in there.
        timeout_s: deadline of each single call, seconds.

    Raises:
        OSError: a file that `access` names cannot be read.
    """

    def __init__(self, address: str, access: Access = NO_ACCESS, *, timeout_s: float = 10.0) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._channel = grpc.secure_channel(address, channel_credentials(address, access), options=OPTIONS)
        self._sessions = session_service_pb2_grpc.SessionServiceStub(self._channel)
        self._athletes = athlete_service_pb2_grpc.AthleteServiceStub(self._channel)
        self._operations = operations_service_pb2_grpc.OperationsServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _call(self, method: "grpc.UnaryUnaryMultiCallable[Q, A]", request: Q) -> A:
        with api_errors(self.address):
            return method(request, timeout=self._timeout_s)

    def _pages(self, method: Callable[..., Any], request: Any, field: str) -> Iterator[Any]:
        while True:
            page: Any = self._call(method, request)  # type: ignore[arg-type]  # pages have no type in common
            yield from getattr(page, field)
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    def _stream(self, method: Callable[..., Any], request: Any) -> Iterator[Any]:
        call = method(request, timeout=STREAM_S)
        try:
            with api_errors(self.address):
                yield from call
        finally:
            call.cancel()

    def _watch(
        self, request: session_service_pb2.WatchSessionRequest, patience_s: float
    ) -> Iterator[session_service_pb2.WatchSessionResponse]:
        patience = Patience(patience_s)
        while True:
            call = self._sessions.WatchSession(request, timeout=STREAM_S)
            try:
                for response in call:
                    patience.heard()
                    request.resume_token = response.resume_token or request.resume_token
                    yield response
                return
            except grpc.RpcError as error:
                if not patience.bears(error):
                    raise api_error(error, self.address) from None
            finally:
                call.cancel()
            time.sleep(PAUSE_S)
