"""When things happen in a clip: the schedule of reps and phases, and minimum-jerk courses between rest and turn."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, NamedTuple

import numpy as np

from motus_samples.body import Array, Side
from motus_samples.spec import ClipSpec

PhaseKind = Literal[
    "rest", "eccentric", "turn_hold", "concentric", "flight", "swing", "follow_through", "stance", "transition"
]

VISIBLE_SHARE: Final = 0.02
"""Share of the excursion by which a rep has visibly left rest; earlier movement counts as rest."""

SHORTEST_HOLD_S: Final = 0.15

PACES: Final[dict[str, tuple[tuple[float, float], tuple[float, float]]]] = {
    "squat": ((1.0, 1.6), (0.8, 1.3)),
    "lunge": ((1.1, 1.6), (1.0, 1.4)),
    "pushup": ((0.9, 1.4), (0.7, 1.1)),
    "hinge": ((1.1, 1.7), (0.9, 1.4)),
    "deadlift": ((1.1, 1.7), (0.9, 1.4)),
    "press": ((1.0, 1.5), (0.8, 1.2)),
    "curl": ((1.0, 1.5), (0.8, 1.2)),
}
"""Range of the eccentric and of the concentric time in seconds."""

CONCENTRIC_FIRST: Final = frozenset({"press", "curl"})


@dataclass(frozen=True)
class Rep:
    """A repetition on the clip's clock, in seconds.

    Attributes:
        start_s: Leaves rest, by `VISIBLE_SHARE` of its excursion.
        turn_s: The far extreme; the middle of the hold there.
        end_s: Back at rest, by the same share.
        side: The leg in front, for lunges.
    """

    start_s: float
    turn_s: float
    end_s: float
    side: Side | None = None


@dataclass(frozen=True)
class Phase:
    """A span of the clip in seconds in which one kind of movement goes on."""

    kind: PhaseKind
    start_s: float
    end_s: float


@dataclass(frozen=True)
class RepPlan:
    """Commanded times of one rep: it leaves rest, reaches the turn, leaves the turn, is back; `depth` 1 is full."""

    leave_s: float
    reach_s: float
    part_s: float
    back_s: float
    depth: float
    side: Side | None
    faulty: bool


@dataclass(frozen=True)
class Course:
    """What a movement is driven by, arrays over frames.

    Attributes:
        t_s: Time of each frame.
        excursion: 0 at rest, 1 at a full rep's turn.
        faulty: 1 while a rep with planted faults goes on, else 0.
        right_leads: 1 where the right leg is in front, else 0.
    """

    t_s: Array
    excursion: Array
    faulty: Array
    right_leads: Array


def min_jerk(share: Array) -> Array:
    """Return the minimum-jerk course from 0 to 1 (Flash and Hogan 1985) at shares of the duration, clipped to 0..1."""
    x = np.clip(share, 0.0, 1.0)
    return np.asarray(x * x * x * (10 - 15 * x + 6 * x * x))


@cache
def visible_delay_share() -> float:
    """Return the share of a minimum-jerk course's duration after which it has covered `VISIBLE_SHARE`."""
    grid = np.linspace(0.0, 1.0, 10_001)
    return float(np.interp(VISIBLE_SHARE, min_jerk(grid), grid))


def plan_reps(spec: ClipSpec, rng: np.random.Generator) -> list[RepPlan]:
    """Return the schedule of all reps but jumps: tempo, its scatter from rep to rep, pauses, depths and faults."""
    (ecc_low, ecc_high), (con_low, con_high) = PACES[spec.exercise]
    eccentric, concentric = rng.uniform(ecc_low, ecc_high), rng.uniform(con_low, con_high)
    hold, pause = rng.uniform(0.0, 0.35), rng.uniform(0.2, 0.7)
    eccentric, concentric = spec.eccentric_s or eccentric, spec.concentric_s or concentric
    plans: list[RepPlan] = []
    now = spec.idle_before_s
    for index in range(spec.reps):
        pace, deep, rest = rng.normal(1.0, 0.07), rng.normal(1.0, 0.03), rng.uniform(0.7, 1.3)
        faulty = spec.faults.hit(index)
        lower, lift = eccentric * np.clip(pace, 0.8, 1.2), concentric * np.clip(pace, 0.8, 1.2)
        if faulty and spec.faults.fast_eccentric_s is not None:
            lower = spec.faults.fast_eccentric_s
        first, second = (lift, lower) if spec.exercise in CONCENTRIC_FIRST else (lower, lift)
        side = _leading_side(spec, index)
        depth = float(np.clip(deep, 0.94, 1.06)) * _depth_left(spec, faulty, side)
        reach, part = now + first, now + first + hold
        plans.append(RepPlan(now, reach, part, part + second, depth, side, faulty))
        now = part + second + pause * rest
    return plans


