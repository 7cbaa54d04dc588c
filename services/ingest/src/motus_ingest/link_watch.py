"""Watches the link of one live source: looks at its pictures, keeps the metrics, and says when the grade changes."""

import asyncio
import time
from typing import Final

from prometheus_client import Counter, Histogram

from motus_ingest.link import ADVICE, Grade, Link, LinkReport, Seen
from motus_ingest.sources.look import Look, fingerprint, look_at, luma_of
from motus_ingest.sources.port import Shot, Trouble

LOOK_EVERY_S: Final = 0.7
SECONDS: Final = Counter(
    "motus_ingest_link_seconds", "Seconds of live sources by what their link was worth.", ["grade"]
)
REASONS: Final = Counter(
    "motus_ingest_link_reason_seconds", "Seconds in which a link was not good, by reason.", ["reason"]
)
RATE: Final = Histogram(
    "motus_ingest_link_fps", "Pictures a second that live sources give.", buckets=(2, 5, 8, 12, 15, 20, 24, 28, 35, 65)
)
JITTER: Final = Histogram(
    "motus_ingest_link_jitter_seconds",
    "Standard deviation of the distance of pictures over some seconds.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3),
)


class LinkWatch:
    """The link of one source."""

    def __init__(self) -> None:
        self._link, self._told = Link(), frozenset[str]()
        self._before, self._looked_s = -1, 0.0
        self._look: asyncio.Task[Look] | None = None

    def see(self, shot: Shot) -> None:
        """Take in a frame. One in a while is looked at closely, beside the way to pose."""
        now_s, mark = time.monotonic(), fingerprint(shot.frame)
        look = self._look.result() if self._look is not None and self._look.done() else None
        if look is not None:
            self._look = None
        due = self._look is None and now_s - self._looked_s >= LOOK_EVERY_S
        if due and (luma := luma_of(shot.frame)) is not None:
            self._looked_s = now_s
            self._look = asyncio.create_task(asyncio.to_thread(look_at, luma))
        short = min(shot.frame.width, shot.frame.height)
        brightness, blur = (look.brightness, look.blur) if look is not None else (None, None)
        self._link.see(Seen(now_s, short, mark == self._before, brightness, blur))
        self._before = mark

    def news(self) -> Trouble | None:
        """What a person should know of it now; None when it is what was told before."""
        report = self._link.judged(time.monotonic())
        if report is None:
            return None
        _measure(report)
        reasons = frozenset(report.reasons)
        if reasons == self._told:
            return None
        self._told = reasons
        return told(report)


def told(report: LinkReport) -> Trouble:
    """A report as a notice."""
    if report.grade is Grade.GOOD:
        return Trouble("link_good", "The pictures are good.")
    text = " and ".join(ADVICE[reason] for reason in sorted(report.reasons))
    return Trouble(f"link_{report.grade.name.lower()}", f"{text[0].upper()}{text[1:]}.", tuple(sorted(report.reasons)))


def _measure(report: LinkReport) -> None:
    SECONDS.labels(report.grade.name.lower()).inc()
    RATE.observe(report.fps)
    JITTER.observe(report.jitter_ms / 1e3)
    for reason in report.reasons:
        REASONS.labels(reason).inc()
