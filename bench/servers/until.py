"""A process that works until whoever started it closes its standard input."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any


async def until_input_ends(work: Coroutine[Any, Any, None]) -> None:
    """Does some work until standard input ends, and raises what the work raised if it ends before."""
    working = asyncio.create_task(work)
    ending = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        working.result()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
