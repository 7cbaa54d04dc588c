"""A connection that waits: unary calls, pages, and streams as iterators."""

import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import grpc

from motus.v1 import (
    athlete_service_pb2_grpc,
    ingest_service_pb2_grpc,
    operations_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
)
from motus_client.access import Access, channel_credentials
from motus_client.calls import NO_ACCESS, OPTIONS, PAUSE_S, STREAM_S, Patience
from motus_client.errors import ApiError, api_error, api_errors

Q = TypeVar("Q")
A = TypeVar("A")


class Connection:
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
        self._channel = grpc.secure_channel(address, channel_credentials(address, access), options=OPTIONS)
        self._ingest_address, self._ingest_channel = address, self._channel
        if ingest:
            self._ingest_address = ingest
            self._ingest_channel = grpc.secure_channel(ingest, channel_credentials(ingest, access), options=OPTIONS)
        self._ingest = ingest_service_pb2_grpc.IngestServiceStub(self._ingest_channel)
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
        self._ingest_channel.close()

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

    def _push(self, method: "grpc.StreamUnaryMultiCallable[Q, A]", requests: Iterator[Q]) -> A:
        """Send the first request, and the others once the server has taken the session for this call."""
        told = _Told(requests)
        call = method.future(told, timeout=STREAM_S)
        told.let_in = call.initial_metadata
        told.begun.set()
        try:
            with api_errors(self._ingest_address):
                return call.result()
        except ApiError:
            if told.error is not None:  # all that gRPC knows of it is that there was one
                raise told.error from None
            raise
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


class _Told(Generic[Q]):
    """Requests as gRPC takes them, in a thread of its own: the first, and the others once the call is let in.

    Attributes:
        let_in: returns when the server has taken the call, or ended it.
        begun: set once `let_in` is.
        error: what the requests themselves raised.
    """

    def __init__(self, requests: Iterator[Q]) -> None:
        self._requests, self._first = requests, True
        self.let_in: Callable[[], object] = lambda: None
        self.begun = threading.Event()
        self.error: Exception | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Q:
        if not self._first:
            self.begun.wait()
            self.let_in()
        self._first = False
        try:
            return next(self._requests)
        except StopIteration:
            raise
        except Exception as error:
            self.error = error
            raise
