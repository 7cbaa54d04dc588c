"""What one stage did for one session: counts by cause and latency, for reports, and for Prometheus at the same time."""

import time
from collections import Counter

from motus.bus.v1 import checkpoint_pb2
from motus.v1 import event_pb2
from motus_runtime.digest import Digest
from motus_runtime.telemetry import STAGE_EVENTS, STAGE_LATENCY


class Tally:
    """Counts and latencies of a stage for a session.

    Args:
        stage: the stage's name, as `pose`.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.counts: Counter[str] = Counter()
        self.latency = Digest()

    def count(self, cause: str, number: int = 1) -> None:
        """Count something by its cause, as `frames_in`."""
        self.counts[cause] += number
        STAGE_EVENTS.labels(self.stage, cause).inc(number)

    def observe(self, ingest_time_ns: int) -> None:
        """Record the time from a frame's ingest to now."""
        milliseconds = (time.time_ns() - ingest_time_ns) / 1e6
        self.latency.add(milliseconds)
        if milliseconds >= 0:
            STAGE_LATENCY.labels(self.stage).observe(milliseconds / 1e3)
        else:
            self.count("latencies_negative")  # two clocks disagree: told, not mixed into the rest

    def report(self, *, final: bool = False, progress: float | None = None) -> event_pb2.StageReport:
        """The newest figures as a message; `progress` is the share of the source that is done, 0 to 1."""
        report = event_pb2.StageReport(
            stage=event_pb2.Stage.Value(f"STAGE_{self.stage.upper()}"), counts=dict(self.counts), final=final
        )
        if progress is not None:
            report.progress = progress
        if self.latency.count:
            digest = report.latency
            digest.count, digest.max_ms = self.latency.count, self.latency.max_ms
            digest.p50_ms, digest.p95_ms, digest.p99_ms = (self.latency.quantile(q) for q in (0.5, 0.95, 0.99))
        return report

    def checkpoint(self) -> checkpoint_pb2.TallyCheckpoint:
        """All that was counted, for `restore`."""
        digest = self.latency
        return checkpoint_pb2.TallyCheckpoint(
            counts=self.counts,
            latency_buckets=digest.buckets,
            latency_negative=digest.negative,
            latency_max_ms=digest.max_ms,
        )

    def restore(self, kept: checkpoint_pb2.TallyCheckpoint) -> None:
        """Go on from another worker's counts; Prometheus hears only of what is done here."""
        self.counts = Counter(kept.counts)
        buckets = Counter(kept.latency_buckets)
        self.latency = Digest(buckets, buckets.total(), kept.latency_negative, kept.latency_max_ms)
