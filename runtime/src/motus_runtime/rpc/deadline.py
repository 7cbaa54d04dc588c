"""How long a call may take: what the caller says, within what the server allows."""

import asyncio
import time

from motus_runtime.errors import InvalidArgumentError
from motus_runtime.rpc.call import Call

MAX_UNARY_S = 30.0
MAX_STREAM_S = 3600.0


def deadline(call: Call) -> asyncio.Timeout:
    """Bounds a call: whatever its work waits for is cancelled when the time is over.

    A stream may do without a deadline. It ends after an hour at the latest, and with the caller's token: who is still
    allowed then begins another.

    Raises:
        InvalidArgumentError: a unary call says nothing.
    """
    bounds = [MAX_STREAM_S if call.streams else MAX_UNARY_S]
    left = call.context.time_remaining()
    if left is not None:
        bounds.append(float(left))
    elif not call.streams:
        raise InvalidArgumentError({"deadline": "every call needs a deadline"})
    if call.caller is not None and call.caller.expires_s is not None:
        bounds.append(call.caller.expires_s - time.time())
    return asyncio.timeout(min(bounds))
