"""What drives a movement frame by frame: excursions of both sides, fatigue, sway and fidgets."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from motus_samples.body import SIDES, Array, Posture, Side
from motus_samples.synthetic.courses import Course, steps, waves
from motus_samples.synthetic.schedule import Schedule
from motus_samples.timing import min_jerk


@dataclass(frozen=True)
class Drive:
    """Arrays over frames.

    Attributes:
        t_s: Time.
        left: Share of the left side's way, 0 at rest, 1 at a full repetition's turn.
        right: The right side's.
        tired: Fatigue of the repetition that goes on, 0 to 1.
        right_works: 1 while the right side has its turn, or its turn is the nearest.
        lean_deg: Sway of the trunk.
        lateral_deg: Its sway to the side.
        shift_m: The pelvis' way to the left by sway and weight shifts.
        fidget: Small movements of the arms while nothing else goes on, about -1 to 1.
        busy: 1 during sets, 0 away from them.
    """

    t_s: Array
    left: Array
    right: Array
    tired: Array
    right_works: Array
    lean_deg: Array
    lateral_deg: Array
    shift_m: Array
    fidget: Array
    busy: Array

    @property
    def both(self) -> Array:
        """Mean share of the way of both sides."""
        return (self.left + self.right) / 2

    def of(self, side: Side) -> Array:
        """Return a side's share of its way."""
        return self.left if side == "left" else self.right

    @property
    def sides(self) -> dict[Side, Array]:
        """The share of the way of each side."""
        return {side: self.of(side) for side in SIDES}


Mover = Callable[[Drive], Posture]
"""A movement of one body in one style: the posture of every frame."""


@dataclass(frozen=True)
class Unrest:
    """Sway and fidgets of one recording, as courses over time."""

    lean_deg: Course
    lateral_deg: Course
    sway_m: Course
    shift_m: Course
    fidget: Course


def draw_unrest(rng: np.random.Generator, until_s: float) -> Unrest:
    """Return sway of 1 to 2 degrees below 0.4 Hz (biomech 11), weight shifts of centimetres and fidgets of the arms."""
    return Unrest(
        waves(rng, 0.08, 0.4, rng.uniform(0.4, 0.8)),
        waves(rng, 0.08, 0.4, rng.uniform(0.2, 0.5)),
        waves(rng, 0.08, 0.4, rng.uniform(0.002, 0.006)),
        steps(rng, until_s, (2.0, 8.0), rng.uniform(0.005, 0.02)),
        steps(rng, until_s, (1.0, 5.0), 0.4),
    )


def drive(schedule: Schedule, unrest: Unrest, t_s: Array) -> Drive:
    """Return what a schedule of repetitions drives; whoever works does not fidget."""
    busy = _busy(schedule, t_s)
    return Drive(
        t_s,
        schedule.excursion(t_s, "left"),
        schedule.excursion(t_s, "right"),
        schedule.tired(t_s),
        schedule.right_works(t_s),
        unrest.lean_deg(t_s),
        unrest.lateral_deg(t_s),
        unrest.sway_m(t_s) + (1 - busy) * unrest.shift_m(t_s),
        (1 - busy) * unrest.fidget(t_s),
        busy,
    )


def _busy(schedule: Schedule, t_s: Array) -> Array:
    """Return 1 during sets, 0 away from them, with ramps of a second."""
    busy = np.zeros_like(t_s)
    for one in schedule.sets:
        if one:
            up = min_jerk(t_s - (one[0].leave_s - 1.0))
            busy = np.maximum(busy, up - min_jerk(t_s - one[-1].back_s))
    return busy
