"""gRPC for services: one table from errors to status, deadlines required, figures per method."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc
import grpc.aio
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from motus_runtime import errors
from motus_runtime.telemetry import RPC_SECONDS, RPCS, remote_context, tracer

log = logging.getLogger("motus.rpc")

DOMAIN = "motus.dev"
MAX_UNARY_S = 30.0
_OPEN_TO_ALL = ("/grpc.health.", "/grpc.reflection.")
_RETRY_AFTER_S = 1

CODES: tuple[tuple[type[errors.MotusError], grpc.StatusCode], ...] = (
    (errors.InvalidArgumentError, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.NotFoundError, grpc.StatusCode.NOT_FOUND),
    (errors.AlreadyExistsError, grpc.StatusCode.ALREADY_EXISTS),
    (errors.FailedPreconditionError, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.ResourceExhaustedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.RetryableError, grpc.StatusCode.UNAVAILABLE),
)


def status_of(error: Exception) -> status_pb2.Status:
    """The status of an error: exactly one ErrorInfo, and nothing of an unexpected error's text."""
    if isinstance(error, TimeoutError):
        return _status(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed", "DEADLINE_EXCEEDED", {})
    if not isinstance(error, errors.MotusError):
        return _status(grpc.StatusCode.INTERNAL, "internal error", "INTERNAL", {})
    code = next((code for kind, code in CODES if isinstance(error, kind)), grpc.StatusCode.INTERNAL)
    status = _status(code, error.message, error.reason, error.metadata)
    if isinstance(error, errors.InvalidArgumentError):
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=field, description=text)
            for field, text in error.violations.items()
        ]
        _add(status, error_details_pb2.BadRequest(field_violations=violations))
    if code is grpc.StatusCode.UNAVAILABLE:
        _add(status, error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=_RETRY_AFTER_S)))
    return status


def _status(code: grpc.StatusCode, message: str, reason: str, metadata: dict[str, str]) -> status_pb2.Status:
    status = status_pb2.Status(code=code.value[0], message=message)
    _add(status, error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata))
    return status


def _add(status: status_pb2.Status, detail: Any) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)


class StatusInterceptor(grpc.aio.ServerInterceptor):
    """Turns errors into statuses, refuses calls without a deadline, counts and traces every call."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wrap the method's handler."""
        details = handler_call_details
        handler = await continuation(details)
        if handler is None or details.method.startswith(_OPEN_TO_ALL):
            return handler
        headers = {key: value for key, value in details.invocation_metadata or () if isinstance(value, str)}
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                _unary(handler.unary_unary, details.method, headers),
                _reader(handler.request_deserializer),
                handler.response_serializer,
            )
        return grpc.unary_stream_rpc_method_handler(
            _stream(handler.unary_stream, details.method, headers),
            _reader(handler.request_deserializer),
            handler.response_serializer,
        )


class _Unreadable:
    """Stands for a request that is no message of its kind."""


def _reader(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Read requests without raising: the library would answer with the error's text and log a traceback."""

    def read(body: bytes) -> Any:
        try:
            return deserialize(body)
        except Exception:
            return _Unreadable()

    return read


def _checked(request: Any, context: Any) -> float:
    """The seconds left for a readable request; InvalidArgumentError for any other."""
    if isinstance(request, _Unreadable):
        raise errors.InvalidArgumentError({"request": "cannot be read as the method's message"})
    left = context.time_remaining()
    if left is None:
        raise errors.InvalidArgumentError({"deadline": "every call needs a deadline"})
    return min(float(left), MAX_UNARY_S)


def _unary(call: Any, method: str, headers: dict[str, str]) -> Any:
    async def run(request: Any, context: Any) -> Any:
        started = time.monotonic()
        with tracer().start_as_current_span(method, context=remote_context(headers)):
            try:
                async with asyncio.timeout(_checked(request, context)):
                    answer = await call(request, context)
            except Exception as error:
                await _abort(context, method, error)
            RPCS.labels(method, "OK").inc()
            RPC_SECONDS.labels(method).observe(time.monotonic() - started)
            return answer

    return run


def _stream(call: Any, method: str, headers: dict[str, str]) -> Any:
    async def run(request: Any, context: Any) -> AsyncIterator[Any]:
        with tracer().start_as_current_span(method, context=remote_context(headers)):
            try:
                _checked(request, context)
                async with aclosing(call(request, context)) as answers:
                    async for answer in answers:
                        yield answer
            except Exception as error:
                await _abort(context, method, error)
            RPCS.labels(method, "OK").inc()

    return run


async def _abort(context: Any, method: str, error: Exception) -> None:
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, errors.MotusError | TimeoutError):
        log.error("%s failed", method, exc_info=error)
    status = status_of(error)
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    RPCS.labels(method, code.name).inc()
    await context.abort_with_status(rpc_status.to_status(status))
