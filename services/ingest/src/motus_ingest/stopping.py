"""Hears that a session is to end."""

import logging

from motus.bus.v1 import control_pb2
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError
from motus_runtime.follow import follow

log = logging.getLogger("motus.ingest")


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
