"""What pose answers to the frames of one session, whichever way they are delivered."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from nats.aio.msg import Msg

from motus.bus.v1 import control_pb2, frame_pb2
from motus_ingest import convert
from motus_ingest.regions import Regions
from motus_runtime import topics
from motus_runtime.bus import Bus, decode
from motus_runtime.errors import PermanentError, UnavailableError

COUNTS: Final = {
    frame_pb2.FRAME_OUTCOME_DONE: "frames_done",
    frame_pb2.FRAME_OUTCOME_DUPLICATE: "frames_duplicate",
    frame_pb2.FRAME_OUTCOME_SUPERSEDED: "frames_dropped_superseded",
    frame_pb2.FRAME_OUTCOME_BAD: "frames_dropped_bad",
    frame_pb2.FRAME_OUTCOME_STALE: "frames_dropped_stale",
    frame_pb2.FRAME_OUTCOME_LATE: "frames_dropped_late",
}
"""The names under which outcomes that settle a frame are counted."""


class Answers:
    """Hears pose's answers and knows who gives them.

    Args:
        bus: the bus.
        session: bare session id.
        regions: is told where pose sees people.

    Attributes:
        fenced: an answer said that another worker has taken the session over.
    """

    def __init__(self, bus: Bus, session: str, regions: Regions) -> None:
        self._bus, self._session, self._regions = bus, session, regions
        self._inbox = bus.client.new_inbox()
        self._pose_epoch = 0
        self.fenced = False

    async def listen(
        self, settle: Callable[[int, frame_pb2.FrameAck], None], deserted: Callable[[int], None]
    ) -> Callable[[], Awaitable[None]]:
        """Hear from now on; returns what ends it.

        Args:
            settle: gets a frame's token and its answer.
            deserted: gets the token of a frame that nobody received.
        """

        def hear(message: Msg) -> None:
            token = int(message.subject.rsplit(".", 1)[1])
            if (message.headers or {}).get("Status") == "503":
                deserted(token)
            elif (ack := self._understood(message)) is not None:
                settle(token, ack)

        return await self._bus.listen(f"{self._inbox}.*", hear)

    def reply_to(self, token: int) -> str:
        """Where the answer to a frame goes; the token tells frames apart."""
        return f"{self._inbox}.{token}"

    async def invite(self) -> None:
        """Ask for another receiver; before the first answer nobody is known to be gone, and leases see to it."""
        if self._pose_epoch:
            invitation = control_pb2.Invitation(session=self._session, pose_epoch=self._pose_epoch)
            with suppress(UnavailableError):  # the frame goes out again, and so does this
                await self._bus.publish(topics.invitations(self._session), invitation)

    def _understood(self, message: Msg) -> frame_pb2.FrameAck | None:
        try:
            ack = decode(frame_pb2.FrameAck, message.data)
        except PermanentError:
            return None  # no answer: the frame goes out again
        if ack.pose_epoch < self._pose_epoch:
            return None  # a former owner that does not know it yet: what it stores is dropped
        self._pose_epoch = ack.pose_epoch
        self.fenced |= ack.outcome == frame_pb2.FRAME_OUTCOME_STALE
        if ack.outcome in COUNTS:
            seen = convert.sighting(ack) if ack.outcome == frame_pb2.FRAME_OUTCOME_DONE else None
            self._regions.tell(ack.ref.frame_seq, seen)
        return ack
