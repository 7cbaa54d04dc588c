"""Movements on the floor."""

import numpy as np

from motus_samples.body import Build, Posture
from motus_samples.movements.floor import on_hands
from motus_samples.synthetic.drive import Drive, Mover


def pushup(build: Build, rng: np.random.Generator) -> Mover:
    """Return push-ups: elbows from nearly straight to 70..105 degrees."""
    top, bottom = rng.uniform(6, 14), rng.uniform(72, 105)
    wider, neck = rng.uniform(0.01, 0.045) * build.stature, rng.uniform(5, 22)

    def pose(drive: Drive) -> Posture:
        elbow = top + (bottom - top) * np.clip(drive.both, 0, None)
        return on_hands(build, elbow, top, wider, neck)

    return pose
