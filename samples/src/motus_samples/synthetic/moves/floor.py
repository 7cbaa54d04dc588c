"""Movements on the floor, on a bench and on a chair."""

from collections.abc import Mapping

import numpy as np

from motus_samples.body import FORWARD, SIDES, UP, Arm, Array, Build, Posture, Side, outward
from motus_samples.movements.floor import on_forearms, on_hands
from motus_samples.reach import arm_span, place
from motus_samples.stand import (
    Arms,
    Feet,
    Torso,
    Upper,
    gravity_arms,
    lying_leg,
    on_feet,
    posture_of,
    reaching,
)
from motus_samples.synthetic.drive import Drive, Mover

HIP_THICKNESS = 0.055
"""Height of the hip's centre above what somebody sits or lies on, of stature."""


def pushup(build: Build, rng: np.random.Generator) -> Mover:
    """Return push-ups: elbows from nearly straight to 72..105 degrees."""
    top, bottom = rng.uniform(6, 14), rng.uniform(72, 105)
    wider, neck = rng.uniform(0.01, 0.045) * build.stature, rng.uniform(5, 22)

    def pose(drive: Drive) -> Posture:
        elbow = top + (bottom - top) * np.clip(drive.both, 0, None)
        return on_hands(build, elbow, top, wider, neck)

    return pose


def plank(build: Build, rng: np.random.Generator) -> Mover:
    """Return planks on the forearms or on the hands, hardly moving."""
    neck, elbow, high = rng.uniform(0, 20), rng.uniform(5, 12), rng.random() < 0.4
    wider, breath = rng.uniform(0.0, 0.03) * build.stature, rng.uniform(0.2, 0.6)

    def pose(drive: Drive) -> Posture:
        sway = breath * drive.lean_deg
        if high:
            return on_hands(build, elbow + np.abs(2 * sway), elbow, wider, neck)
        return on_forearms(build, sway, neck)

    return pose


def bench(build: Build, rng: np.random.Generator) -> Mover:
    """Return bench presses: elbows to 75..105 degrees beside the trunk, forearms upright below the bar."""
    drop, aside = np.radians(rng.uniform(75, 105) - 90), np.radians(rng.uniform(50, 80))
    seat, feet_ahead = rng.uniform(0.24, 0.28) * build.stature, rng.uniform(0.14, 0.24) * build.stature
    apart, straight = rng.uniform(0.05, 0.12) * build.stature, rng.uniform(5, 14)
    upper, fore = build.upper_arm / build.stature, build.forearm / build.stature
    low = np.array(
        [fore - upper * np.sin(drop), -upper * np.cos(drop) * np.cos(aside), upper * np.cos(drop) * np.sin(aside)]
    )
    high, bent = np.array([0.3, rng.uniform(-0.03, 0.0), 0.04]), 90 + np.degrees(drop)

    def pose(drive: Drive) -> Posture:
        still = np.zeros_like(drive.t_s)
        torso = Torso(still - 90.0 + 0.3 * drive.lean_deg)
        pelvis = place(still, 0.0, seat + HIP_THICKNESS * build.stature)
        wrists = {
            side: along(high, low, e, arm_span(build, straight + (bent - straight) * e) / build.stature)
            for side, e in drive.sides.items()
        }
        return seated(build, torso, pelvis, feet_ahead, apart, sided_reach(wrists, elbow=(-0.4, -0.5, 1.0)))

    return pose


def situp(build: Build, rng: np.random.Generator) -> Mover:
    """Return sit-ups from lying to 0..20 degrees short of upright or, as crunches, 35..50; knees bent."""
    crunch = rng.random() < 0.25
    top = rng.uniform(-50, -35) if crunch else rng.uniform(-20, 0)
    feet_ahead, apart = rng.uniform(0.28, 0.36) * build.stature, rng.uniform(0.0, 0.04) * build.stature
    hold, rounded = int(rng.integers(3)), rng.uniform(20, 50)

    def pose(drive: Drive) -> Posture:
        e = drive.both
        curled = np.clip(e, 0, 1)
        torso = Torso(-86 + (top + 86) * e + 0.3 * drive.lean_deg, neck=-15 * curled, spine=rounded * curled)
        still = np.zeros_like(e)
        pelvis = place(still, 0.0, HIP_THICKNESS * build.stature)
        arms = (
            reaching(0.02, 0.11, 0.02, elbow=(0.5, 0.2, 1.0)),
            reaching(0.09, -0.03, -0.15, elbow=(0.6, -1.0, 0.5)),
            reaching(0.12 + 0.12 * e, -0.16 + 0.06 * e, -0.02),
        )[hold]
        return seated(build, torso, pelvis, feet_ahead, apart, arms)

    return pose


