"""Who may still speak for a stage: what bears a lower epoch than was seen earlier in the stream is dropped."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fence:
    """The newest owner of a stage, as one stream shows it.

    Attributes:
        epoch: the highest lease epoch seen.
        since: sequence in the stream of the first message that bore it.
    """

    epoch: int = 0
    since: int = 0

    def after(self, epoch: int, sequence: int) -> "Fence":
        """The fence once a message was seen."""
        if epoch > self.epoch:
            return Fence(epoch, sequence)
        if epoch == self.epoch:
            return Fence(epoch, min(self.since, sequence))
        return self

    def lets_through(self, epoch: int, sequence: int) -> bool:
        """Whether a message may be believed.

        One of an older epoch may when it came before the newer owner's first word: the bus delivers again what was
        not acknowledged, so messages do not always arrive in the order of the stream.
        """
        return epoch >= self.epoch or sequence < self.since
