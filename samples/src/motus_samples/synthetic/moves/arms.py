"""Movements of the arms of someone who stands or hangs: press, curl, lateral raise, jumping jack, row, pull-up."""

from dataclasses import dataclass

import numpy as np

from motus_samples.body import LEFT, SIDES, Arm, Array, Build, Leg, Posture, Side, outward
from motus_samples.reach import arm_span, place, reach_arm
from motus_samples.stand import Arms, Feet, Torso, Upper, by_angles, on_feet, posture_of
from motus_samples.synthetic.drive import Drive, Mover


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


def jumping_jack(build: Build, rng: np.random.Generator) -> Mover:
    """Return jumping jacks: arms to 140..170 degrees sideways, feet apart in a hop and together again in the next."""
    high, plane, elbow = rng.uniform(140, 170), rng.uniform(0, 15), rng.uniform(8, 25)
    wide, narrow = rng.uniform(0.09, 0.16) * build.stature, rng.uniform(0.0, 0.02) * build.stature
    hop, soft = rng.uniform(0.02, 0.05), rng.uniform(10, 20)

    def pose(drive: Drive) -> Posture:
        e = np.clip(drive.both, 0, 1.1)
        in_air = np.clip(4 * e * (1 - e), 0, None)
        feet = Feet(narrow + (wide - narrow) * e, 12.0, hop * in_air)
        knees = dict.fromkeys(SIDES, soft + 14 * (1 - in_air) * drive.busy)
        arms = by_angles({side: (8 + (high - 8) * share, plane, 0.0, elbow) for side, share in drive.sides.items()})
        torso = Torso(3 + drive.lean_deg, drive.lateral_deg)
        return on_feet(build, feet, torso, knees, knees["left"] / 2, arms, shift=drive.shift_m)

    return pose


def row(build: Build, rng: np.random.Generator) -> Mover:
    """Return bent-over rows: trunk held at 35..75 degrees, elbows drawn past it with the forearms hanging."""
    lean, knee, behind = rng.uniform(35, 75), rng.uniform(15, 35), rng.uniform(5, 30)
    feet, heave, fold = Feet(rng.uniform(0.0, 0.04) * build.stature, 8.0), rng.uniform(0, 6), rng.uniform(0.95, 1.15)

    def pose(drive: Drive) -> Posture:
        trunk = lean + drive.lean_deg - (heave + 10 * drive.tired) * drive.both
        knees = dict.fromkeys(SIDES, np.full_like(trunk, knee))
        angles = {}
        for side, e in drive.sides.items():
            swung = (trunk + behind) * e
            angles[side] = (trunk - swung, 88.0 + 25 * e, 0.0, 8 + fold * swung)
        torso = Torso(trunk, drive.lateral_deg, neck=0.5 * trunk)
        return on_feet(build, feet, torso, knees, np.full_like(trunk, 2.0), by_angles(angles), shift=drive.shift_m)

    return pose


def pullup(build: Build, rng: np.random.Generator) -> Mover:
    """Return pull-ups from a hang of 5..15 degrees of elbow flexion to 100..130, the hands on the bar."""
    hang, bent, wider = rng.uniform(5, 15), rng.uniform(100, 130), rng.uniform(-0.02, 0.07) * build.stature
    lean, knee, hip = rng.uniform(-15, -3), rng.uniform(5, 85), rng.uniform(-5, 15)
    bar, drawn = rng.uniform(1.25, 1.35) * build.stature, rng.uniform(0.03, 0.08) * build.stature

    def pose(drive: Drive) -> Posture:
        e = drive.both
        torso = Torso(lean * np.clip(e, 0, None) + 1.5 * drive.lean_deg, drive.lateral_deg, neck=-lean * e)
        reach = arm_span(build, hang + (bent - hang) * np.clip(e, 0, None))
        behind = drawn * np.clip(e, 0, 1)
        below = np.sqrt(reach**2 - wider**2 - behind**2)
        axes = torso.axes()
        pelvis = place(-behind, drive.shift_m, bar - below) - build.trunk * axes[1]
        still = np.zeros_like(e)
        leg = Leg(hip + 3 * drive.lean_deg, still + 2, still, still + knee, still - 25)
        arms = gripping(place(still, 0.0, bar), build.shoulder_half + wider)
        return posture_of(build, pelvis, torso, still, dict.fromkeys(SIDES, leg), arms)

    return pose


def gripping(middle: Array, half_m: float) -> Arms:
    """Return arms whose wrists are at a level bar, `half_m` to each side of its middle (frames, 3), elbows down."""

    def arms(upper: Upper) -> dict[Side, Arm]:
        x, y, z = upper.thorax
        limbs: dict[Side, Arm] = {}
        for side in SIDES:
            wrist = middle - outward(side) * half_m * LEFT
            towards = 0.3 * x - y + 0.5 * outward(side) * z
            limbs[side] = reach_arm(upper.build, upper.thorax, upper.shoulders[side], wrist, towards, side)
        return limbs

    return arms
