"""Standing about: sway, weight shifts and small fidgets."""

import numpy as np

from motus_samples.body import SIDES, Build, Posture
from motus_samples.stand import Feet, Torso, by_angles, on_feet
from motus_samples.synthetic.courses import steps
from motus_samples.synthetic.drive import Drive, Mover

LONGEST_S = 600.0


def idle(build: Build, rng: np.random.Generator) -> Mover:
    """Return someone who stands, shifts their weight, looks about and moves a hand now and then."""
    feet = Feet(rng.uniform(0.0, 0.05) * build.stature, rng.uniform(3, 20))
    until = LONGEST_S
    shift, lean, turn = (steps(rng, until, (2.0, 9.0), size) for size in (0.02, 2.0, 3.0))
    lifts = {side: steps(rng, until, (3.0, 12.0), 6.0) for side in SIDES}
    bends = {side: steps(rng, until, (3.0, 12.0), 14.0) for side in SIDES}

    def pose(drive: Drive) -> Posture:
        t_s = drive.t_s
        soft = 7 + np.clip(2 * shift(t_s) / 0.02, -2, 4)
        torso = Torso(2 + drive.lean_deg + lean(t_s), drive.lateral_deg, twist=turn(t_s))
        arms = by_angles(
            {side: (7 + np.abs(lifts[side](t_s)), 70.0, 0.0, 14 + np.abs(bends[side](t_s))) for side in SIDES}
        )
        knees = dict.fromkeys(SIDES, soft)
        return on_feet(
            build, feet, torso, knees, soft / 2, arms, shift=drive.shift_m + np.clip(shift(t_s), -0.04, 0.04)
        )

    return pose
