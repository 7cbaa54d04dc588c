"""Pure core: what a live source's pictures are worth, graded over the last seconds with the reasons named.

The limits were set on 56 clips as they are and the same clips blurred (Gaussian of 3 to 5 pixels at a length of 640),
darkened to 15 %, shrunk, thinned and frozen: `make bench NAME=ingest`.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from statistics import median, pstdev
from typing import Final

SPAN_S: Final = 4.0
EVERY_S: Final = 1.0
_GAP: Final = 3.0
"""A gap so many times the usual distance of pictures is a freeze, ..."""
_GAP_S: Final = 0.25
"""... if it is at least so long."""


class Grade(IntEnum):
    """What the link is worth; the worst reason counts."""

    GOOD = 0
    FAIR = 1
    POOR = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture.

    Attributes:
        arrived_s: on a steady clock.
        short_side_px: of the source's picture.
        same: it is the picture before once more.
        brightness, blur: see `sources.look`; None where nobody looked.
    """

    arrived_s: float
    short_side_px: int
    same: bool
    brightness: float | None = None
    blur: float | None = None


@dataclass(frozen=True, slots=True)
class LinkReport:
    """The last seconds.

    Attributes:
        grade: of the worst reason.
        reasons: stable codes of what is wrong, each with its grade.
        fps: pictures a second.
        jitter_ms: standard deviation of their distances.
        frozen_share: of the time.
    """

    grade: Grade
    reasons: dict[str, Grade]
    fps: float
    jitter_ms: float
    frozen_share: float


@dataclass(frozen=True, slots=True)
class _Limit:
    """From where on a value is FAIR and POOR; `below`: small values are the bad ones."""

    fair: float
    poor: float
    below: bool

    def grade(self, value: float | None) -> Grade:
        if value is None:
            return Grade.GOOD
        bad = [value < limit if self.below else value > limit for limit in (self.fair, self.poor)]
        return Grade(sum(bad))


_LIMITS: Final = {
    "few_frames": _Limit(12.0, 6.0, below=True),
    "freezes": _Limit(0.15, 0.4, below=False),
    "small_picture": _Limit(200.0, 100.0, below=True),
    "dark": _Limit(0.18, 0.06, below=True),
    "blurred": _Limit(0.54, 0.7, below=False),
}
ADVICE: Final = {
    "few_frames": "fewer than 12 pictures a second arrive",
    "freezes": "the picture freezes again and again",
    "small_picture": "the picture is too small",
    "dark": "the picture is dark",
    "blurred": "the picture is blurred",
}
"""What each reason is in words."""


@dataclass
class Link:
    """The pictures of the last seconds; `see` each, ask `judged` as often as wanted."""

    _seen: deque[Seen] = field(default_factory=deque)
    _judged_s: float | None = None
    _before: frozenset[str] = frozenset()

    def see(self, seen: Seen) -> None:
        """Take in a picture."""
        self._seen.append(seen)
        while self._seen[0].arrived_s < seen.arrived_s - SPAN_S:
            self._seen.popleft()
        if self._judged_s is None:
            self._judged_s = seen.arrived_s

    def judged(self, now_s: float) -> LinkReport | None:
        """The report of this second, None when it is not due or too little was seen.

        A reason counts once two reports in a row have it: what passes is not told.
        """
        due = self._judged_s is not None and now_s - self._judged_s >= EVERY_S
        if not due or len(self._seen) < 2 or now_s - self._seen[0].arrived_s < SPAN_S / 2:
            return None
        self._judged_s = now_s
        report = self._report()
        lasting = {reason: grade for reason, grade in report.reasons.items() if reason in self._before}
        self._before = frozenset(report.reasons)
        worst = max(lasting.values(), default=Grade.GOOD)
        return LinkReport(worst, lasting, report.fps, report.jitter_ms, report.frozen_share)

    def _report(self) -> LinkReport:
        seen = list(self._seen)
        gaps_s = [after.arrived_s - before.arrived_s for before, after in pairwise(seen)]
        span_s = max(sum(gaps_s), 1e-3)
        long_s = max(_GAP * median(gaps_s), _GAP_S)
        frozen = sum(gap for gap, one in zip(gaps_s, seen[1:], strict=True) if one.same or gap > long_s) / span_s
        fps = len(gaps_s) / span_s
        values = {
            "few_frames": fps,
            "freezes": frozen,
            "small_picture": float(seen[-1].short_side_px),
            "dark": _middle([one.brightness for one in seen]),
            "blurred": _middle([one.blur for one in seen]),
        }
        reasons = {name: grade for name, limit in _LIMITS.items() if (grade := limit.grade(values[name]))}
        return LinkReport(max(reasons.values(), default=Grade.GOOD), reasons, fps, 1e3 * pstdev(gaps_s), frozen)


def _middle(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
