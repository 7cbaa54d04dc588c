"""Throws and two-handed swings: the pelvis leads, the thorax follows, the arm comes last (biomech 11)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from motus_samples.body import SIDES, Arm, Array, Build, Posture, Side, outward
from motus_samples.stand import Arms, Feet, Torso, Upper, by_angles, on_feet, reaching
from motus_samples.synthetic.courses import keyed
from motus_samples.synthetic.drive import draw_unrest
from motus_samples.synthetic.performance import Performance
from motus_samples.synthetic.script import Script
from motus_samples.synthetic.truth import TrueRep
from motus_samples.timing import PhaseKind, join_phases

Levels = Callable[[tuple[float, float, float], float], Array]
"""A course through levels at the top, the strike and the end of every stroke, so many seconds late."""


@dataclass(frozen=True)
class Stroke:
    """Times of one throw or swing, seconds: leaves rest, top of the backswing, release or strike, end, back at rest."""

    leave_s: float
    top_s: float
    strike_s: float
    end_s: float
    back_s: float

    def course(self, t_s: Array, levels: tuple[float, float, float], late_s: float = 0.0) -> Array:
        """Return a course that is 0 at rest and takes levels at the top, the strike and the end, `late_s` after it."""
        times = np.array([self.leave_s, self.top_s + late_s, self.strike_s + late_s, self.end_s + late_s, self.back_s])
        return keyed(t_s, times, np.array([0.0, *levels, 0.0]))

    def snap(self, t_s: Array, levels: tuple[float, float, float], late_s: float, snap_s: float) -> Array:
        """Return such a course that stays at the top's level until `snap_s` before the strike."""
        strike, end = self.strike_s + late_s, self.end_s + late_s
        hold = max(strike - snap_s, self.top_s + late_s + 0.01)
        times = np.array([self.leave_s, self.top_s + late_s, hold, strike, end, self.back_s])
        return keyed(t_s, times, np.array([0.0, levels[0], *levels, 0.0]))


def plan_strokes(script: Script, rng: np.random.Generator) -> list[list[Stroke]]:
    """Return the strokes of each set: backswing of 0.5 to 1 s, forward in 0.2 to 0.35, scatter 5 to 12 %."""
    lasts = np.array([rng.uniform(0.5, 1.0), rng.uniform(0.2, 0.35), rng.uniform(0.35, 0.7), rng.uniform(0.6, 1.2)])
    pause, scatter, count = rng.uniform(0.5, 2.0), rng.uniform(0.05, 0.12), int(rng.integers(4, 9))
    now, sets = script.idle_before_s, []
    for _ in range(script.sets):
        strokes = []
        for _ in range(count if script.reps is None else script.reps):
            times = now + np.cumsum(lasts * np.clip(rng.normal(1, scatter, 4), 0.75, 1.3))
            strokes.append(Stroke(now, *(float(time) for time in times)))
            now = strokes[-1].back_s + pause * rng.uniform(0.7, 1.3)
        sets.append(strokes)
        now += script.rest_s
    return sets


def perform(two_hands: bool, script: Script, build: Build, rng: np.random.Generator) -> Performance:
    """Return throws with one hand, or swings with both; the turn of a repetition is release or strike."""
    style = _Style.draw(build, rng, two_hands=two_hands)
    sets = plan_strokes(script, rng)
    strokes = [stroke for one in sets for stroke in one]
    duration = (strokes[-1].back_s if strokes else script.idle_before_s) + script.idle_after_s
    unrest = draw_unrest(rng, duration)
    hand: Side = "right" if style.hand > 0 else "left"
    marks: list[tuple[PhaseKind, float]] = [("rest", 0.0)]
    for stroke in strokes:
        marks += [("swing", stroke.leave_s), ("concentric", stroke.top_s), ("follow_through", stroke.strike_s)]
        marks += [("transition", stroke.end_s), ("rest", stroke.back_s)]

    def pose(t_s: Array) -> Posture:
        sway = unrest.lean_deg(t_s), unrest.sway_m(t_s)
        return style.pose(build, t_s, strokes, sway)

    return Performance(
        duration,
        pose,
        tuple(TrueRep(stroke.leave_s, stroke.strike_s, stroke.back_s, hand) for stroke in strokes),
        phases=join_phases(marks, duration),
        sets=tuple((one[0].leave_s, one[-1].back_s) for one in sets if one),
    )


