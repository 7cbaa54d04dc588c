"""What stands where stages, handlers and stubs meet gRPC's server: its context, and its register of handlers."""

import math
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from google.rpc import status_pb2

from motus_runtime.errors import InvalidArgumentError

TIMEOUT = "X-Server-Timeout"


class Aborted(Exception):
    """A call has ended with a status."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(status.message)
        self.status = status


class HttpContext:
    """What stages and handlers ask of gRPC's context: how long there is, and an end with a status.

    Args:
        timeout: seconds as a header says them; None: what the server allows.
    """

    def __init__(self, timeout: str | None) -> None:
        try:
            seconds = float(timeout) if timeout is not None else math.inf
        except ValueError:
            seconds = math.nan
        if not seconds > 0:
            raise InvalidArgumentError({TIMEOUT: "must be seconds, more than 0"})
        self._end_s = time.monotonic() + seconds

    def time_remaining(self) -> float:
        """Seconds until nobody waits any more."""
        return self._end_s - time.monotonic()

    async def abort_with_status(self, status: Any) -> NoReturn:
        """End the call."""
        details = dict(status.trailing_metadata)["grpc-status-details-bin"]
        raise Aborted(status_pb2.Status.FromString(details))


class Handlers:
    """Stands where stubs register their handlers, and finds them again."""

    def __init__(self) -> None:
        self._generic: list[Any] = []

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        """For the stubs."""
        self._generic += handlers

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """For the stubs, which say the same a second time."""

    def find(self, method: str) -> Any:
        """The handler of `/package.Service/Method`."""
        details = SimpleNamespace(method=method, invocation_metadata=())
        return next(found for one in self._generic if (found := one.service(details)))
