"""Newest-wins delivery for live sources: every frame goes out at once; pose drops what a newer one replaces.

When the server says that nobody receives, pose's workers are invited to take the session over, and the newest frame is
offered again until there is a newer one.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from motus.bus.v1 import frame_pb2
from motus_ingest.answers import COUNTS
from motus_ingest.regions import Regions
from motus_ingest.sending import Sending
from motus_runtime.bus import Bus
from motus_runtime.errors import UnavailableError
from motus_runtime.tally import Tally

AGAIN_S: Final = 0.01


class NewestSender(Sending):
    """Sends one session's frames to pose; use it as a context, which ends what is under way.

    Args:
        bus: the bus.
        session: bare session id.
        tally: counts what became of each frame, by cause.
        regions: is told where pose sees people.
        inviting: whether workers are invited when nobody receives, or leases left to notice it.
        heard: gets every answer.
    """

    def __init__(
        self,
        bus: Bus,
        session: str,
        tally: Tally,
        regions: Regions,
        *,
        inviting: bool = True,
        heard: Callable[[frame_pb2.FrameAck], None] | None = None,
    ) -> None:
        super().__init__(bus, session, tally, regions)
        self._inviting, self._heard = inviting, heard
        self._newest: frame_pb2.Frame | None = None
        self._offers: set[asyncio.Task[None]] = set()

    def _under_way(self) -> Iterable[asyncio.Task[None]]:
        return self._offers

    async def send(self, frame: frame_pb2.Frame) -> None:
        """Send a frame; it is lost, and counted, while the bus is away.

        Raises:
            PermanentError: the server takes no message of this size.
        """
        self._newest = frame
        self._tally.count("frames_sent")
        await self._publish(frame)

    async def _publish(self, frame: frame_pb2.Frame) -> None:
        try:
            await self._bus.publish(self._subject, frame, reply=self._answers.reply_to(frame.ref.frame_seq))
        except UnavailableError:
            self._tally.count("frames_dropped_not_connected")

    def _settle(self, token: int, ack: frame_pb2.FrameAck) -> None:
        if ack.outcome in COUNTS:
            self._tally.count(COUNTS[ack.outcome])
        if self._heard is not None:
            self._heard(ack)

    def _deserted(self, token: int) -> None:
        newest = self._newest
        if newest is None or token != newest.ref.frame_seq:
            self._tally.count("frames_dropped_no_receiver")
            return
        self._tally.count("resent_no_receiver")
        offer = asyncio.create_task(self._offer_again(newest))
        self._offers.add(offer)
        offer.add_done_callback(self._offers.discard)

    async def _offer_again(self, frame: frame_pb2.Frame) -> None:
        if self._inviting:
            await self._answers.invite()
        await asyncio.sleep(AGAIN_S)
        if frame is self._newest:
            await self._publish(frame)
        else:
            self._tally.count("frames_dropped_no_receiver")