def _leading_side(spec: ClipSpec, index: int) -> Side | None:
    if spec.exercise != "lunge":
        return None
    if spec.lunge_legs != "alternate":
        return spec.lunge_legs
    return "left" if (spec.seed + index) % 2 == 0 else "right"


def _depth_left(spec: ClipSpec, faulty: bool, side: Side | None) -> float:
    if not faulty:
        return 1.0
    weak = side is not None and side == spec.faults.weak_side
    return (1.0 - spec.faults.shallow) * (1.0 - spec.faults.asymmetry if weak else 1.0)


def clip_times(last_back_s: float, spec: ClipSpec) -> Array:
    """Return the time of every frame of a clip whose last rep is back at rest at `last_back_s`."""
    frames = max(1, round((last_back_s + spec.idle_after_s) * spec.fps))
    return np.arange(frames) / spec.fps


def course_of(plans: list[RepPlan], spec: ClipSpec) -> Course:
    """Return the excursion over the clip's frames."""
    t_s = clip_times(plans[-1].back_s if plans else spec.idle_before_s, spec)
    excursion, faulty, right_leads = np.zeros_like(t_s), np.zeros_like(t_s), np.zeros_like(t_s)
    for plan in plans:
        out = min_jerk((t_s - plan.leave_s) / (plan.reach_s - plan.leave_s))
        home = min_jerk((t_s - plan.part_s) / (plan.back_s - plan.part_s))
        excursion += plan.depth * (out - home)
        going = (t_s >= plan.leave_s) & (t_s <= plan.back_s)
        faulty[going] = float(plan.faulty)
        right_leads[going] = float(plan.side == "right")
    return Course(t_s, excursion, faulty, right_leads)


def reps_of(plans: list[RepPlan]) -> tuple[Rep, ...]:
    """Return the reps as the truth states them."""
    delay = visible_delay_share()
    return tuple(
        Rep(
            plan.leave_s + delay * (plan.reach_s - plan.leave_s),
            (plan.reach_s + plan.part_s) / 2,
            plan.back_s - delay * (plan.back_s - plan.part_s),
            plan.side,
        )
        for plan in plans
    )


def phases_of(plans: list[RepPlan], spec: ClipSpec, duration_s: float) -> tuple[Phase, ...]:
    """Return the phases of the whole clip in order, without gaps."""
    bouts = (
        Bout(rep.start_s, plan.reach_s, rep.turn_s, plan.part_s, rep.end_s)
        for plan, rep in zip(plans, reps_of(plans), strict=True)
    )
    return phases_between(bouts, duration_s, lifting_first=spec.exercise in CONCENTRIC_FIRST)


class Bout(NamedTuple):
    """When a rep visibly leaves rest, reaches the turn, is in its middle, leaves it and is back, in seconds."""

    start_s: float
    reach_s: float
    turn_s: float
    part_s: float
    end_s: float


def phases_between(bouts: Iterable[Bout], duration_s: float, *, lifting_first: bool) -> tuple[Phase, ...]:
    """Return the phases of reps and the rests between them; a hold shorter than `SHORTEST_HOLD_S` is none."""
    order: tuple[PhaseKind, PhaseKind] = ("eccentric", "concentric")
    first, second = order[::-1] if lifting_first else order
    marks: list[tuple[PhaseKind, float]] = [("rest", 0.0)]
    for bout in bouts:
        marks.append((first, bout.start_s))
        if bout.part_s - bout.reach_s >= SHORTEST_HOLD_S:
            marks += [("turn_hold", bout.reach_s), (second, bout.part_s)]
        else:
            marks.append((second, bout.turn_s))
        marks.append(("rest", bout.end_s))
    return join_phases(marks, duration_s)


def join_phases(marks: list[tuple[PhaseKind, float]], duration_s: float) -> tuple[Phase, ...]:
    """Return phases from the times at which each kind begins, the last ending with the clip."""
    ends = [start for _, start in marks[1:]] + [duration_s]
    return tuple(Phase(kind, start, end) for (kind, start), end in zip(marks, ends, strict=True))
