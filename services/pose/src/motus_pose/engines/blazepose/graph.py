"""The tracking graph: people are looked for while there is room for more, and followed from picture to picture.

While nobody is followed the whole picture is searched, as MediaPipe does, and parts of it, where people are larger.
While there is room for more, the whole and the parts are searched in turn, each once in SEARCH_S. Of a picture that was
not sent as a whole only what was sent is searched, when nobody is followed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.blazepose import detector, points
from motus_pose.engines.blazepose.filters import Smoothing, smoothed
from motus_pose.engines.blazepose.look import EVERY_S, blended, look_of
from motus_pose.engines.blazepose.points import Points
from motus_pose.engines.blazepose.roi import Roi, overlap
from motus_pose.engines.blazepose.runner import Runner
from motus_pose.engines.blazepose.warp import cut
from motus_pose.picture import Picture, Piece

SEARCH_S: Final = 3.0
"""A search costs as much as a person: seldom enough not to show in the 95th percentile of the latency."""
KNOWN_OVERLAP: Final = 0.5
"""Who is found where somebody is followed is no newcomer."""
HEAD_DOWN: Final = 2.0
"""Radians from upright from which on it is tried whether a newcomer stands on their feet after all."""
SAME_BODY: Final = 0.1
"""Of a square's side: two whose points are closer on the whole are one person, whom both follow."""


@dataclass(slots=True)
class Followed:
    """A person who is followed.

    Attributes:
        number: ever new.
        roi: where they are looked for next.
        smoothing: their filters.
        look: what they look like; None before the first picture.
        looked_s: when that was, seconds.
    """

    number: int
    roi: Roi
    smoothing: Smoothing = field(default_factory=Smoothing)
    look: NDArray[np.float32] | None = None
    looked_s: float = -np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A person in a picture: whose number it is, the points, smoothed if the graph smooths, and what they look like."""

    number: int
    points: Points
    look: NDArray[np.float32]


class Graph:
    """Follows the people of one stream.

    Args:
        runner: Runs the networks.
        people: How many are followed at most.
        smooth: Whether points are filtered over time.
    """

    def __init__(self, runner: Runner, *, people: int, smooth: bool) -> None:
        self.most = people
        self._runner, self._smooth = runner, smooth
        self._followed: list[Followed] = []
        self._numbers = 0
        self._searched_s, self._turn = -np.inf, 0

    def step(self, picture: Picture, t_s: float) -> list[Seen]:
        """The people in one picture, those followed longest first.

        Args:
            picture: what was sent of it.
            t_s: its time, seconds, ascending.
        """
        for view in self._views(picture, t_s):
            self._follow(picture, self.search(picture, view))
        rois = [person.roi for person in self._followed]
        found = [(p, seen) for p, seen in zip(self._followed, self.locate(picture, rois), strict=True) if _there(seen)]
        found = _apart(found)
        self._followed = [person for person, _ in found]
        return [self._taken(picture, person, seen, t_s) for person, seen in found]

    def search(self, picture: Picture, view: Roi) -> list[detector.Detection]:
        """Everybody whom the detector finds in a part of the picture, the surest first."""
        boxes, scores = self._runner.detect(detector.tensor(cut(picture, view, detector.SIDE, replicate=False)))
        return detector.detections(boxes, scores, view)

    def locate(self, picture: Picture, rois: list[Roi]) -> list[Points]:
        """The points within squares, whether somebody is there or not."""
        if not rois:
            return []
        squares = points.tensor([cut(picture, roi, points.SIDE, replicate=True) for roi in rois])
        return points.decoded(self._runner.locate(squares), rois)

    def _views(self, picture: Picture, t_s: float) -> Iterator[Roi]:
        """Where to search now, for as long as there is room for more."""
        nobody, due = not self._followed, t_s - self._searched_s
        views = detector.views(picture.width, picture.height)
        if not picture.complete:
            yield from map(_square, picture.pieces if nobody else ())
            return
        if nobody:
            yield views[0]
        elif due >= SEARCH_S / len(views) and len(self._followed) < self.most:
            self._turn, self._searched_s = (self._turn + 1) % len(views), t_s
            yield views[self._turn]
        if nobody and due >= SEARCH_S:
            self._searched_s = t_s
            yield from (view for view in views[1:] if len(self._followed) < self.most)

    def _follow(self, picture: Picture, found: list[detector.Detection]) -> None:
        """Takes on newcomers for whom there is room."""
        for one in found:
            if len(self._followed) < self.most and one.roi.usable and not self._knows(one.roi):
                self._numbers += 1
                self._followed.append(Followed(self._numbers, self._upright(picture, one.roi)))

    def _knows(self, roi: Roi) -> bool:
        return any(overlap(roi, person.roi) > KNOWN_OVERLAP for person in self._followed)

    def _upright(self, picture: Picture, roi: Roi) -> Roi:
        """A newcomer's square, the other way up if the landmark network is surer of that.

        The detector at times takes a back, or arms that hang from a bar, for somebody upside down.
        """
        if abs(roi.turn) <= HEAD_DOWN:
            return roi
        ways = [roi, roi.upside_down]
        flags = [seen.flag for seen in self.locate(picture, ways)]
        return ways[flags[1] > flags[0]]

    def _taken(self, picture: Picture, person: Followed, seen: Points, t_s: float) -> Seen:
        look = person.look
        if look is None or abs(t_s - person.looked_s) >= EVERY_S:
            look, person.looked_s = blended(look, look_of(picture, seen)), t_s
        person.roi, person.look = seen.roi, look
        if self._smooth:
            person.smoothing, seen = smoothed(person.smoothing, seen, t_s)
        return Seen(person.number, seen, look)


def _square(piece: Piece) -> Roi:
    """The square that holds a piece."""
    return Roi(piece.x + piece.width / 2, piece.y + piece.height / 2, max(piece.width, piece.height), 0.0)


def _there(seen: Points) -> bool:
    return seen.flag >= points.MIN_PRESENCE and seen.roi.usable


def _apart(found: list[tuple[Followed, Points]]) -> list[tuple[Followed, Points]]:
    """Those who are nobody else's body: of two who are one, the one who was nearer before, in their order."""
    kept: list[tuple[Followed, Points]] = []
    for person, seen in sorted(found, key=_leap):
        gaps = [np.hypot(*(seen.image - other.image)[:, :2].T).mean() / other.roi.size for _, other in kept]
        if min(gaps, default=1.0) > SAME_BODY:
            kept.append((person, seen))
    return sorted(kept, key=lambda pair: pair[0].number)


def _leap(pair: tuple[Followed, Points]) -> float:
    """How far somebody's square moved since the last picture, in its sides."""
    before, after = pair[0].roi, pair[1].roi
    return float(np.hypot(after.x - before.x, after.y - before.y)) / before.size
