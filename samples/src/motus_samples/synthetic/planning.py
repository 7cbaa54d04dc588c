"""Planning the repetitions of a script: tempo, scatter, fatigue, asymmetry, partial ones, sets with their rests."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_samples.body import SIDES, Side
from motus_samples.synthetic.courses import waves
from motus_samples.synthetic.schedule import EXPLOSIVE_BELOW_S, Halves, Pace, Plan, Schedule
from motus_samples.synthetic.script import Script

SHORTEST_CONTROLLED_S: Final = 0.8
STRONGEST_TREMOR_DEG: Final = 6.0


@dataclass(frozen=True)
class SetStyle:
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
    """Return the repetitions of all sets, the first one leaving rest at `first_s`.

    Whatever the script plants, the numbers drawn for the rest stay the same.
    """
    explosive, shaky = rng.random() < 0.3, rng.random() < 0.15
    explosive = explosive if script.tempo is None else script.tempo == "explosive"
    lifting = (0.3, 0.5) if pace.explosive and explosive else pace.concentric_s
    style = SetStyle(
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
    script: Script, pace: Pace, style: SetStyle, count: int, now: float, alternating: bool, rng: np.random.Generator
) -> tuple[Plan, ...]:
    apart = np.random.default_rng(rng.integers(2**32))
    after = apart.integers(1, count, script.partials) if count > 1 else np.zeros(script.partials, int)
    plans: list[Plan] = []
    for index in range(count):
        q = index / max(count - 1, 1)
        side = _side(style.first_side, index if alternating else 0) if alternating or pace.sides == "one" else None
        for partial in [True] * int(np.sum(after == index)) + [False]:
            source = apart if partial else rng
            plan = _plan(script, pace, style, now, script.fatigue * q**1.5, side, partial, source)
            plans.append(plan)
            now = plan.back_s + style.pause_s * source.uniform(0.7, 1.3) + 2.0 * plan.tired * source.uniform(0.5, 1.0)
    return tuple(plans)


def _plan(
    script: Script,
    pace: Pace,
    style: SetStyle,
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
