"""The movements: each turns a schedule into the joint angles of every frame."""

from dataclasses import dataclass

import numpy as np

from motus_samples.body import Build, Posture
from motus_samples.movements.floor import pushup
from motus_samples.movements.jumping import jump
from motus_samples.movements.lunging import lunge
from motus_samples.movements.standing import curl, deadlift, hinge, press, squat
from motus_samples.spec import ClipSpec
from motus_samples.timing import Phase, Rep, course_of, phases_of, plan_reps, reps_of

_BY_NAME = {
    "squat": squat,
    "hinge": hinge,
    "deadlift": deadlift,
    "press": press,
    "curl": curl,
    "lunge": lunge,
    "pushup": pushup,
}


@dataclass(frozen=True)
class Motion:
    """A clip's movement: the posture over all frames and what it counts as."""

    posture: Posture
    reps: tuple[Rep, ...]
    phases: tuple[Phase, ...]
    duration_s: float


def move(spec: ClipSpec, build: Build, rng: np.random.Generator) -> Motion:
    """Return the movement of a clip; the same spec, build and state of `rng` give the same movement."""
    if spec.exercise == "jump":
        posture, reps, phases = jump(spec, build, rng)
        return Motion(posture, reps, phases, len(posture.pelvis) / spec.fps)
    plans = plan_reps(spec, rng)
    course = course_of(plans, spec)
    duration_s = len(course.t_s) / spec.fps
    posture = _BY_NAME[spec.exercise](build, course, spec.faults, rng)
    return Motion(posture, reps_of(plans), phases_of(plans, spec, duration_s), duration_s)
