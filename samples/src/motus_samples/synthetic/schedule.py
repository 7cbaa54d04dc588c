"""When the repetitions of a synthetic recording happen: tempo, scatter, fatigue, asymmetry, partial ones, sets."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from motus_samples.body import SIDES, Array, Side
from motus_samples.synthetic.courses import Course, sticking, waves
from motus_samples.synthetic.script import Script
from motus_samples.synthetic.setup import Kind
from motus_samples.synthetic.truth import TruePhase, TrueRep
from motus_samples.timing import SHORTEST_HOLD_S, PhaseKind, join_phases, min_jerk, visible_delay_share

EXPLOSIVE_BELOW_S: Final = 0.7
"""A lifting half shorter than this is explosive: explosive tempo commands 0.3 to 0.5 s, controlled 0.8 s and more."""

SHORTEST_CONTROLLED_S: Final = 0.8
STRONGEST_TREMOR_DEG: Final = 6.0

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
        """Return the phases of the recording in order, without gaps; a hold shorter than 0.15 s is none."""
        order: tuple[PhaseKind, PhaseKind] = ("eccentric", "concentric")
        first, second = order[::-1] if self.halves.lifting_first else order
        marks: list[tuple[PhaseKind, float]] = [("rest", 0.0)]
        for plan in self.plans:
            rep = _true_rep(plan)
            marks.append((first, rep.start_s))
            if plan.part_s - plan.reach_s >= SHORTEST_HOLD_S:
                marks += [("turn_hold", plan.reach_s), (second, plan.part_s)]
            else:
                marks.append((second, rep.turn_s))
            marks.append(("rest", rep.end_s))
        return join_phases(marks, duration_s)


@dataclass(frozen=True)
class _Set:
    """What all repetitions of a recording share, as drawn."""

    eccentric_s: float
    concentric_s: float
    hold_s: float
    pause_s: float
    pace_cv: float
    depth_cv: float
    shaky: bool
    first_side: Side


def schedule(script: Script, pace: Pace, first_s: float, rng: np.random.Generator) -> Schedule:
    """Return the repetitions of all sets, the first one leaving rest at `first_s`."""
    tempo = script.tempo or ("explosive" if rng.random() < 0.3 else "controlled")
    lifting = (0.3, 0.5) if pace.explosive and tempo == "explosive" else pace.concentric_s
    shaky = rng.random() < 0.15
    style = _Set(
        eccentric_s=rng.uniform(*pace.eccentric_s),
        concentric_s=rng.uniform(*lifting),
        hold_s=rng.uniform(*pace.hold_s),
        pause_s=rng.uniform(*pace.pause_s),
        pace_cv=rng.uniform(0.05, 0.12),
        depth_cv=rng.uniform(0.03, 0.08),
        shaky=shaky if script.shaky is None else script.shaky,
        first_side=SIDES[int(rng.integers(2))],
    )
    halves = Halves(
        pace.lifting_first,
        dip=float(rng.uniform(0.1, 0.5) if rng.random() < 0.4 else 0.0),
        centre=float(rng.uniform(0.4, 0.6)),
        tremor=waves(rng, 3.0, 6.0, 0.7),
    )
    alternating = rng.random() < 0.5
    alternating = alternating if script.alternating is None else script.alternating
    weak_side = SIDES[int(rng.integers(2))]
    count = int(rng.integers(4, 13))
    count = count if script.reps is None else script.reps
    sets, now = [], first_s
    for _ in range(script.sets):
        sets.append(_one_set(script, pace, style, count, now, alternating and pace.sides != "both", rng))
        now = (sets[-1][-1].back_s if sets[-1] else now) + script.rest_s
    return Schedule(
        tuple(sets),
        halves,
        script.weak_side or weak_side,
        (1.0 - script.asymmetry, script.lag_s),
        pace.sides == "one" or (pace.sides == "either" and alternating),
    )


def _one_set(
    script: Script, pace: Pace, style: _Set, count: int, now: float, alternating: bool, rng: np.random.Generator
) -> tuple[Plan, ...]:
    after = rng.integers(1, count, script.partials) if count > 1 else np.zeros(script.partials, int)
    plans: list[Plan] = []
    for index in range(count):
        q = index / max(count - 1, 1)
        side = _side(style.first_side, index if alternating else 0) if alternating or pace.sides == "one" else None
        for partial in [True] * int(np.sum(after == index)) + [False]:
            plan = _plan(script, pace, style, now, script.fatigue * q**1.5, side, partial, rng)
            plans.append(plan)
            now = plan.back_s + style.pause_s * rng.uniform(0.7, 1.3) + 2.0 * plan.tired * rng.uniform(0.5, 1.0)
    return tuple(plans)


def _plan(
    script: Script,
    pace: Pace,
    style: _Set,
    now: float,
    tired: float,
    side: Side | None,
    partial: bool,
    rng: np.random.Generator,
) -> Plan:
    pace_now, deep = np.clip(rng.normal(0, 1, 2), -2.2, 2.2) * (1 + 1.5 * tired)
    scatter = float(np.clip(1 + style.pace_cv * pace_now, 0.6, 1.6))
    depth = float(np.clip(1 + style.depth_cv * deep, 0.75, 1.2)) * (1 - 0.2 * tired)
    short, tremor_deg = rng.uniform(0.2, 0.42), rng.uniform(3.0, 5.0) if style.shaky else rng.uniform(0.0, 0.5)
    lift, lower = style.concentric_s * scatter * (1 + 0.6 * tired), style.eccentric_s * scatter
    if style.concentric_s >= EXPLOSIVE_BELOW_S:
        lift = max(lift, SHORTEST_CONTROLLED_S)
    if partial:
        depth, lift, lower = short, 0.6 * lift, 0.6 * lower
    first, second = (lift, lower) if pace.lifting_first else (lower, lift)
    hold, bounce = (0.0 if partial else style.hold_s * rng.uniform(0.7, 1.3)), rng.uniform(0.12, 0.3)
    twice = script.double_dip and not partial
    hold = max(hold, 0.8) if twice else hold
    reach, part = now + first, now + first + hold
    return Plan(
        now,
        reach,
        part,
        part + second,
        depth,
        side,
        tired,
        min(tremor_deg * (1 + 2 * tired), STRONGEST_TREMOR_DEG) / pace.range_deg,
        lift < EXPLOSIVE_BELOW_S if pace.explosive else None,
        style.shaky,
        partial,
        bounce if twice else 0.0,
    )


def _side(first: Side, index: int) -> Side:
    return SIDES[(SIDES.index(first) + index) % 2]


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
