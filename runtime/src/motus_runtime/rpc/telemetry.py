"""The outermost stage: a span, a count by code, and for unary calls how long they took."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from motus_runtime.rpc.call import Call
from motus_runtime.telemetry import RPC_SECONDS, RPCS, remote_context, tracer


@asynccontextmanager
async def telemetry(call: Call) -> AsyncIterator[None]:
    """Counts and traces a call."""
    started = time.monotonic()
    headers = {key: values[-1] for key, values in call.headers.items()}
    with tracer().start_as_current_span(call.method, context=remote_context(headers)):
        try:
            yield
        finally:
            RPCS.labels(call.method, call.code).inc()
            if not call.streams:
                RPC_SECONDS.labels(call.method).observe(time.monotonic() - started)
