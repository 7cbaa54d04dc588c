"""The repetitions of a synthetic recording over time: excursions, and what the truth says of them."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from motus_samples.body import Array, Side
from motus_samples.synthetic.courses import Course, sticking
from motus_samples.synthetic.setup import Kind
from motus_samples.synthetic.truth import TruePhase, TrueRep
from motus_samples.timing import Bout, min_jerk, phases_between, visible_delay_share

EXPLOSIVE_BELOW_S: Final = 0.7
"""A lifting half shorter than this is explosive: explosive tempo commands 0.3 to 0.5 s, controlled 0.8 s and more."""


Range = tuple[float, float]


@dataclass(frozen=True)
class Pace:
    """How a movement is timed, seconds.

    Attributes:
        eccentric_s: Range of the lowering half.
        concentric_s: Range of the lifting half at a controlled tempo.
        range_deg: Excursion of the primary angle, by which a tremor in degrees is a share of the way.
        lifting_first: The repetition begins with the lifting half.
        explosive: It can be done explosively; otherwise `TrueRep.explosive` is None.
        pause_s: Range of the pauses between repetitions.
        hold_s: Range of the hold at the turn.
        setup: How somebody gets into position.
        sides: Both work together, may take turns instead (either), or one works at a time, in turns or always.
    """

    eccentric_s: Range
    concentric_s: Range
    range_deg: float
    lifting_first: bool = False
    explosive: bool = True
    pause_s: Range = (0.05, 1.0)
    hold_s: Range = (0.0, 0.5)
    sides: Literal["both", "either", "one"] = "both"
    setup: Kind = "pickup"


@dataclass(frozen=True)
class Plan:
    """One repetition: leaves rest, reaches the turn, leaves it, is back (seconds); what is planted in it.

    Attributes:
        depth: Share of the full range.
        tired: Fatigue of this repetition, 0 to 1.
        tremor: Amplitude as a share of the full range.
        partial: Does not count.
        bounce: Share of the way that it comes back and goes again at the turn.
    """

    leave_s: float
    reach_s: float
    part_s: float
    back_s: float
    depth: float
    side: Side | None
    tired: float
    tremor: float
    explosive: bool | None
    shaky: bool
    partial: bool
    bounce: float


@dataclass(frozen=True)
class Halves:
    """How the halves of all repetitions run: who lifts first, the sticking point, the tremor."""

    lifting_first: bool
    dip: float
    centre: float
    tremor: Course


@dataclass(frozen=True)
class Schedule:
    """All repetitions of a recording.

    Attributes:
        sets: The plans of each set.
        weak: The weak side's share of the range and its delay in seconds.
        one_sided: One side works at a time.
    """

    sets: tuple[tuple[Plan, ...], ...]
    halves: Halves
    weak_side: Side
    weak: tuple[float, float]
    one_sided: bool

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """The plans of all sets."""
        return tuple(plan for one in self.sets for plan in one)

    def excursion(self, t_s: Array, side: Side) -> Array:
        """Return a side's share of its way at each time: 0 at rest, 1 at a full repetition's turn."""
        share, lag = self.weak if side == self.weak_side else (1.0, 0.0)
        mine = (plan for plan in self.plans if not self.one_sided or plan.side == side)
        course = np.zeros_like(t_s)
        for plan in mine:
            first, last = np.searchsorted(t_s, (plan.leave_s + lag, plan.back_s + lag))
            course[first:last] = share * _bout(t_s[first:last] - lag, plan, self.halves)
        return course

    def tired(self, t_s: Array) -> Array:
        """Return the fatigue at each time: that of the repetition that goes on, changing between repetitions."""
        times = [time for plan in self.plans for time in (plan.leave_s, plan.back_s)]
        levels = np.repeat([plan.tired for plan in self.plans], 2)
        return np.interp(t_s, times, levels) if times else np.zeros_like(t_s)

    def right_works(self, t_s: Array) -> Array:
        """Return 1 where the repetition that goes on or is nearest is the right side's, else 0."""
        plans = self.plans
        halfway = [(one.back_s + after.leave_s) / 2 for one, after in pairwise(plans)]
        rights = np.array([float(plan.side == "right") for plan in plans] or [0.0])
        return np.asarray(rights[np.searchsorted(halfway, t_s)])

    def reps(self, *, partial: bool = False) -> tuple[TrueRep, ...]:
        """Return the complete or the partial repetitions as the truth states them."""
        return tuple(_true_rep(plan) for plan in self.plans if plan.partial == partial)

    def span(self, otherwise_s: float) -> tuple[float, float]:
        """Return when the first plan begins and the last one ends."""
        return (self.plans[0].leave_s, self.plans[-1].back_s) if self.plans else (otherwise_s, otherwise_s)

    def spans(self) -> tuple[tuple[float, float], ...]:
        """Return the first start and last end of the complete repetitions of each set."""
        spans = []
        for one in self.sets:
            whole = [_true_rep(plan) for plan in one if not plan.partial]
            spans += [(whole[0].start_s, whole[-1].end_s)] if whole else []
        return tuple(spans)

    def phases(self, duration_s: float) -> tuple[TruePhase, ...]:
        """Return the phases of the recording in order, without gaps."""
        bouts = (
            Bout(rep.start_s, plan.reach_s, rep.turn_s, plan.part_s, rep.end_s)
            for plan, rep in zip(self.plans, map(_true_rep, self.plans), strict=True)
        )
        return phases_between(bouts, duration_s, lifting_first=self.halves.lifting_first)


def _bout(t_s: Array, plan: Plan, halves: Halves) -> Array:
    """Return one repetition's excursion at times within it."""
    out = (t_s - plan.leave_s) / (plan.reach_s - plan.leave_s)
    home = (t_s - plan.part_s) / (plan.back_s - plan.part_s)
    lifting, lowering = (out, home) if halves.lifting_first else (home, out)
    lifted, lowered = sticking(lifting, halves.dip, halves.centre), min_jerk(lowering)
    way = lifted - lowered if halves.lifting_first else lowered - lifted
    way = (
        way
        - plan.bounce * np.sin(np.pi * np.clip((t_s - plan.reach_s) / (plan.part_s - plan.reach_s + 1e-9), 0, 1)) ** 2
    )
    whole = np.clip((t_s - plan.leave_s) / (plan.back_s - plan.leave_s), 0, 1)
    return np.asarray(plan.depth * way + plan.tremor * np.sin(np.pi * whole) ** 2 * halves.tremor(t_s))


def _true_rep(plan: Plan) -> TrueRep:
    delay = visible_delay_share()
    return TrueRep(
        plan.leave_s + delay * (plan.reach_s - plan.leave_s),
        (plan.reach_s + plan.part_s) / 2,
        plan.back_s - delay * (plan.back_s - plan.part_s),
        plan.side,
        plan.explosive,
        plan.shaky,
    )
