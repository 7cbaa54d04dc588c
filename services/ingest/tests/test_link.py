"""Pure core: what a live source's pictures are worth."""

from dataclasses import replace
from typing import Any

import pytest

from motus_ingest.link import ADVICE, Grade, Link, LinkReport, Seen

_CLEAN = Seen(0.0, 360, same=False, brightness=0.7, blur=0.3)


def _reports(seconds: float, fps: float = 30.0, **change: Any) -> list[LinkReport]:
    link, reports = Link(), []
    for number in range(int(seconds * fps)):
        link.see(replace(_CLEAN, arrived_s=number / fps, **change))
        if report := link.judged(number / fps):
            reports.append(report)
    return reports


def test_a_clean_link_is_good_each_second() -> None:
    """Nothing is named, and the figures are those of the source."""
    reports = _reports(10.0)
    assert {report.grade for report in reports} == {Grade.GOOD}
    assert not any(report.reasons for report in reports)
    assert reports[-1].fps == pytest.approx(30.0)
    assert reports[-1].jitter_ms == pytest.approx(0.0, abs=1e-6)
    assert 7 <= len(reports) <= 9


@pytest.mark.parametrize(
    ("change", "reason", "grade"),
    [
        ({"fps": 8.0}, "few_frames", Grade.FAIR),
        ({"fps": 4.0}, "few_frames", Grade.POOR),
        ({"short_side_px": 160}, "small_picture", Grade.FAIR),
        ({"brightness": 0.1}, "dark", Grade.FAIR),
        ({"brightness": 0.02}, "dark", Grade.POOR),
        ({"blur": 0.62}, "blurred", Grade.FAIR),
        ({"same": True}, "freezes", Grade.POOR),
    ],
)
def test_each_fault_is_named_alone(change: dict[str, Any], reason: str, grade: Grade) -> None:
    """With its grade, and nothing else with it."""
    last = _reports(10.0, **change)[-1]
    assert (last.reasons, last.grade) == ({reason: grade}, grade)
    assert ADVICE[reason]


def test_pictures_that_do_not_come_are_freezes_too() -> None:
    """A third of each second is missing."""
    link, last = Link(), None
    for number in range(300):
        if number % 30 < 20:
            link.see(replace(_CLEAN, arrived_s=number / 30))
            last = link.judged(number / 30) or last
    assert last is not None
    assert list(last.reasons) == ["freezes"]
    assert last.frozen_share == pytest.approx(1 / 3, abs=0.1)


def test_what_passes_is_not_told() -> None:
    """One dark second, as of a hand before the lens, is no fault of the link."""
    link, reasons = Link(), set()
    for number in range(300):
        dark = 120 <= number < 150
        link.see(replace(_CLEAN, arrived_s=number / 30, brightness=0.02 if dark else 0.7))
        if report := link.judged(number / 30):
            reasons |= set(report.reasons)
    assert not reasons


def test_nothing_is_said_of_what_was_hardly_seen() -> None:
    """The first second of a session is no measure of its link."""
    assert not _reports(1.5)
