"""Work that goes on for as long as nothing beside it says otherwise."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def alongside(work: Coroutine[Any, Any, T], *others: Coroutine[Any, Any, None]) -> T:
    """The result of `work`, unless one of the others raises first; what is left then is cancelled and waited for."""
    main = asyncio.ensure_future(work)
    tasks: list[asyncio.Task[Any]] = [main, *map(asyncio.ensure_future, others)]
    waiting = set(tasks)
    try:
        while not main.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if any(task.exception() for task in done if not task.cancelled()):
                break
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    if main.cancelled():
        raise errors[0] if errors else asyncio.CancelledError
    return main.result()
