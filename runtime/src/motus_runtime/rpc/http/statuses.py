"""A `google.rpc.Status` as HTTP has it: a code, a few headers, JSON."""

from typing import Any

from google.protobuf import json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2

# As google/rpc/code.proto says.
HTTP_CODES = {
    code_pb2.OK: 200,
    code_pb2.CANCELLED: 499,
    code_pb2.UNKNOWN: 500,
    code_pb2.INVALID_ARGUMENT: 400,
    code_pb2.DEADLINE_EXCEEDED: 504,
    code_pb2.NOT_FOUND: 404,
    code_pb2.ALREADY_EXISTS: 409,
    code_pb2.PERMISSION_DENIED: 403,
    code_pb2.RESOURCE_EXHAUSTED: 429,
    code_pb2.FAILED_PRECONDITION: 400,
    code_pb2.ABORTED: 409,
    code_pb2.OUT_OF_RANGE: 400,
    code_pb2.UNIMPLEMENTED: 501,
    code_pb2.INTERNAL: 500,
    code_pb2.UNAVAILABLE: 503,
    code_pb2.DATA_LOSS: 500,
    code_pb2.UNAUTHENTICATED: 401,
}
REQUEST_TOO_LARGE, METHOD_NOT_ALLOWED = "REQUEST_TOO_LARGE", "METHOD_NOT_ALLOWED"
# What HTTP has a code of its own for.
_BY_REASON = {REQUEST_TOO_LARGE: 413, METHOD_NOT_ALLOWED: 405}


def http_code(status: status_pb2.Status) -> int:
    """The HTTP code of a status."""
    info = _detail(status, error_details_pb2.ErrorInfo())
    return _BY_REASON.get(info.reason) or HTTP_CODES.get(status.code, 500)


def headers_of(status: status_pb2.Status) -> dict[str, str]:
    """What a status says in headers, too."""
    headers = {}
    retry = _detail(status, error_details_pb2.RetryInfo())
    if retry.HasField("retry_delay"):
        headers["Retry-After"] = str(max(1, -(-retry.retry_delay.ToMilliseconds() // 1000)))
    if status.code == code_pb2.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def json_of(message: Any) -> bytes:
    """A message as one line of JSON, names in lowerCamelCase."""
    return json_format.MessageToJson(message, indent=None, ensure_ascii=False).encode()


def _detail(status: status_pb2.Status, kind: Any) -> Any:
    """The detail of a kind, empty when there is none."""
    for packed in status.details:
        if packed.Unpack(kind):
            return kind
    return kind
