"""Which landmark messages count: newer than all before, and from no worker that was replaced."""

from dataclasses import dataclass
from enum import Enum

from motus.bus.v1 import landmarks_pb2


class Verdict(Enum):
    """What becomes of a message; the value is the cause under which it is counted."""

    NEW = "new"
    STALE = "stale"
    REPEATED = "repeated"


@dataclass
class Fence:
    """Remembers the highest epochs and the newest time of one session."""

    pose_epoch: int = 0
    ingest_epoch: int = 0
    t_s: float = float("-inf")

    def judge(self, message: landmarks_pb2.Landmarks) -> Verdict:
        """Judges the next message of the stream and remembers it when it is new."""
        ref = message.ref
        if message.pose_epoch < self.pose_epoch or ref.ingest_epoch < self.ingest_epoch:
            return Verdict.STALE
        self.pose_epoch, self.ingest_epoch = message.pose_epoch, ref.ingest_epoch
        if message.HasField("end"):
            return Verdict.NEW
        if not ref.t_s > self.t_s:
            return Verdict.REPEATED
        self.t_s = ref.t_s
        return Verdict.NEW
