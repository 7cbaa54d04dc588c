"""The error model of BlazePose (biomech 9.2 and 11): what the pose model says where the body truly is."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from motus_samples.body import Array
from motus_samples.synthetic.landmarks import LANDMARKS
from motus_samples.synthetic.profiles import (
    BIAS_M,
    EXCHANGED,
    FAR_FACTOR,
    FOLLOWS,
    JITTER_M,
    LEFT,
    LIMB,
    OUTLIER_M,
    PARENT,
    RIGHT,
    SLOW_SHAPE,
    SLOW_SHARE,
    Errors,
)

SLOW_HZ: Final = 0.8
GRID_HZ: Final = 20.0
FAR_BAND: Final = (0.64, 0.94)
"""Share of the hip line along the line of sight from which on, and from which on fully, the body hides its far side:
about 40 and 70 degrees off the front."""
END_ON: Final = (0.7, 0.95)
"""Share of trunk and legs along the line of sight from which on, and from which on fully, the trunk hides the legs."""
LEGS: Final = slice(25, 33)
SEEN, UNSEEN, OUTSIDE = 0.97, (0.3, 0.7), (0.03, 0.3)
MEMORY: Final = 0.1
"""Weight of the newest frame in the visibility that MediaPipe states."""


@dataclass(frozen=True)
class View:
    """What the camera truly has before it.

    Attributes:
        t_s: Time of each frame.
        body: Landmarks about the middle of the hips in the camera's axes, (frames, 33, 3), metres.
        inside: Where the landmark lies within the picture, (frames, 33).
    """

    t_s: Array
    body: Array
    inside: NDArray[np.bool_]


@dataclass(frozen=True)
class Guess:
    """What the pose model says of it: landmarks as in `View.body`, visibility, and whether it found anybody."""

    body: Array
    visibility: Array
    found: NDArray[np.bool_]


def guess(view: View, errors: Errors, rng: np.random.Generator) -> Guess:
    """Return the pose model's landmarks; errors that last a session are drawn once, bias before all else."""
    frames = len(view.t_s)
    hidden = far_side(view.body)
    body = view.body * (1.0, 1.0, rng.uniform(*errors.squash))
    body = straighter(body, rng.uniform(*errors.bent))
    alike = rng.uniform(-0.3, 0.5)
    bias = errors.bias * BIAS_M * related(rng.normal(size=(1, LANDMARKS, 3)), alike)
    slow = errors.slow_m * SLOW_SHAPE * SLOW_SHARE * related(slow_waves(view.t_s, rng), alike)
    unsure = np.maximum(hidden, ~view.inside)
    slow *= 1 + (FAR_FACTOR - 1) * unsure[:, :, None]
    jitter = errors.jitter * JITTER_M * rng.normal(size=(frames, LANDMARKS, 3))
    body = body + bias + slow + jitter + _outliers(frames, rng.uniform(*errors.outliers), rng)
    turned = hidden[:, [13, 14]].max(axis=1) > 0.3
    body = _swapped(body, bursts(turned * errors.swaps, (2, 6), rng), rng)
    return Guess(body, _visibility(hidden, view.inside, rng), ~bursts(np.full(frames, errors.lost), (2, 10), rng))


def far_side(body: Array) -> Array:
    """Return how much the body hides of each landmark, 0 to 1: its far side, or legs behind the trunk, (frames, 33)."""
    right = body[:, 24] - body[:, 23] + body[:, 12] - body[:, 11]
    depth = right[:, 2] / np.linalg.norm(right, axis=-1)
    low, high = FAR_BAND
    hidden = np.zeros(body.shape[:2])
    for points, away in ((LEFT, -depth), (RIGHT, depth)):
        ramp = np.clip((away - low) / (high - low), 0, 1)
        hidden[:, points] = LIMB[points] * ramp[:, None]
    hidden[:, LEGS] = np.maximum(hidden[:, LEGS], _behind_trunk(body)[:, None])
    return hidden


def _behind_trunk(body: Array) -> Array:
    """Return how much the trunk hides the legs because the body lies with its head towards the camera, (frames,)."""
    hips = body[:, [23, 24]].mean(axis=1)
    shoulders, ankles = body[:, [11, 12]].mean(axis=1) - hips, body[:, [27, 28]].mean(axis=1) - hips
    nearer = -shoulders[:, 2] / np.linalg.norm(shoulders, axis=-1)
    farther = ankles[:, 2] / np.linalg.norm(ankles, axis=-1)
    low, high = END_ON
    return np.asarray(np.clip((np.minimum(nearer, farther) - low) / (high - low), 0, 1))


