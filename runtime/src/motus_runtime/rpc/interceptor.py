"""What leads every call through its stages, whether its requests and answers are single or streams."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from motus_runtime.rpc.call import Call, Stage
from motus_runtime.rpc.methods import is_open
from motus_runtime.rpc.validation import read, read_each

_HANDLERS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class Interceptor(grpc.aio.ServerInterceptor):
    """Wraps the handlers of all methods that are not open to everybody.

    Args:
        stages: what is around each call, outermost first.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wrap a method's handler."""
        handler = await continuation(handler_call_details)
        if handler is None or is_open(handler_call_details.method):
            return handler
        headers = _headers(handler_call_details)

        async def respond(request: Any, context: Any) -> Any:
            streams = handler.request_streaming or handler.response_streaming
            call = Call(handler_call_details.method, headers, context, streams)
            async with led(self._stages, call):
                return await _work(handler, request, context)

        # Requests come as bytes: whoever may not call has nothing of theirs read.
        make = _HANDLERS[handler.request_streaming, handler.response_streaming]
        return make(respond, None, handler.response_serializer)


@asynccontextmanager
async def led(stages: Sequence[Stage], call: Call) -> AsyncIterator[None]:
    """Within all stages, outermost first."""
    async with AsyncExitStack() as around:
        for stage in stages:
            await around.enter_async_context(stage(call))
        yield


async def _work(handler: Any, request: Any, context: Any) -> Any:
    reader = read_each if handler.request_streaming else read
    message = reader(handler.request_deserializer, request)
    if not handler.response_streaming:
        return await (handler.stream_unary or handler.unary_unary)(message, context)
    async with aclosing((handler.stream_stream or handler.unary_stream)(message, context)) as answers:
        async for answer in answers:
            await context.write(answer)
    return None


def _headers(details: grpc.HandlerCallDetails) -> dict[str, list[str]]:
    """Metadata in text form, all values of each key."""
    headers: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in details.invocation_metadata or ():
        if isinstance(value, str):
            headers[key].append(value)
    return headers
