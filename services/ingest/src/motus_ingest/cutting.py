"""Pure core: which parts of a picture are sent, given where pose will look for the people it follows.

Patches around people are sent instead of the whole picture, and the whole beside them now and then, for newcomers. A
patch is as fine as the network can use, finer than the whole picture where people are small.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

WHOLE_EVERY_S: Final = 0.75
MARGIN: Final = 1.2
"""A patch is so much larger than the place where somebody is looked for."""
LONGEST_S: Final = 0.5
"""What pose said longer ago does not tell any more where somebody is."""
FASTEST: Final = 4.0
"""Widths of their own place that somebody moves per second at most, in what is believed."""
WORTH: Final = 0.8
"""Patches are sent when they have at most such a share of the whole picture's pixels, or are finer than it."""


@dataclass(frozen=True, slots=True)
class Place:
    """An upright rectangle in fractions of the picture's width and height: centre and size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """What pose said of a frame.

    Attributes:
        t_s: the frame's time on the source's clock, seconds.
        places: where each one who is followed will be looked for next, by track.
        before: what it said of the frame before; None when that is not known. That one's own is forgotten.
    """

    t_s: float
    places: Mapping[int, Place]
    before: "Sighting | None" = None


@dataclass(frozen=True, slots=True)
class Form:
    """How a picture is sent.

    Attributes:
        width, height: of the full picture, in the pixels that all places are given in.
        finest: pixels that the source has per pixel of the full picture.
        patch_px: a patch's long side in its own pixels, at most, unless the whole picture is finer than that: a patch
            is never coarser. 0: only whole pictures are sent.
    """

    width: int
    height: int
    finest: float
    patch_px: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of the picture.

    Attributes:
        track_id: for whom it is cut; 0: it is the whole.
        x, y, width, height: in pixels of the full picture.
        fineness: its own pixels per pixel of the full picture.
    """

    track_id: int
    x: float
    y: float
    width: float
    height: float
    fineness: float = 1.0

    @property
    def pixels(self) -> float:
        """Its own pixels."""
        return self.width * self.height * self.fineness**2


@dataclass(frozen=True, slots=True)
class Cutting:
    """When the whole picture was sent last, seconds; minus infinity: never."""

    whole_s: float = -math.inf

    def judge(self, t_s: float, sighting: Sighting | None, form: Form) -> tuple[tuple[Cut, ...], "Cutting"]:
        """What is sent of the picture at `t_s`, and the state behind it.

        Args:
            t_s: the picture's time, seconds.
            sighting: what pose said last that counts; None: nothing.
            form: how pictures of this source are sent.
        """
        whole = Cut(0, 0.0, 0.0, form.width, form.height)
        cuts = tuple(_patches(t_s, sighting, form)) if form.patch_px and sighting is not None else ()
        worth = sum(cut.pixels for cut in cuts) <= WORTH * whole.pixels or any(cut.fineness > 1.0 for cut in cuts)
        if not cuts or not worth:
            return (whole,), Cutting(t_s)
        if 0.0 <= t_s - self.whole_s < WHOLE_EVERY_S:
            return cuts, self
        return (whole, *cuts), replace(self, whole_s=t_s)


def _patches(t_s: float, sighting: Sighting, form: Form) -> Iterator[Cut]:
    age_s = t_s - sighting.t_s
    if not 0.0 <= age_s <= LONGEST_S:
        return
    for track_id, place in sighting.places.items():
        cut = _around(track_id, *_reached(place, *_speed(track_id, sighting), age_s), form)
        if cut is not None:
            yield cut


def _speed(track_id: int, sighting: Sighting) -> tuple[float, float]:
    """How fast a place moves, fractions of the picture per second; 0 when that is not known."""
    before = sighting.before
    if before is None or track_id not in before.places or before.t_s >= sighting.t_s:
        return 0.0, 0.0
    now, then, step_s = sighting.places[track_id], before.places[track_id], sighting.t_s - before.t_s
    most_x, most_y = FASTEST * now.width, FASTEST * now.height
    speeds = (now.x - then.x) / step_s, (now.y - then.y) / step_s
    return max(-most_x, min(most_x, speeds[0])), max(-most_y, min(most_y, speeds[1]))


def _reached(place: Place, across: float, down: float, age_s: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all that somebody may be in by now, fractions of the picture."""
    half_width, half_height = MARGIN * place.width / 2, MARGIN * place.height / 2
    moved_x, moved_y = across * age_s, down * age_s
    return (
        place.x - half_width + min(moved_x, 0.0),
        place.y - half_height + min(moved_y, 0.0),
        place.x + half_width + max(moved_x, 0.0),
        place.y + half_height + max(moved_y, 0.0),
    )


def _around(track_id: int, left: float, top: float, right: float, bottom: float, form: Form) -> Cut | None:
    """The patch of a rectangle, cut at the picture's edges; None when nothing is left of it."""
    sides = [math.floor(left * form.width), math.floor(top * form.height)]
    ends = [math.ceil(right * form.width), math.ceil(bottom * form.height)]
    x, y = max(0, sides[0]), max(0, sides[1])
    width, height = min(form.width, ends[0]) - x, min(form.height, ends[1]) - y
    if width < 1 or height < 1:
        return None
    return Cut(track_id, x, y, width, height, min(form.finest, max(1.0, form.patch_px / max(width, height))))
