"""How a pushing call begins and ends for a client that is in the midst of writing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import grpc.aio

from motus_runtime.errors import MotusError

LISTEN_S: Final = 1.0


async def welcome(context: Any) -> None:
    """Tell the caller that the session is theirs: who waits for the initial metadata sends nothing in vain."""
    await context.send_initial_metadata(())


@asynccontextmanager
async def heard_out(context: Any) -> AsyncIterator[None]:
    """Read on for a moment behind the block, whether it answers or refuses, and throw away what comes.

    A client whose write fails does not hear why the call was ended: gRPC for asyncio makes an INTERNAL of it.
    """
    try:
        yield
    except MotusError:
        await _listen(context)
        raise
    await _listen(context)


async def _listen(context: Any) -> None:
    with suppress(TimeoutError, grpc.aio.BaseError):
        async with asyncio.timeout(LISTEN_S):
            while await context.read() is not grpc.aio.EOF:
                pass
