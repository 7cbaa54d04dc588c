"""Mends a frame's landmarks before anything is measured from them (biomech 2 and 9.3).

Each landmark is followed at a constant velocity, in metres, in the world's axes and across the picture. What the pose
model says is held against where the landmark was expected:

- Left and right of a limb change places for some frames. If the exchanged limb fits twice as well, it is doubted in the
  first frame and put right from the second on. In the long run the model is right: no exchange outlasts half a second.
- A landmark jumps further than a body can: it stays where it was expected, at most for three frames.

A doubted landmark is stated where it was expected, and as hidden, so that what rests on it has a large error.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from motus_kinematics.core.body import POINTS, Flags, Floats, Frame
from motus_kinematics.core.vectors import TINY

Codes = NDArray[np.intp]

BRIDGED_FRAMES: Final = 3
BREAK_S: Final = 0.15
"""After a longer time nothing is expected."""
SWAP_COST: Final = 0.5
"""The exchanged limb must fit this much better to be believed; once it is, better at all will do."""
APART_M: Final = 0.08
"""A limb that is no further from where it was expected is in its place."""
LONGEST_SWAP_S: Final = 0.5
MOST_HELD: Final = 3
JUMP_M: Final = 0.08
"""Noise of a prediction: about four times that of a landmark."""
AXES: Final = np.array([1.0, 1.0, 0.5])
"""Weights of the world's axes: depth is twice as noisy."""
USUAL_SPREAD_M: Final = 0.7
"""Standard deviations across and along the picture, added, of one side's landmarks of somebody standing."""
SEEN: Final = 0.5
"""Visibility below which the pose model itself only guesses: there nothing is too far."""
HIDDEN: Final = 0.2
"""Visibility of a landmark that is stated where it was expected."""
POSITION_GAIN: Final = 0.7
SPEED_GAIN: Final = 0.4
"""Shares of a surprise that position and velocity take over (alpha-beta filter)."""

_LEFT: Final = np.array([11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31], dtype=np.intp)
_LIMB: Final = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1], dtype=np.intp)
"""The limb of each pair of landmarks, the left one of which `_LEFT` names and the right one comes next: arms, legs."""
_GIRDLE: Final = np.isin(_LEFT, (11, 23))
_DECIDES: Final = np.array([np.isin(_LEFT, (13, 15)), np.isin(_LEFT, (25, 27))], dtype=np.float64)
"""(2, 11) the pairs that speak for a limb: elbow and wrist, knee and ankle."""

_IN_PLACE: Final = np.arange(POINTS)
_TO_TWIN: Final = np.where(_IN_PLACE % 2, 1, -1)


def _per_point(trunk: float, middle: float, end: float) -> Floats:
    """One value per landmark: shoulders and hips, elbows and knees, all further out."""
    values = np.full(POINTS, end)
    values[[11, 12, 23, 24]], values[[13, 14, 25, 26]] = trunk, middle
    return values


ACCELERATION_M_S2: Final = _per_point(50.0, 120.0, 250.0)
"""(33,) more than athletes reach: a thrower's wrist 250 (biomech 2)."""
_AT_REST: Final = np.zeros((POINTS, 5))
_NONE_HELD: Final = np.zeros(POINTS)
_NONE_DOUBTED: Final = np.zeros(2, dtype=bool)
_NONE_SWAPPED: Final = np.full(2, np.inf)


@dataclass(frozen=True)
class Repairs:
    """How often what was mended."""

    swaps_repaired: int = 0
    teleports_gated: int = 0
    gaps_bridged: int = 0
    frames_out_of_order: int = 0


@dataclass(frozen=True)
class Tracks:
    """Where each landmark is expected next, and what is under way.

    Attributes:
        t_s: Time of the newest frame that showed somebody; minus infinity before the first.
        px_per_m: Scale of the picture when the tracks began.
        points: (33, 5) weighted world axes and picture, metres.
        speeds: (33, 5) the same per second.
        held: (33,) frames in a row in which a landmark was not believed.
        doubted: (2,) whether arms and legs seemed exchanged in the newest frame.
        swapped_s: (2,) since when they are taken as exchanged; infinity when they are not.
        empty: Frames without anybody since the newest one.
        repairs: Counts of the session.
    """

    t_s: float = -np.inf
    px_per_m: float = 1.0
    points: Floats = field(default_factory=lambda: _AT_REST)
    speeds: Floats = field(default_factory=lambda: _AT_REST)
    held: Floats = field(default_factory=lambda: _NONE_HELD)
    doubted: Flags = field(default_factory=lambda: _NONE_DOUBTED)
    swapped_s: Floats = field(default_factory=lambda: _NONE_SWAPPED)
    empty: int = 0
    repairs: Repairs = field(default_factory=Repairs)