def straighter(body: Array, share: float) -> Array:
    """Return the landmarks with each knee drawn towards the line from hip to ankle.

    A knee of equal segments then bends by `share` of its flexion.
    """
    body = body.copy()
    for hip, knee, ankle in ((23, 25, 27), (24, 26, 28)):
        line = body[:, ankle] - body[:, hip]
        along = np.sum((body[:, knee] - body[:, hip]) * line, axis=-1) / np.sum(line * line, axis=-1)
        foot = body[:, hip] + along[:, None] * line
        off = body[:, knee] - foot
        half = np.arctan2(2 * np.linalg.norm(off, axis=-1), np.linalg.norm(line, axis=-1))
        keep = np.tan(share * half) / np.maximum(np.tan(half), 1e-9)
        body[:, knee] = foot + keep[:, None] * off
    return body


def related(errors: Array, alike: float) -> Array:
    """Return unit errors (..., 33, 3) correlated within hands, feet and face, and by `alike` between the sides."""
    errors = errors.copy()
    errors[:, RIGHT] = alike * errors[:, LEFT] + np.sqrt(1 - alike**2) * errors[:, RIGHT]
    for child, parent in PARENT.items():
        errors[:, child] = FOLLOWS * errors[:, parent] + np.sqrt(1 - FOLLOWS**2) * errors[:, child]
    return errors


def slow_waves(t_s: Array, rng: np.random.Generator) -> Array:
    """Return noise of unit variance below 0.8 Hz for each landmark and axis, (frames, 33, 3)."""
    start = 2.0
    count = int((t_s[-1] + 2 * start) * GRID_HZ) + 2
    sections = signal.butter(2, SLOW_HZ, fs=GRID_HZ, output="sos")
    gain = np.sqrt(np.sum(signal.sosfilt(sections, np.eye(1, 400)[0]) ** 2))
    grid = signal.sosfilt(sections, rng.normal(size=(count, LANDMARKS * 3)), axis=0) / gain
    return between(grid, (t_s + start) * GRID_HZ).reshape(-1, LANDMARKS, 3)


def between(grid: Array, at: Array) -> Array:
    """Return rows of a grid at fractional indices, linear between its rows."""
    index = at.astype(int)
    share = (at - index)[:, None]
    return np.asarray((1 - share) * grid[index] + share * grid[index + 1])


def bursts(chance: Array, frames: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which frames lie in a burst; one begins in each frame by its chance and lasts `frames`, both included."""
    hit = np.zeros(len(chance), dtype=bool)
    for first in np.flatnonzero(rng.random(len(chance)) < chance):
        hit[first : first + int(rng.integers(frames[0], frames[1] + 1))] = True
    return hit


def _outliers(frames: int, share: float, rng: np.random.Generator) -> Array:
    away = np.zeros((frames, LANDMARKS, 3))
    hit = rng.random((frames, LANDMARKS)) < share
    direction = rng.normal(size=(int(hit.sum()), 3))
    away[hit] = OUTLIER_M * direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    return away


def _swapped(body: Array, hit: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Return the landmarks with legs, arms or all of the body exchanged in the frames that are hit."""
    which = (np.arange(LANDMARKS), np.arange(25, LANDMARKS), np.arange(13, 23))[int(rng.integers(3))]
    body = body.copy()
    rows = np.flatnonzero(hit)
    body[np.ix_(rows, which)] = body[np.ix_(rows, EXCHANGED[which])]
    return body


def _visibility(hidden: Array, inside: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Return the visibility as MediaPipe states it: a moving average over about ten frames."""
    far = rng.uniform(*UNSEEN, LANDMARKS)
    outside = rng.uniform(*OUTSIDE, LANDMARKS)
    target = np.where(inside, SEEN + (far - SEEN) * hidden, outside) + rng.normal(0, 0.01, hidden.shape)
    start = (1 - MEMORY) * target[:1]
    averaged, _ = signal.lfilter([MEMORY], [1, MEMORY - 1], target, axis=0, zi=start)
    return np.asarray(np.clip(averaged, 0.0, 1.0))
