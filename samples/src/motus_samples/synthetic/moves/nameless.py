"""What has no name in the register: side bends and knee raises, which repeat, and dancing, stretching and the like."""

import numpy as np

from motus_samples.body import FORWARD, SIDES, UP, Array, Build, Posture, Side, outward
from motus_samples.reach import hip_over_ankle, place
from motus_samples.stand import Arms, Feet, Torso, by_angles, hanging, lying_leg, on_feet, posture_of
from motus_samples.synthetic.courses import Course, keyed, steps, waves
from motus_samples.synthetic.drive import Drive, Mover
from motus_samples.synthetic.moves.still import LONGEST_S
from motus_samples.synthetic.setup import blend


def side_bend(build: Build, rng: np.random.Generator) -> Mover:
    """Return side bends of 20..38 degrees, one side's hand up or both arms hanging."""
    bend, feet = rng.uniform(20, 38), Feet(rng.uniform(0.03, 0.08) * build.stature, 10.0)
    high, soft = float(rng.choice([8.0, 165.0])), rng.uniform(4, 8)

    def pose(drive: Drive) -> Posture:
        tilt = bend * (drive.right - drive.left)
        torso = Torso(2 + drive.lean_deg, tilt + drive.lateral_deg)
        knees = dict.fromkeys(SIDES, np.full_like(tilt, soft))
        raised = 8 + (high - 8) * np.clip(np.abs(tilt) / bend, 0, 1)
        arms = by_angles({side: (np.where(outward(side) * tilt < 0, raised, 8.0), 15.0, 0.0, 15.0) for side in SIDES})
        return on_feet(build, feet, torso, knees, knees["left"] / 2, arms, shift=drive.shift_m + 0.001 * tilt)

    return pose


def knee_raise(build: Build, rng: np.random.Generator) -> Mover:
    """Return knees raised in turn to 70..105 degrees of hip flexion while the other leg stands."""
    hip, knee, soft = rng.uniform(70, 105), rng.uniform(80, 110), rng.uniform(4, 8)
    apart, swing, elbow = rng.uniform(0.0, 0.02) * build.stature, rng.uniform(0, 35), rng.uniform(10, 80)

    def pose(drive: Drive) -> Posture:
        still = np.zeros_like(drive.t_s)
        torso = Torso(2 + drive.lean_deg - 4 * drive.both, drive.lateral_deg)
        axes = torso.axes()
        ahead, height = hip_over_ankle(build, still + soft, still + soft / 2)
        pelvis = place(ahead, drive.shift_m, build.ankle_height + height - 0.004)
        legs = {}
        for side in SIDES:
            e = np.clip(drive.of(side), 0, None)
            ankle = _raised_ankle(build, pelvis, side, hip * e, np.maximum(knee * e, soft), apart)
            home = place(still, -outward(side) * (build.hip_half + apart), build.ankle_height)
            share = np.clip(e / 0.15, 0, 1)[:, None]
            legs[side] = lying_leg(
                build, axes, pelvis, home + share * (ankle - home), FORWARD + 0.3 * UP, -20 * e, side
            )
        arms = by_angles({side: (6 + swing * drive.of(_other(side)), 86.0, 0.0, elbow) for side in SIDES})
        return posture_of(build, pelvis, torso, still, legs, arms)

    return pose


def fidget(build: Build, rng: np.random.Generator) -> Mover:
    """Return someone who cannot stand still: hands to head, hips and pockets, shifting from foot to foot."""
    return _aimless(build, rng, every=(0.7, 3.0), arm=28.0, trunk=4.0, knee=4.0)


def dance(build: Build, rng: np.random.Generator) -> Mover:
    """Return someone who reaches, bounces and turns about without a plan."""
    return _aimless(build, rng, every=(0.4, 1.2), arm=45.0, trunk=10.0, knee=14.0)