def mend(tracks: Tracks, frame: Frame) -> tuple[Tracks, Frame]:
    """The tracks after a frame that is newer than the last, and the frame as it is to be measured."""
    if frame.image is None or min(frame.width, frame.height) <= 0 or not np.isfinite(frame.image).all():
        return replace(tracks, empty=tracks.empty + 1), frame
    step_s = frame.t_s - tracks.t_s
    if not 0.0 < step_s <= BREAK_S:
        return _begin(tracks, frame), frame
    seen, expected = _metres(frame, tracks.px_per_m), tracks.points + step_s * tracks.speeds
    off = seen - expected
    if _furthest(off).max() <= APART_M:
        return _in_place(tracks, frame, expected, off, step_s), frame
    return _judge(tracks, frame, expected, seen, step_s)


def _in_place(tracks: Tracks, frame: Frame, expected: Floats, off: Floats, step_s: float) -> Tracks:
    """The tracks after a frame in which every landmark is where it was expected."""
    return Tracks(
        t_s=frame.t_s,
        px_per_m=tracks.px_per_m,
        points=expected + POSITION_GAIN * off,
        speeds=tracks.speeds + SPEED_GAIN / step_s * off,
        repairs=_counted(tracks) if tracks.empty else tracks.repairs,
    )


def _judge(tracks: Tracks, frame: Frame, expected: Floats, seen: Floats, step_s: float) -> tuple[Tracks, Frame]:
    """The tracks and the mended frame where some landmark is not where it was expected."""
    sides = _sides(tracks, seen, expected, frame.t_s)
    ordered = _ordered(frame, sides.order)
    off = seen[sides.order] - expected
    jumped = (_furthest(off) > JUMP_M + ACCELERATION_M_S2 * step_s**2) & ordered.presence & (ordered.visibility >= SEEN)
    if jumped.sum() > POINTS // 2:
        return _begin(tracks, frame), frame
    believed = ~(jumped | sides.uncertain) | (tracks.held >= MOST_HELD) | sides.given_up
    after = replace(
        _follow(tracks, expected, off, believed, believed & (jumped | sides.given_up), step_s),
        t_s=frame.t_s,
        doubted=sides.doubted,
        swapped_s=sides.swapped_s,
        empty=0,
        repairs=_counted(tracks, int((sides.swapped_s == frame.t_s).sum()), int((jumped & ~believed).sum())),
    )
    return after, _stated(ordered, expected, believed, tracks.px_per_m)


def late(tracks: Tracks) -> Tracks:
    """The tracks after a frame that is not newer than the last: it is counted, and dropped."""
    counts = tracks.repairs
    return replace(tracks, repairs=replace(counts, frames_out_of_order=counts.frames_out_of_order + 1))


def _follow(tracks: Tracks, expected: Floats, off: Floats, believed: Flags, anew: Flags, step_s: float) -> Tracks:
    """The tracks drawn to what is believed; those that begin anew do so at rest, where the landmark is."""
    kept = believed.astype(np.float64)
    points = expected + np.where(anew, 1.0, POSITION_GAIN * kept)[:, None] * off
    speeds = tracks.speeds + (SPEED_GAIN / step_s * kept)[:, None] * off
    return replace(
        tracks,
        points=points,
        speeds=np.where(anew[:, None], 0.0, speeds),
        held=np.where(believed, 0, tracks.held + 1),
    )


def _begin(tracks: Tracks, frame: Frame) -> Tracks:
    """Tracks that begin anew: after a break, or when most landmarks jump, which is a cut or another person."""
    scale = _px_per_m(frame)
    return Tracks(frame.t_s, scale, _metres(frame, scale), repairs=_counted(tracks))


def _px_per_m(frame: Frame) -> float:
    """Scale of the picture at the athlete, by the spread of the body or, without world landmarks, by its usual size."""
    spread_px = float(np.std(_pixels(frame)[_LEFT], axis=0).sum())
    spread_m = USUAL_SPREAD_M if frame.world is None else float(np.std(frame.world[_LEFT, :2], axis=0).sum())
    return max(spread_px, TINY) / max(spread_m, TINY)


