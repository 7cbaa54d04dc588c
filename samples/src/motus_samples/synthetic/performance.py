"""A performance: what a body does over time and what counts in it, before any camera looks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from motus_samples.body import Array, Build, Posture
from motus_samples.movements.jumping import JumpStyle, jump_phases, jump_reps, jumping, plan_jumps
from motus_samples.synthetic import setup
from motus_samples.synthetic.drive import Mover, draw_unrest, drive
from motus_samples.synthetic.planning import schedule
from motus_samples.synthetic.schedule import Halves, Pace, Schedule
from motus_samples.synthetic.script import Script
from motus_samples.synthetic.truth import TrueContact, TruePhase, TrueRep
from motus_samples.timing import Phase, PhaseKind, join_phases

Draw = Callable[[Build, np.random.Generator], Mover]
"""Draws a style of a movement for a body."""


@dataclass(frozen=True)
class Performance:
    """What is done.

    Attributes:
        pose: The posture at any times in ascending order, seconds.
    """

    duration_s: float
    pose: Callable[[Array], Posture]
    reps: tuple[TrueRep, ...] = ()
    partials: tuple[TrueRep, ...] = ()
    phases: tuple[TruePhase, ...] = ()
    sets: tuple[tuple[float, float], ...] = ()
    contacts: tuple[TrueContact, ...] = ()


SETUP_S = 6.5
"""Time that is left for set-up moves before the first repetition and after the last one."""
TIRED_FLIGHT = 0.15
"""Share of a jump's flight time that full fatigue takes off the last one: a quarter of its height."""
Perform = Callable[[Script, Build, np.random.Generator], Performance]
"""Performs a script with a body."""


def repeated(draw: Draw, pace: Pace) -> Perform:
    """Return the performance of a movement in repetitions."""

    def perform(script: Script, build: Build, rng: np.random.Generator) -> Performance:
        lead = SETUP_S if script.setup and pace.setup != "none" else 0.0
        mover = draw(build, rng)
        plan = schedule(script, pace, script.idle_before_s + lead, rng)
        first, last = plan.span(script.idle_before_s)
        duration = last + script.idle_after_s + lead
        unrest = draw_unrest(rng, duration)
        moves = setup.draw(pace.setup, first, last, rng)

        def pose(t_s: Array) -> Posture:
            base = mover(drive(plan, unrest, t_s))
            return moves.pose(build, t_s, base) if lead else base

        phases = plan.phases(duration)
        phases = with_setup(phases, moves) if lead else phases
        return Performance(duration, pose, plan.reps(), plan.reps(partial=True), phases, plan.spans())

    return perform


def with_setup(phases: tuple[TruePhase, ...], moves: setup.Setup) -> tuple[TruePhase, ...]:
    """Return phases with the set-up moves in the rests before the first and after the last repetition."""
    before, after = phases[0], phases[-1]
    marks: list[tuple[PhaseKind, float]] = [("rest", 0.0), ("transition", moves.into_s[0]), ("rest", moves.into_s[1])]
    marks += [(phase.kind, phase.start_s) for phase in phases[1:-1]]
    marks += [("rest", max(after.start_s, before.end_s)), ("transition", moves.out_s[0]), ("rest", moves.out_s[1])]
    return join_phases(marks, after.end_s)


def either(one: Perform, other: Perform) -> Perform:
    """Return the one or the other performance, by the seed; the one if the script wants sides to take turns."""

    def perform(script: Script, build: Build, rng: np.random.Generator) -> Performance:
        first = rng.random() < 0.5 or script.alternating is True
        return (one if first else other)(script, build, rng)

    return perform


def one_side(perform: Perform) -> Perform:
    """Return a performance in which one side does all the repetitions."""

    def alone(script: Script, build: Build, rng: np.random.Generator) -> Performance:
        return perform(replace(script, alternating=False), build, rng)

    return alone


def unrepeated(draw: Draw, kind: PhaseKind = "rest", *, held: bool = False) -> Perform:
    """Return the performance of what has no repetitions and goes on for the script's seconds in one phase.

    Held positions are a set.
    """

    def perform(script: Script, build: Build, rng: np.random.Generator) -> Performance:
        nothing = Schedule((), Halves(False, 0.0, 0.5, np.zeros_like), "left", (1.0, 0.0), one_sided=False)
        unrest, mover = draw_unrest(rng, script.seconds), draw(build, rng)
        return Performance(
            script.seconds,
            lambda t_s: mover(drive(nothing, unrest, t_s)),
            phases=(Phase(kind, 0.0, script.seconds),),
            sets=((0.0, script.seconds),) if held else (),
        )

    return perform


def jumps(script: Script, build: Build, rng: np.random.Generator) -> Performance:
    """Return countermovement jumps."""
    style = replace(JumpStyle.draw(rng), takeoff_knee_deg=rng.uniform(28, 36), landing_knee_deg=rng.uniform(26, 36))
    count = int(rng.integers(3, 9))
    count = count if script.reps is None else script.reps
    now, sets = script.idle_before_s, []
    for _ in range(script.sets):
        sets.append(plan_jumps(count, now, rng, fatigue=TIRED_FLIGHT * script.fatigue))
        now = (sets[-1][-1].back_s if count else now) + script.rest_s
    plans = [plan for one in sets for plan in one]
    duration = (plans[-1].back_s if plans else script.idle_before_s) + script.idle_after_s
    return Performance(
        duration,
        lambda t_s: jumping(build, t_s, plans, style),
        tuple(TrueRep(rep.start_s, rep.turn_s, rep.end_s) for rep in jump_reps(plans)),
        phases=jump_phases(plans, duration),
        sets=tuple((jump_reps(one)[0].start_s, jump_reps(one)[-1].end_s) for one in sets if one),
    )
