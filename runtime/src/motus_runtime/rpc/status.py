"""One table from errors to `google.rpc.Status`, and the stage that sends it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from motus_runtime import errors
from motus_runtime.rpc.call import Call, CallerGone

log = logging.getLogger("motus.rpc")

DOMAIN = "motus.dev"

CODES: tuple[tuple[type[errors.MotusError], grpc.StatusCode], ...] = (
    (errors.InvalidArgumentError, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.UnauthenticatedError, grpc.StatusCode.UNAUTHENTICATED),
    (errors.PermissionDeniedError, grpc.StatusCode.PERMISSION_DENIED),
    (errors.NotFoundError, grpc.StatusCode.NOT_FOUND),
    (errors.AlreadyExistsError, grpc.StatusCode.ALREADY_EXISTS),
    (errors.FailedPreconditionError, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.ResourceExhaustedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.TooManyRequestsError, grpc.StatusCode.RESOURCE_EXHAUSTED),
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
    if isinstance(error, errors.RetryableError):
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(round(error.retry_after_s * 1e9))
        _add(status, error_details_pb2.RetryInfo(retry_delay=delay))
    return status


def _status(code: grpc.StatusCode, message: str, reason: str, metadata: dict[str, str]) -> status_pb2.Status:
    status = status_pb2.Status(code=code.value[0], message=message)
    _add(status, error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata))
    return status


def _add(status: status_pb2.Status, detail: Any) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)


@asynccontextmanager
async def statuses(call: Call) -> AsyncIterator[None]:
    """Ends a call whose work raises with the error's status."""
    try:
        yield
    except (grpc.aio.BaseError, CallerGone):
        # The call is over already: the caller went away in the middle of an answer.
        raise
    except Exception as error:
        if not isinstance(error, errors.MotusError | TimeoutError):
            log.error("%s failed", call.method, exc_info=error)
        status = status_of(error)
        call.code = next(code.name for code in grpc.StatusCode if code.value[0] == status.code)
        await call.context.abort_with_status(rpc_status.to_status(status))
    call.code = "OK"
