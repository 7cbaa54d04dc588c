"""What a refused call raises: gRPC code, the server's sentence, its reason, and the fields at fault."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DETAILS = "grpc-status-details-bin"


class ApiError(Exception):
    """A call failed.

    Attributes:
        code: the gRPC status code.
        message: one plain sentence from the server.
        reason: UPPER_SNAKE name that a program can switch on; the code's name when the server gives none.
        violations: what is wrong, by field path; empty unless the request was invalid.
        address: the server that was called.
        answered: whether the service itself said so; False when it was not reached.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str,
        violations: dict[str, str],
        address: str,
        answered: bool,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.violations = violations
        self.address = address
        self.answered = answered


@contextmanager
def api_errors(address: str) -> Iterator[None]:
    """Turn gRPC's errors into `ApiError`."""
    try:
        yield
    except grpc.RpcError as error:
        raise api_error(error, address) from None


def api_error(error: grpc.RpcError, address: str) -> ApiError:
    """Read a gRPC error with the `google.rpc.Status` that it carries."""
    code, message = error.code(), error.details() or ""
    reason, violations = code.name, {}
    status = _status(error)
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad):
            violations = {fault.field: fault.description for fault in bad.field_violations}
    answered = bool(status.details)
    return ApiError(code, message, reason=reason, violations=violations, address=address, answered=answered)


def _status(error: grpc.RpcError) -> status_pb2.Status:
    # Read here rather than with grpcio-status, which the client would need for these lines alone.
    metadata: Any = error.trailing_metadata()  # the stubs have no iterable type
    for key, value in metadata or ():
        if key == _DETAILS and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status()