@dataclass(frozen=True)
class _Style:
    """How somebody throws or swings; `hand` is 1 right-handed, -1 left-handed. Degrees at top, strike and end.

    A throwing elbow straightens in `snap_s`.
    """

    two_hands: bool
    hand: float
    feet: Feet
    pelvis: tuple[float, float, float]
    thorax: tuple[float, float, float]
    lag_s: tuple[float, float]
    lean_deg: float
    knee_deg: float
    high: float
    snap_s: float

    @classmethod
    def draw(cls, build: Build, rng: np.random.Generator, *, two_hands: bool) -> "_Style":
        """Return a style: pelvis from -20 to 60 degrees, thorax from -50 to 80, 40 to 80 ms later, hands 80 to 150."""
        pelvis, thorax = rng.uniform(15, 30), rng.uniform(45, 75)
        through = rng.uniform(35, 55)
        return cls(
            two_hands,
            1.0 if rng.random() < 0.85 else -1.0,
            Feet(rng.uniform(0.05, 0.1) * build.stature, 15.0),
            (-pelvis, 0.7 * through, through),
            (-thorax, 0.5 * through, through + rng.uniform(15, 30)),
            (rng.uniform(0.04, 0.08), rng.uniform(0.08, 0.15)),
            rng.uniform(12, 35) if two_hands else rng.uniform(2, 10),
            rng.uniform(15, 30),
            rng.uniform(0.0, 0.12),
            rng.uniform(0.09, 0.14),
        )

    def pose(self, build: Build, t_s: Array, strokes: list[Stroke], sway: tuple[Array, Array]) -> Posture:
        """Return the posture of every frame."""

        def course(levels: tuple[float, float, float], late_s: float = 0.0) -> Array:
            return sum((one.course(t_s, levels, late_s) for one in strokes), np.zeros_like(t_s))

        early, late = self.lag_s
        turned, thorax = self.hand * course(self.pelvis), self.hand * course(self.thorax, early)
        lean = self.lean_deg + sway[0] - course((0.0, 0.0, 0.5 * self.lean_deg), early)
        torso = Torso(lean, 0.0, turned, thorax - turned, neck=0.3 * lean)
        straightens = sum((one.snap(t_s, (80, 5, 25), late, self.snap_s) for one in strokes), np.zeros_like(t_s))
        hand = self._both_hands(course, late) if self.two_hands else self._one_hand(course, late, straightens)
        knees = dict.fromkeys(SIDES, np.full_like(t_s, self.knee_deg))
        shift = sway[1] + self.hand * course((-0.04, 0.03, 0.05))
        return on_feet(build, self.feet, torso, knees, knees["left"] * 0.4, hand, shift=shift)

    def _both_hands(self, course: Levels, late: float) -> Arms:
        """Return both arms stretched to a grip that goes up at the top and at the end, out of the middle line."""
        up = -0.26 + course((0.24 + self.high, 0.02, 0.28 + self.high), late)
        front = 0.17 + course((-0.06, 0.03, -0.06), late)
        return _grip(front, up, self.hand * course((0.10, -0.02, -0.10), late))

    def _one_hand(self, course: Levels, late: float, straightens: Array) -> Arms:
        """Return a throwing arm, cocked at the top and stretched at the release, and one that balances."""
        angles = {}
        for side in SIDES:
            throws = outward(side) == self.hand
            elevation = 10 + course((85, 100, 45), late) if throws else 10 + course((70, 40, 15), 0.0)
            plane = 70 + course((-75, -10, 20), late) if throws else 70 + course((-20, 10, 10), 0.0)
            elbow = 15 + straightens if throws else 20 + course((10, 50, 50), 0.0)
            axial = course((80, 60, 0), late) if throws else 0.0
            angles[side] = (elevation, plane, axial, elbow)
        return by_angles(angles)


def _grip(front: Array, up: Array, right: Array) -> Arms:
    """Return both wrists at one place ahead of the middle of the shoulders; `right` off the middle."""

    def arms(upper: Upper) -> dict[Side, Arm]:
        half = upper.build.shoulder_half / upper.build.stature
        limbs = {}
        for side in SIDES:
            out = outward(side) * right - half + 0.012
            limbs[side] = reaching(front, up, out, elbow=(-0.2, -1.0, 0.5))(upper)[side]
        return limbs

    return arms
