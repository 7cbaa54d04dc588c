"""Movements of the arms of someone who stands: press, curl, lateral raise."""

from dataclasses import dataclass

import numpy as np

from motus_samples.body import SIDES, Build, Posture
from motus_samples.synthetic.drive import Drive, Mover
from motus_samples.synthetic.stand import Arms, Feet, Torso, by_angles, on_feet


@dataclass(frozen=True)
class Standing:
    """How somebody stands who moves only the arms: feet and a knee flexion that is never quite 0."""

    build: Build
    feet: Feet
    soft: float

    @classmethod
    def draw(cls, build: Build, rng: np.random.Generator) -> "Standing":
        """Return a stance of one's own."""
        return cls(build, Feet(rng.uniform(0.0, 0.04) * build.stature, rng.uniform(3, 15)), rng.uniform(4, 10))

    def pose(self, drive: Drive, arms: Arms, lean_deg: float = 1.0) -> Posture:
        """Return the posture with these arms; fatigue makes the trunk swing back."""
        trunk = lean_deg + drive.lean_deg - 8 * drive.tired * drive.both
        knees = {side: np.full_like(trunk, self.soft) for side in SIDES}
        torso = Torso(trunk, drive.lateral_deg)
        shank = np.full_like(trunk, self.soft / 2)
        return on_feet(self.build, self.feet, torso, knees, shank, arms, shift=drive.shift_m)


def press(build: Build, rng: np.random.Generator) -> Mover:
    """Return overhead presses from the shoulders, elevation 45 to 165 degrees, to nearly straight arms."""
    low, high, plane = rng.uniform(28, 48), rng.uniform(155, 172), rng.uniform(35, 65)
    bent, straight, standing = rng.uniform(118, 134), rng.uniform(5, 15), Standing.draw(build, rng)

    def pose(drive: Drive) -> Posture:
        arms = by_angles(
            {
                side: (low + (high - low) * e, plane, 0.0, bent + (straight - bent) * e)
                for side, e in drive.sides.items()
            }
        )
        return standing.pose(drive, arms)

    return pose


def curl(build: Build, rng: np.random.Generator) -> Mover:
    """Return biceps curls from 5..15 to 115..140 degrees, upper arms by the trunk."""
    drift, straight, bent = rng.uniform(3, 14), rng.uniform(5, 15), rng.uniform(115, 140)
    plane, standing = rng.uniform(60, 88), Standing.draw(build, rng)

    def pose(drive: Drive) -> Posture:
        arms = by_angles(
            {
                side: (5 + (drift + 10 * drive.tired) * e, plane, 0.0, straight + (bent - straight) * e)
                for side, e in drive.sides.items()
            }
        )
        return standing.pose(drive, arms)

    return pose


def lateral_raise(build: Build, rng: np.random.Generator) -> Mover:
    """Return lateral raises: straight arms from the trunk to 75..100 degrees in a plane near the frontal one."""
    low, high, plane = rng.uniform(6, 14), rng.uniform(75, 100), rng.uniform(0, 25)
    elbow, standing = rng.uniform(8, 25), Standing.draw(build, rng)

    def pose(drive: Drive) -> Posture:
        arms = by_angles({side: (low + (high - low) * e, plane, 0.0, elbow) for side, e in drive.sides.items()})
        return standing.pose(drive, arms)

    return pose