def russian_twist(build: Build, rng: np.random.Generator) -> Mover:
    """Return Russian twists: leaned back, thorax from 35..60 degrees left to as much right and back."""
    lean, turn = rng.uniform(-50, -25), rng.uniform(35, 60)
    feet_ahead, lifted = rng.uniform(0.3, 0.38) * build.stature, rng.choice([0.0, 0.09]) * build.stature

    def pose(drive: Drive) -> Posture:
        turned = turn * (1 - 2 * drive.both) * drive.busy
        torso = Torso(lean + drive.lean_deg, 0.1 * turned, twist=turned)
        pelvis = place(np.zeros_like(turned), 0.0, HIP_THICKNESS * build.stature)
        arms = reaching(0.17, -0.1 - 0.03 * np.abs(turned) / turn, -0.1)
        return seated(build, torso, pelvis, feet_ahead, 0.0, arms, lifted=lifted)

    return pose


def sit_to_stand(build: Build, rng: np.random.Generator) -> Mover:
    """Return getting up from a chair and sitting down again: knees from 80..100 degrees, trunk to 30..50 on the way."""
    sitting, standing, lean = rng.uniform(80, 100), rng.uniform(4, 10), rng.uniform(30, 50)
    upright, shank = rng.uniform(0, 10), rng.uniform(0, 8)
    feet, hold = Feet(rng.uniform(0.0, 0.05) * build.stature, 8.0), int(rng.integers(2))

    def pose(drive: Drive) -> Posture:
        e = np.clip(drive.both, -0.02, 1.05)
        on_way = np.clip(6.75 * e * (1 - e) ** 2, 0, None)
        trunk = upright * (1 - e) + 2 * e + (lean + 12 * drive.tired) * on_way + drive.lean_deg * e
        knees = {side: sitting + (standing - sitting) * np.clip(drive.of(side), -0.02, 1.02) for side in SIDES}
        arms = (reaching(0.09, -0.05, -0.15, elbow=(0.3, -1.0, 0.5)), gravity_arms(25.0 - 15 * e, 10 * (1 - e)))[hold]
        torso = Torso(trunk, drive.lateral_deg * e, neck=0.3 * trunk)
        tilt = shank * (1 - e) + 2 * e + 15 * on_way
        return on_feet(build, feet, torso, knees, tilt, arms, shift=drive.shift_m * e)

    return pose


def seated(
    build: Build, torso: Torso, pelvis: Array, feet_ahead: float, apart: float, arms: Arms, *, lifted: float = 0.0
) -> Posture:
    """Return somebody who sits or lies with the feet on the floor ahead of the hips, or `lifted` above it."""
    axes = torso.axes()
    legs = {}
    for side in SIDES:
        ankle = np.array([feet_ahead, -outward(side) * (build.hip_half + apart), build.ankle_height + lifted])
        legs[side] = lying_leg(build, axes, pelvis, ankle, UP + 0.2 * FORWARD, 0.0, side)
    return posture_of(build, pelvis, torso, np.zeros(len(pelvis)), legs, arms)


def along(rest: Array, turn: Array, share: Array, far: Array) -> Array:
    """Return spots (frames, 3) that turn from one direction to another by a share, `far` off, (frames,)."""
    one, other = (way / np.linalg.norm(way) for way in (rest, turn))
    between = one + share[:, None] * (other - one)
    return np.asarray(far[:, None] * between / np.linalg.norm(between, axis=-1, keepdims=True))


def sided_reach(wrists: Mapping[Side, Array], elbow: tuple[float, float, float]) -> Arms:
    """Return arms whose wrists are at a spot off their shoulder (`Upper.spot`), (frames, 3) for each side."""

    def arms(upper: Upper) -> dict[Side, Arm]:
        return {side: reaching(*spots.T, elbow=elbow)(upper)[side] for side, spots in wrists.items()}

    return arms