def _counted(tracks: Tracks, swaps: int = 0, jumps: int = 0) -> Repairs:
    """The counts after a frame that shows somebody."""
    before = tracks.repairs
    return replace(
        before,
        swaps_repaired=before.swaps_repaired + swaps,
        teleports_gated=before.teleports_gated + jumps,
        gaps_bridged=before.gaps_bridged + (0 < tracks.empty <= BRIDGED_FRAMES),
    )


def _pixels(frame: Frame) -> Floats:
    """(33, 2) landmarks in the picture."""
    pixels: Floats = np.asarray(frame.image)[:, :2] * (frame.width, frame.height)
    return pixels


def _metres(frame: Frame, px_per_m: float) -> Floats:
    """(33, 5) landmarks in weighted world axes, zero when the engine has none, and across the picture."""
    metres = np.zeros((POINTS, 5))
    metres[:, 3:] = _pixels(frame) / px_per_m
    if frame.world is not None:
        metres[:, :3] = frame.world * AXES
    return metres


@dataclass(frozen=True)
class _Sides:
    """What is taken for left and right.

    Attributes:
        order: (33,) which landmark of the frame is taken for each.
        swapped_s: (2,) since when arms and legs are exchanged; infinity when they are not.
        doubted: (2,) they seem exchanged for the first time.
        uncertain: (33,) the landmarks of what is doubted.
        given_up: (33,) those that seemed exchanged for so long that they are taken as they come.
    """

    order: Codes
    swapped_s: Floats
    doubted: Flags
    uncertain: Flags
    given_up: Flags


def _sides(tracks: Tracks, seen: Floats, expected: Floats, t_s: float) -> _Sides:
    """Decides for each limb whether left and right have changed places."""
    left, right, to_left, to_right = seen[_LEFT], seen[_LEFT + 1], expected[_LEFT], expected[_LEFT + 1]
    as_is = _square(left - to_left) + _square(right - to_right)
    crossed = _square(left - to_right) + _square(right - to_left)
    keep, swap = _DECIDES @ as_is, _DECIDES @ crossed
    before = np.isfinite(tracks.swapped_s)
    seems = (swap < np.where(before, 1.0, SWAP_COST) * keep) & (keep > 4.0 * APART_M**2)
    given_up = seems & before & (t_s - tracks.swapped_s > LONGEST_SWAP_S)
    doubted = seems & ~before & ~tracks.doubted
    swapped = seems & ~given_up & ~doubted
    joins = ~_GIRDLE | (crossed < as_is)
    order = _IN_PLACE + np.where(_of_pairs(swapped[_LIMB] & joins), _TO_TWIN, 0)
    swapped_s = np.where(swapped, np.minimum(tracks.swapped_s, t_s), np.inf)
    uncertain, left_alone = (_of_pairs(limbs[_LIMB] & joins) for limbs in (doubted, given_up))
    return _Sides(order, swapped_s, doubted, uncertain, left_alone)


def _of_pairs(pairs: Flags) -> Flags:
    """(33,) the landmarks of pairs."""
    points = np.zeros(POINTS, dtype=bool)
    points[_LEFT] = points[_LEFT + 1] = pairs
    return points


def _square(v: Floats) -> Floats:
    """Squared length along the last axis."""
    square: Floats = np.vecdot(v, v)
    return square


def _furthest(off: Floats) -> Floats:
    """(33,) the larger of the distances in world axes and across the picture."""
    return np.sqrt(np.maximum(_square(off[:, :3]), _square(off[:, 3:])))


def _ordered(frame: Frame, order: Codes) -> Frame:
    """The frame with its landmarks in another order."""
    return replace(
        frame,
        image=None if frame.image is None else frame.image[order],
        world=None if frame.world is None else frame.world[order],
        visibility=frame.visibility[order],
        presence=frame.presence[order],
    )


def _stated(frame: Frame, expected: Floats, believed: Flags, px_per_m: float) -> Frame:
    """The frame with the landmarks that are not believed where they were expected, and as hidden."""
    image, kept = np.array(frame.image), believed[:, None]
    image[:, :2] = np.where(kept, image[:, :2], expected[:, 3:] * px_per_m / (frame.width, frame.height))
    world = None if frame.world is None else np.where(kept, frame.world, expected[:, :3] / AXES)
    visibility = np.where(believed, frame.visibility, np.minimum(frame.visibility, HIDDEN))
    return replace(frame, image=image, world=world, visibility=visibility)
