"""How often a watcher gets a sample: as often as it asked for, and the newest when it reads slower."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Pace:
    """When the next sample is due.

    Attributes:
        rate_hz: samples per second wanted, above 0.
        due_s: when the next is due, on the clock that `admits` is asked with.
    """

    rate_hz: float
    due_s: float = float("-inf")

    def admits(self, now_s: float) -> bool:
        """Whether a sample that comes now is due; half a period early is due, so that jitter costs none."""
        return now_s >= self.due_s - 0.5 / self.rate_hz

    def after(self, now_s: float) -> "Pace":
        """The pace once a sample was let through; a pause is not made up for."""
        period_s = 1 / self.rate_hz
        was_due_s = self.due_s if now_s - self.due_s < period_s else now_s
        return replace(self, due_s=was_due_s + period_s)
