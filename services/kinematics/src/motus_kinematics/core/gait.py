"""Steps of walking and running: when each foot is on the ground, and the phases of both legs' cycles (biomech 7).

What else can be said of somebody's gait, as cadence, length and symmetry of steps, rests on the contacts found here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from motus_kinematics.core.body import Floats, Frame
from motus_kinematics.core.channels import SIDES
from motus_kinematics.core.classes import IDLE, UNKNOWN
from motus_kinematics.core.events import Phase, PhaseEvent, PhaseSpan
from motus_kinematics.core.measured import graded
from motus_kinematics.core.stance import Stance
from motus_kinematics.core.turning import turning_points
from motus_kinematics.core.vectors import TINY

WALK, RUN = "walk", "run"
GAITS: Final = frozenset({WALK, RUN})
WATCHED: Final = GAITS | {UNKNOWN, IDLE}
"""The feet are followed before a name is known, so that the first steps count too."""
KEPT_S: Final = 3.0
GAP_S: Final = 0.2
"""After a longer gap nothing is known of the steps in between."""
LOOK_INTERVAL_S: Final = 0.1
STEP_S: Final = 1.0 / 30.0
SMOOTHED_ROWS: Final = 7
STRIDE_SHARE: Final = 0.3
"""Of a leg's length: a foot that goes less far back makes no step."""
DESCENT_S: Final = (0.12, 1.5)
"""From its foremost to its hindmost point a foot takes at least and at most so long."""
STANCE_SPEED: Final = 0.75
"""Quantile of a foot's speed on its way back that is the ground's."""
TOUCHES: Final = 0.5
"""Of that speed: a runner's foot that moves back faster is on the ground."""
APART_S: Final = 0.1
"""Contacts of one foot are further apart."""
SWING_S: Final = 1.2
FLIGHT_S: Final = 0.4
"""A foot that is longer in the air has stopped walking; so has somebody who flies for longer."""
BOUNDARY_ERROR_S: Final = 0.03
"""How well one boundary is known, on synthetic athletes with even seeds."""

_FEET: Final = np.array([[29, 31], [30, 32]], dtype=np.intp)
"""Left and right heel and toe."""
_HIPS: Final = np.array([23, 24], dtype=np.intp)
_HEEL_AHEAD, _TOE_AHEAD, _TOE_UP = range(3)
_NO_TIMES: Final = np.zeros(0)
_NO_FEET: Final = np.zeros((0, 2, 3), np.float32)


@dataclass(frozen=True)
class Contact:
    """A foot on the ground, from strike to lift in seconds."""

    side: str
    strike_s: float
    lift_s: float


@dataclass(frozen=True)
class Gait:
    """The feet's newest past, and the steps that were told.

    Attributes:
        t_s: (n,) times, ascending.
        feet: (n, 2, 3) how far left and right heel are ahead of the hips, their toes ahead and above, in leg lengths.
        looked_s: When steps were last looked for.
        last: The last contact of the left and of the right foot.
    """

    t_s: Floats = field(default_factory=lambda: _NO_TIMES)
    feet: NDArray[np.float32] = field(default_factory=lambda: _NO_FEET)
    looked_s: float = -np.inf
    last: tuple[Contact | None, Contact | None] = (None, None)


def walk_on(before: Gait, frame: Frame, stance: Stance | None, exercise: str) -> tuple[Gait, tuple[PhaseEvent, ...]]:
    """Follows the feet for one frame and says the phases of steps that are over.

    Which way is ahead takes depth: an engine without world coordinates shows no steps.

    Args:
        before: What was known.
        frame: The frame, mended.
        stance: Body and view as the frame shows them; None while nobody was seen.
        exercise: What is done: steps are told of walking and running alone.
    """
    if exercise not in WATCHED:
        return Gait(), ()
    if stance is None or stance.t_s != frame.t_s or frame.world is None or not frame.presence[_FEET].all():
        return before, ()
    gait = _with(before, frame.t_s, _feet(frame.world, stance))
    if exercise not in GAITS or frame.t_s - gait.looked_s < LOOK_INTERVAL_S:
        return gait, ()
    last, said = gait.last, list[PhaseEvent]()
    for contact in sorted(_new_contacts(gait, exercise), key=lambda each: each.lift_s):
        said.extend(_phases(contact, *(last if contact.side == SIDES[0] else last[::-1])))
        last = (contact, last[1]) if contact.side == SIDES[0] else (last[0], contact)
    return replace(gait, looked_s=frame.t_s, last=last), tuple(said)


def _feet(points: Floats, stance: Stance) -> NDArray[np.float32]:
    """(2, 3) heel and toe of both feet ahead of the hips, and the toe above them, in leg lengths.

    Args:
        points: (33, 3) metres, camera axes.
        stance: Body and view.
    """
    ahead = np.array((-stance.lateral[2], 0.0, stance.lateral[0]))
    ahead /= max(float(np.linalg.norm(ahead)), TINY)
    feet = (points[_FEET] - points[_HIPS].mean(axis=0)) / stance.leg_m
    return np.concatenate((feet @ ahead, -feet[:, 1:, 1]), axis=1).astype(np.float32)


