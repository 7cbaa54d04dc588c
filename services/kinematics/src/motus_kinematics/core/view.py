"""How the camera sees the athlete, what can be graded from there, and what would improve it most."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats, Frame
from motus_kinematics.core.channels import DEGREES_PER_UNIT, POSITIONS, Absence, Grade, Reading, grade_of
from motus_kinematics.core.events import ViewEvent
from motus_kinematics.core.stance import Stance
from motus_kinematics.core.view_words import hint, sentence

LOOK_INTERVAL_S: Final = 0.2
KNOWN_S: Final = 2.0
"""Seen for so long, a view is known."""
CHANGED_S: Final = 3.0
"""Different for so long, it has changed for good."""
TIME_CONSTANT_S: Final = 2.0
LONGEST_LOOK_S: Final = 1.0
TURNED_DEG: Final = 30.0
CUT_SHARE: Final = 0.5
FOCAL_SHARE: Final = 0.9
"""Focal length over the longer side of the picture, of phones and webcams within a third."""
_PARTS: Final = ((0, 7, 8), (15, 16), (27, 28, 29, 30, 31, 32))
"""Landmarks of head, hands and feet."""
_WITHHELD: Final = (Absence.VIEW, Absence.OCCLUDED, Absence.NOT_PROVIDED)


@dataclass(frozen=True)
class View:
    """The running estimate.

    Attributes:
        looked_s: When it was last looked at.
        frames: Frames since then.
        seen_s: For how long the athlete was seen in all.
        towards: (2,) low-passed direction to the camera: ahead of the athlete, to their left.
        height_share: Athlete's height in the picture, of the picture's.
        distance_m: Way to the camera, right within a third: its field of view is not known.
        rate_hz: Frames a second.
        cut: (3,) share of time in which head, hands and feet were outside of the picture.
        variances: (P,) squared standard errors in degrees, NaN for what was never measured.
        withheld: (P,) share of time in which a measure could not be given, of that in which it has a meaning.
        said: What was last said of it.
        changed_s: For how long it has been different from that.
    """

    looked_s: float = -np.inf
    frames: int = 0
    seen_s: float = 0.0
    towards: Floats = field(default_factory=lambda: np.zeros(2))
    height_share: float = np.nan
    distance_m: float = np.nan
    rate_hz: float = np.nan
    cut: Floats = field(default_factory=lambda: np.zeros(len(_PARTS)))
    variances: Floats = field(default_factory=lambda: np.full(len(POSITIONS), np.nan))
    withheld: Floats = field(default_factory=lambda: np.zeros(len(POSITIONS)))
    said: ViewEvent | None = None
    changed_s: float = 0.0

    @property
    def azimuth_deg(self) -> float:
        """Where the camera stands: 0 in front of the athlete, 90 at their left, 180 behind them."""
        return math.degrees(math.atan2(float(self.towards[1]), float(self.towards[0])))


def watch(view: View, frame: Frame, reading: Reading, stance: Stance | None) -> tuple[View, tuple[ViewEvent, ...]]:
    """The view after one more frame; says it when it is known, and when it has changed for good."""
    view = replace(view, frames=view.frames + 1)
    if stance is None or frame.image is None or not reading.shown:
        return view, ()
    dt_s = min(frame.t_s - view.looked_s, LONGEST_LOOK_S)
    if dt_s < LOOK_INTERVAL_S:
        return view, ()
    view = _look(view, frame, reading, stance, dt_s)
    if view.seen_s < KNOWN_S:
        return view, ()
    now = _describe(view, frame.t_s)
    if view.said is not None:
        view = replace(view, changed_s=view.changed_s + dt_s if _differs(view.said, now) else 0.0)
        if view.changed_s < CHANGED_S:
            return view, ()
    return replace(view, said=now, changed_s=0.0), (now,)


def _look(view: View, frame: Frame, reading: Reading, stance: Stance, dt_s: float) -> View:
    """Takes one look in."""
    share = dt_s / min(view.seen_s + dt_s, TIME_CONSTANT_S)
    image = frame.image if frame.image is not None else np.zeros((33, 3))
    x, _, z = stance.lateral.tolist()
    outside = np.abs(image[:, :2] - 0.5).max(axis=1) > 0.5
    cut = np.array([outside[list(part)].mean() for part in _PARTS])
    distance_m = FOCAL_SHARE * max(frame.width, frame.height) / stance.px_per_m
    applies = reading.absences != Absence.NOT_APPLICABLE
    hidden = np.isin(reading.absences, _WITHHELD)
    variances = (reading.sigmas * DEGREES_PER_UNIT) ** 2
    mixed = view.variances + share * (variances - view.variances)
    return replace(
        view,
        looked_s=frame.t_s,
        frames=0,
        seen_s=view.seen_s + dt_s,
        towards=view.towards + share * (np.array((-x, z)) - view.towards),
        height_share=_follow(view.height_share, float(np.ptp(image[frame.presence, 1])), share),
        distance_m=_follow(view.distance_m, distance_m, share),
        rate_hz=_follow(view.rate_hz, view.frames / dt_s, share) if view.seen_s else np.nan,
        cut=view.cut + share * (cut - view.cut),
        variances=np.where(np.isnan(mixed), np.where(np.isnan(variances), view.variances, variances), mixed),
        withheld=np.where(applies, view.withheld + share * (hidden - view.withheld), view.withheld),
    )


def _follow(before: float, now: float, share: float) -> float:
    return now if math.isnan(before) else before + share * (now - before)


def _describe(view: View, t_s: float) -> ViewEvent:
    """What there is to say of the view."""
    grades = {
        name: Grade.NONE if withheld > CUT_SHARE else grade_of(math.sqrt(variance))
        for name, withheld, variance in zip(POSITIONS, view.withheld.tolist(), view.variances.tolist(), strict=True)
        if name.endswith("_deg")
    }
    cut = tuple(bool(share > CUT_SHARE) for share in view.cut.tolist())
    code, advice = hint(view.azimuth_deg, cut, view.height_share, view.rate_hz)
    return ViewEvent(
        t_s=t_s,
        changed=view.said is not None,
        azimuth_deg=view.azimuth_deg,
        distance_m=view.distance_m,
        height_share=view.height_share,
        rate_hz=view.rate_hz,
        cut=cut,
        grades=grades,
        hint=code,
        text=f"{sentence(view.azimuth_deg, grades)} {advice}".strip(),
    )


def _differs(said: ViewEvent, now: ViewEvent) -> bool:
    """Whether the camera sees the athlete from elsewhere, or sees other parts of them."""
    turned = abs((now.azimuth_deg - said.azimuth_deg + 180.0) % 360.0 - 180.0)
    return turned > TURNED_DEG or now.cut != said.cut