def stretch(build: Build, rng: np.random.Generator) -> Mover:
    """Return someone who stretches: slow changes between far positions that are held."""
    return _aimless(build, rng, every=(3.0, 7.0), arm=75.0, trunk=18.0, knee=10.0)


def tie_shoe(build: Build, rng: np.random.Generator) -> Mover:
    """Return someone who fidgets, bends down to a shoe again and again for some seconds and comes up."""
    about = fidget(build, rng)
    knees, lean = rng.uniform(90, 120), rng.uniform(50, 70)
    down = rng.uniform(3, 6) + np.cumsum(rng.uniform(9, 15, int(LONGEST_S / 9)))
    lasts, busy = rng.uniform(3.5, 6, len(down)), waves(rng, 1.0, 2.5, 7.0)
    times = np.stack([down - 8, down - 6.9, down - 8 + lasts, down - 6.9 + lasts], axis=-1).ravel()
    levels = np.tile([0.0, 1.0, 1.0, 0.0], len(down))

    def pose(drive: Drive) -> Posture:
        t_s, still = drive.t_s, np.zeros_like(drive.t_s)
        torso = Torso(still + lean, neck=-10.0)
        low = on_feet(build, Feet(), torso, dict.fromkeys(SIDES, still + knees), still + 28, _busy_hands(busy(t_s)))
        return blend(about(drive), low, keyed(t_s, times, levels))

    return pose


def _busy_hands(busy: Array) -> Arms:
    return hanging(78 + 0.3 * busy, 30 + busy, 95.0)


def _aimless(
    build: Build, rng: np.random.Generator, *, every: tuple[float, float], arm: float, trunk: float, knee: float
) -> Mover:
    """Return movement from one random posture to the next, standing; sizes are standard deviations in degrees."""

    def course(size: float) -> Course:
        return steps(rng, LONGEST_S, every, size)

    feet = Feet(rng.uniform(0.01, 0.06) * build.stature, 12.0)
    lean, lateral, turn, twist, bend = (course(size) for size in (trunk, 0.5 * trunk, 0.6 * trunk, 0.8 * trunk, knee))
    shift = course(0.03)
    limbs = {side: [course(size) for size in (arm, 0.7 * arm, 0.6 * arm, arm)] for side in SIDES}

    def arm_of(side: Side, t_s: Array) -> tuple[Array, Array, Array, Array]:
        elevation, plane, axial, elbow = (one(t_s) for one in limbs[side])
        return np.minimum(8 + np.abs(elevation), 170), 50 + plane, axial, np.minimum(10 + np.abs(elbow), 140)

    def pose(drive: Drive) -> Posture:
        t_s = drive.t_s
        soft = 8 + np.minimum(np.abs(bend(t_s)), 70)
        torso = Torso(3 + drive.lean_deg + lean(t_s), lateral(t_s), turn(t_s), twist(t_s))
        arms = by_angles({side: arm_of(side, t_s) for side in SIDES})
        aside = drive.shift_m + np.clip(shift(t_s), -0.05, 0.05)
        return on_feet(build, feet, torso, dict.fromkeys(SIDES, soft), soft / 2, arms, shift=aside)

    return pose


def _raised_ankle(build: Build, pelvis: Array, side: Side, hip_deg: Array, knee_deg: Array, apart: float) -> Array:
    """Return the ankle of a leg that is raised by its hip with the knee bent, (frames, 3)."""
    hip, shank = np.radians(hip_deg), np.radians(hip_deg - knee_deg)
    ahead = build.thigh * np.sin(hip) + build.shank * np.sin(shank)
    below = build.thigh * np.cos(hip) + build.shank * np.cos(shank)
    aside = -outward(side) * (build.hip_half + apart)
    return np.stack([pelvis[:, 0] + ahead, np.full_like(ahead, aside), pelvis[:, 2] - below], axis=-1)


def _other(side: Side) -> Side:
    return "right" if side == "left" else "left"
