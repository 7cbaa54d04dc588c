"""Getting into position and out of it: picking up weights, getting down to the floor and up again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from motus_samples.body import SIDES, Arm, Array, Build, Leg, Posture, forward_kinematics
from motus_samples.stand import Feet, Torso, gravity_arms, hanging, on_feet
from motus_samples.synthetic.courses import keyed

Kind = Literal["none", "pickup", "floor"]
"""How somebody gets into position: not at all, bending down for weights, or down to the floor or onto a bench."""


@dataclass(frozen=True)
class Setup:
    """When and how somebody gets into position and out of it.

    Attributes:
        into_s: Begins and is in position.
        out_s: Leaves the position and is out of it.
        bow_deg: Lean of the trunk and flexion of the knees when lowest.
    """

    kind: Kind
    into_s: tuple[float, float]
    out_s: tuple[float, float]
    bow_deg: tuple[float, float]

    def pose(self, build: Build, t_s: Array, base: Posture) -> Posture:
        """Return a performance's posture with the set-up moves put in."""
        low = keyed(t_s, *_knots(self.into_s, (0.0, 1.0, 0.0))) + keyed(t_s, *_knots(self.out_s, (0.0, 1.0, 0.0)))
        bowed = _bowed(build, t_s, *self.bow_deg)
        if self.kind == "pickup":
            return blend(base, bowed, low)
        away = keyed(t_s, *_knots(self.into_s, (1.0, 1.0, 0.0))) + keyed(t_s, *_knots(self.out_s, (0.0, 1.0, 1.0)))
        upright = _upright(build, t_s)
        return on_floor(build, blend(base, blend(upright, bowed, low), away), 4 * away * (1 - away))


def draw(kind: Kind, first_s: float, last_s: float, rng: np.random.Generator) -> Setup:
    """Return set-up moves that end about a second before the first repetition and begin as long after the last one."""
    lasts = rng.uniform(2.5, 4.5, 2)
    early, late = rng.uniform(0.5, 1.5, 2)
    bow = (rng.uniform(45, 75), rng.uniform(40, 100))
    return Setup(kind, (first_s - early - lasts[0], first_s - early), (last_s + late, last_s + late + lasts[1]), bow)


def blend(one: Posture, other: Posture, share: Array) -> Posture:
    """Return the posture `share` (frames,) of the way from one to the other, joint by joint."""

    def mix(a: Array | float, b: Array | float) -> Array:
        weight = share[:, None] if np.ndim(a) == 2 else share
        return np.asarray(a + weight * (np.asarray(b) - a))

    legs = {side: _mixed_leg(one.legs[side], other.legs[side], mix) for side in SIDES}
    arms = {side: _mixed_arm(one.arms[side], other.arms[side], mix) for side in SIDES}
    mixed = {
        name: mix(value, getattr(other, name)) for name, value in vars(one).items() if name not in ("legs", "arms")
    }
    return Posture(legs=legs, arms=arms, **mixed)


def on_floor(build: Build, posture: Posture, share: Array) -> Posture:
    """Return a posture moved up or down until its lowest hand, knee or foot touches the floor, by a share of that."""
    points = forward_kinematics(build, posture).points
    touching = [points[f"{side}_{joint}"][:, 2] for side in SIDES for joint in ("wrist", "knee", "heel", "foot_index")]
    pelvis = posture.pelvis.copy()
    pelvis[:, 2] -= np.clip(share, 0, 1) * np.min(touching, axis=0)
    return Posture(**{**vars(posture), "pelvis": pelvis})


Mix = Callable[[Array, Array], Array]


def _mixed_leg(one: Leg, other: Leg, mix: Mix) -> Leg:
    return Leg(*(mix(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True)))


def _mixed_arm(one: Arm, other: Arm, mix: Mix) -> Arm:
    near = one.axial_deg + (other.axial_deg - one.axial_deg + 180.0) % 360.0 - 180.0
    return Arm(
        mix(one.elevation_deg, other.elevation_deg),
        mix(one.plane_deg, other.plane_deg),
        mix(one.axial_deg, near),
        mix(one.elbow_flexion_deg, other.elbow_flexion_deg),
        one.hand_flat,
    )


def _knots(span: tuple[float, float], levels: tuple[float, float, float]) -> tuple[Array, Array]:
    """Return times and levels at the begin, the lowest point and the end of a set-up move."""
    begin, end = span
    return np.array([begin, begin + 0.55 * (end - begin), end]), np.array(levels)


def _bowed(build: Build, t_s: Array, lean_deg: float, knee_deg: float) -> Posture:
    still = np.zeros_like(t_s)
    knees = dict.fromkeys(SIDES, still + knee_deg)
    torso = Torso(still + lean_deg, neck=0.3 * lean_deg)
    return on_feet(build, Feet(), torso, knees, still + 0.25 * knee_deg, gravity_arms(8.0))


def _upright(build: Build, t_s: Array) -> Posture:
    still = np.zeros_like(t_s)
    return on_feet(
        build, Feet(), Torso(still + 2.0), dict.fromkeys(SIDES, still + 6.0), still + 3.0, hanging(7.0, 14.0)
    )
