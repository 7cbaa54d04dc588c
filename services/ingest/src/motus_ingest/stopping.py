"""Hears that a session is to end, and ends what works on it."""

import asyncio
import logging
from typing import Any

from motus.bus.v1 import control_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError
from motus_runtime.follow import follow

log = logging.getLogger("motus.ingest")


async def ended(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait until they are done, whatever they came to."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def stop_reason(bus: Bus, session: str) -> str:
    """Wait for the command that stops a session; returns why it does."""
    async for stored in follow(bus, topics.COMMANDS_STREAM, topics.commands(session)):
        if (reason := stop_in(stored.body, session)) is not None:
            return reason
    raise AssertionError("a stream has no end")


def stop_in(body: bytes, session: str) -> str | None:
    """Why a command stops its session; None when it does not."""
    try:
        command = decode(control_pb2.Command, body)
    except PermanentError as error:
        log.error("a command of %s: %s", session, error.message)
        return None
    return (command.stop.reason or "stopped by request") if command.HasField("stop") else None