def _with(gait: Gait, t_s: float, feet: NDArray[np.float32]) -> Gait:
    """The gait with one more row, without what is too old or lies before a gap."""
    if len(gait.t_s) and t_s - gait.t_s[-1] > GAP_S:
        gait = Gait()
    keep = int(gait.t_s.searchsorted(t_s - KEPT_S))
    return replace(
        gait, t_s=np.concatenate((gait.t_s[keep:], (t_s,))), feet=np.concatenate((gait.feet[keep:], feet[None]))
    )


def _new_contacts(gait: Gait, exercise: str) -> Iterator[Contact]:
    """The contacts of both feet that are over and were not told yet."""
    t_s = np.arange(gait.t_s[0], gait.t_s[-1], STEP_S)
    if len(t_s) < 2 * SMOOTHED_ROWS:
        return
    for foot, (side, last) in enumerate(zip(SIDES, gait.last, strict=True)):
        even = np.array([np.interp(t_s, gait.t_s, column) for column in gait.feet[:, foot].T])
        course = savgol_filter(even, SMOOTHED_ROWS, 2)
        speed = savgol_filter(course[:2].mean(axis=0), SMOOTHED_ROWS, 2, deriv=1, delta=STEP_S)
        told_s = -np.inf if last is None else last.lift_s
        for strike_s, lift_s in _contacts(t_s, course, speed, exercise):
            if strike_s > told_s + APART_S:
                yield Contact(side, strike_s, lift_s)


def _contacts(t_s: Floats, course: Floats, speed: Floats, exercise: str) -> Iterator[tuple[float, float]]:
    """Strikes and lifts of one foot, each between its foremost and its hindmost point.

    Walking, the heel strikes where it is furthest ahead of the hips and the toe lifts where it is furthest behind (Zeni
    2008). Running, the foot flies back before it strikes and after it lifts: it is on the ground once it moves back at
    half of the ground's speed, until the leg is longest.
    """
    pivots = turning_points(course[:2].mean(axis=0), STRIDE_SHARE)
    for front, back in pairwise(pivots[:-1]):
        whole = front.high and front.row >= SMOOTHED_ROWS // 2
        if not whole or not DESCENT_S[0] <= t_s[back.row] - t_s[front.row] <= DESCENT_S[1]:
            continue
        if exercise == WALK:
            strike_s, lift_s = (
                _extreme(t_s, sign * course[point], pivot.row)
                for sign, point, pivot in ((1.0, _HEEL_AHEAD, front), (-1.0, _TOE_AHEAD, back))
            )
        else:
            strike_s = _touches(t_s, -speed, front.row, back.row)
            lowest = front.row + int(course[_TOE_UP, front.row : back.row + 1].argmin())
            lift_s = _extreme(t_s, -course[_TOE_UP], lowest)
        if lift_s > strike_s:
            yield strike_s, lift_s


def _extreme(t_s: Floats, signal: Floats, near: int) -> float:
    """When a signal is highest within a few rows, by a parabola through three of them (biomech 5)."""
    first = max(near - SMOOTHED_ROWS // 2, 0)
    row = first + int(signal[first : near + SMOOTHED_ROWS // 2 + 1].argmax())
    if not 0 < row < len(signal) - 1:
        return float(t_s[row])
    before, at, after = (float(signal[i]) for i in (row - 1, row, row + 1))
    bend = before - 2.0 * at + after
    return float(t_s[row]) + (STEP_S * (before - after) / (2.0 * bend) if bend < 0.0 else 0.0)


def _touches(t_s: Floats, back_speed: Floats, front: int, back: int) -> float:
    """When a foot first moves back at its share of the ground's speed, between two rows."""
    way = back_speed[front : back + 1]
    wanted = TOUCHES * float(np.quantile(way, STANCE_SPEED))
    row = front + int((way >= wanted).argmax())
    if row == front:
        return float(t_s[row])
    below, above = float(back_speed[row - 1]), float(back_speed[row])
    return float(t_s[row]) - STEP_S * (above - wanted) / max(above - below, TINY)


def _phases(contact: Contact, own: Contact | None, other: Contact | None) -> Iterator[PhaseEvent]:
    """What a contact makes known: the swing before it, where both feet were down or none was, and its stance.

    Args:
        contact: A foot's contact.
        own: The contact of the same foot before.
        other: The last contact of the other foot.
    """
    strike_s = contact.strike_s
    if own is not None and strike_s - own.lift_s <= SWING_S:
        yield _event(Phase.SWING, own.lift_s, strike_s, contact.side)
    if other is not None and other.strike_s < strike_s < other.lift_s:
        yield _event(Phase.TRANSITION, strike_s, other.lift_s)
    elif other is not None and other.lift_s < strike_s <= other.lift_s + FLIGHT_S:
        yield _event(Phase.FLIGHT, other.lift_s, strike_s)
    yield _event(Phase.STANCE, strike_s, contact.lift_s, contact.side)


def _event(phase: Phase, start_s: float, end_s: float, side: str = "") -> PhaseEvent:
    """A phase with its duration."""
    lasts = graded("duration_s", end_s - start_s, float(np.sqrt(2.0)) * BOUNDARY_ERROR_S)
    return PhaseEvent(PhaseSpan(phase, start_s, end_s, (lasts,)), side)
