"""What ingest says of a session on the bus: how it goes, and how it went."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Never

from motus.bus.v1 import frame_pb2
from motus.v1 import event_pb2
from motus_ingest import convert
from motus_runtime import topics
from motus_runtime.bus import Bus
from motus_runtime.errors import UnavailableError

REPORT_EVERY_S: Final = 1.0


async def report_live(bus: Bus, session: str, epoch: int, report: Callable[[], event_pb2.StageReport]) -> Never:
    """Tell those who watch how it goes, until cancelled."""
    while True:
        # One that is lost is replaced by the next.
        with suppress(UnavailableError):
            await bus.publish(topics.live(session), convert.live_report(session, epoch, report()))
        await asyncio.sleep(REPORT_EVERY_S)


async def report_final(bus: Bus, last: frame_pb2.FrameRef, report: event_pb2.StageReport) -> None:
    """Store how it went, up to a last frame; a second owner's says it under the same name."""
    envelope = convert.report_event(last, report)
    message_id = f"{envelope.event.name}@{envelope.event.revision}"
    await bus.store_surely(topics.events(last.session, "ingest"), envelope, message_id=message_id)
