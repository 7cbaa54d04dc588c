"""Another pose model, whose errors have another structure than BlazePose's: for testing only, never for tuning.

Its landmarks sit wrong on the limb and turn with it, the whole body is tilted, the slow error is red noise with
sudden relocations, frames err heavy-tailed and limb by limb, a lost limb slides onto its twin, and the visibility
follows the error instead of the occlusion.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from motus_samples.body import Array
from motus_samples.synthetic.landmarks import LANDMARKS
from motus_samples.synthetic.noise import Guess, View, between, bursts, far_side, straighter
from motus_samples.synthetic.profiles import EXCHANGED, JITTER_M, SLOW_SHARE, Errors

_BONES: Final = ([12] * 11, [23, 24, 11, 12, 13, 14], [15, 16] * 3, [24, 23, 23, 24, 25, 26], [27, 28] * 2)
BONE_OF: Final = np.array([point for group in _BONES for point in group])
"""Where the bone comes from on whose far end each landmark lies."""
LIMBS: Final = (range(11), range(13, 23, 2), range(14, 23, 2), range(25, 33, 2), range(26, 33, 2), (11, 12, 23, 24))
MISPLACED_M: Final = np.array([0.018, 0.014, 0.014])
"""Spread of the misplacement along the bone and across it."""
TILT_DEG: Final = 5.0
GRID_HZ: Final = 30.0


def guess(view: View, errors: Errors, rng: np.random.Generator) -> Guess:
    """Return the foreign model's landmarks."""
    frames = len(view.t_s)
    body = straighter(view.body, rng.uniform(*errors.bent)) * (1.0, 1.0, rng.uniform(*errors.squash))
    body = body + errors.bias * _misplaced(body, rng)
    body = body @ _tilt(np.radians(rng.normal(0, TILT_DEG)))
    slow = errors.slow_m * SLOW_SHARE * _red(view.t_s, rng) * (0.9, 0.9, 1.8)
    slow *= 1 + far_side(view.body)[:, :, None]
    fast = errors.jitter * JITTER_M * _heavy(frames, rng)
    body = _slid(body + slow + fast, frames, errors, rng)
    return Guess(body, _sureness(slow + fast, view.inside, rng), ~bursts(np.full(frames, errors.lost), (1, 20), rng))


def _misplaced(body: Array, rng: np.random.Generator) -> Array:
    """Return displacements (frames, 33, 3) that are constant in the frames of the bones."""
    along = body - body[:, BONE_OF]
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    across = np.stack([-along[..., 1], along[..., 0], np.zeros(along.shape[:2])], axis=-1)
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 0.2)
    axes = np.stack([along, across, np.cross(along, across)], axis=-1)
    return np.asarray(np.einsum("npij,pj->npi", axes, MISPLACED_M * rng.normal(size=(LANDMARKS, 3))))


def _tilt(angle: float) -> Array:
    """Return the rotation about the picture's horizontal axis by which the whole body leans to or from the camera."""
    return np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])


def _red(t_s: Array, rng: np.random.Generator) -> Array:
    """Return red noise (Ornstein, Uhlenbeck) of about unit variance that now and then relocates, (frames, 33, 3)."""
    keep = np.exp(-1 / (GRID_HZ * rng.uniform(0.25, 1.2)))
    count = int(t_s[-1] * GRID_HZ) + 3
    moved = np.cumsum(rng.random(count) < 0.4 / GRID_HZ)
    levels = 0.6 * rng.normal(size=(int(moved[-1]) + 1, LANDMARKS * 3))
    white = np.sqrt(1 - keep**2) * 0.8 * rng.normal(size=(count, LANDMARKS * 3))
    start = 0.8 * keep * rng.normal(size=(1, LANDMARKS * 3))
    walk, _ = signal.lfilter([1.0], [1.0, -keep], white, axis=0, zi=start)
    return between(walk + levels[moved], t_s * GRID_HZ).reshape(-1, LANDMARKS, 3)


def _heavy(frames: int, rng: np.random.Generator) -> Array:
    """Return unit noise (Student, 4 degrees of freedom) that the points of a limb partly share, (frames, 33, 3)."""
    own = rng.standard_t(4, size=(frames, LANDMARKS, 3)) / np.sqrt(2.0)
    shared = np.empty_like(own)
    for limb in LIMBS:
        shared[:, list(limb)] = rng.standard_t(4, size=(frames, 1, 3)) / np.sqrt(2.0)
    return np.asarray(0.7 * own + 0.7 * shared)


def _slid(body: Array, frames: int, errors: Errors, rng: np.random.Generator) -> Array:
    """Return the landmarks with whole limbs drawn towards their twins for 3 to 12 frames."""
    body = body.copy()
    for limb in LIMBS[1:5]:
        points = list(limb)
        hit = bursts(np.full(frames, errors.swaps), (3, 12), rng)
        share = rng.uniform(0.4, 1.0) * hit[:, None, None]
        body[:, points] += share * (body[:, EXCHANGED[points]] - body[:, points])
    return body


def _sureness(error: Array, inside: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Return a visibility that falls with the error, noisy from frame to frame."""
    size = np.linalg.norm(error, axis=-1)
    doubt = (size - 0.05) / 0.02 + rng.normal(0, 0.5, size.shape)
    return np.where(inside, 0.35 + 0.64 / (1 + np.exp(doubt)), 0.2)
