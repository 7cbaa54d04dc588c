"""How large the pose model's errors are: BlazePose's (biomech 9.2 and 11) in four sizes, and a foreign model's."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_samples.synthetic.landmarks import FACE, LANDMARKS
from motus_samples.synthetic.script import Profile

Range = tuple[float, float]


@dataclass(frozen=True)
class Errors:
    """Sizes of the errors of one profile.

    Attributes:
        bias: Constant displacement of each landmark in a session, times 12, 12 and 30 mm.
        slow_m: Standard deviation of the slow error (below 0.8 Hz) across the picture; in depth twice that.
        jitter: White error of each frame, times the table of biomech 9.2.
        squash: Depth is compressed by a factor drawn from this range.
        bent: Bent knees look less bent by a factor drawn from this range.
        outliers: Share of landmarks displaced by 15 cm, drawn from this range.
        swaps: Chance per frame that left and right change places for 2 to 6 frames, seen from the side.
        lost: Chance per frame that nobody is found for 2 to 10 frames.
        drops: Share of frames that never arrive, drawn from this range.
        late_s: Deviation of a frame's time from its place in the rate, drawn from this range.
    """

    bias: float
    slow_m: float
    jitter: float
    squash: Range
    bent: Range
    outliers: Range
    swaps: float
    lost: float
    drops: Range
    late_s: Range


ERRORS: Final[dict[Profile, Errors]] = {
    "clean": Errors(0, 0, 0, (1, 1), (1, 1), (0, 0), 0, 0, (0, 0), (0, 0)),
    "good": Errors(0.8, 0.012, 0.5, (0.85, 1), (0.93, 1), (0, 0.001), 0.0002, 0.0, (0, 0.01), (0, 0.004)),
    "medium": Errors(1.0, 0.018, 1.0, (0.75, 1), (0.88, 1), (0.001, 0.003), 0.0005, 0.0002, (0, 0.03), (0, 0.008)),
    "hard": Errors(1.0, 0.025, 1.2, (0.7, 1), (0.85, 1), (0.002, 0.005), 0.001, 0.001, (0.02, 0.1), (0.004, 0.008)),
    "foreign": Errors(1.0, 0.018, 1.0, (0.8, 1.1), (0.9, 1), (0.0005, 0.002), 0.0005, 0.0005, (0, 0.05), (0, 0.008)),
}
BIAS_M: Final = np.array([0.012, 0.012, 0.030])
SLOW_SHAPE: Final = np.array([1.0, 1.0, 2.0])
OUTLIER_M: Final = 0.15
FAR_FACTOR: Final = 2.5
"""Slow error of what the body hides, against what the camera sees."""


def _per_landmark(rest: float | tuple[float, float, float], **values: float | tuple[float, float, float]) -> np.ndarray:
    groups = {
        "face": list(FACE),
        "shoulders": [11, 12],
        "elbows": [13, 14],
        "wrists": list(range(15, 23)),
        "hips": [23, 24],
        "knees": [25, 26],
        "ankles": [27, 28],
        "feet": [29, 30, 31, 32],
    }
    table = np.full((LANDMARKS, np.size(rest)), rest, dtype=float)
    for name, value in values.items():
        table[groups[name]] = value
    return table


JITTER_M: Final = 0.001 * _per_landmark(
    (6.0, 7.0, 14.0),
    hips=(2.0, 1.0, 2.0),
    shoulders=(4.0, 4.0, 9.0),
    elbows=(6.0, 5.0, 12.0),
    wrists=(6.0, 6.0, 18.0),
    knees=(5.0, 5.0, 10.0),
    ankles=(7.0, 6.0, 14.0),
    feet=(8.0, 7.0, 16.0),
)
"""White error of each landmark, (33, 3): third-difference spread of unsmoothed landmarks (biomech 9.2)."""
SLOW_SHARE: Final = _per_landmark(1.0, hips=0.3, shoulders=0.6, face=0.6, knees=0.8, ankles=0.9, wrists=1.1)
"""Slow error of each landmark against the profile's, (33, 1)."""
LIMB: Final = _per_landmark(1.0, hips=0.15, shoulders=0.2, face=0.4)[:, 0]
"""How much of each landmark the body hides when its side is the far one, (33,)."""
PARENT: Final = {17: 15, 19: 15, 21: 15, 18: 16, 20: 16, 22: 16, 29: 27, 31: 27, 30: 28, 32: 28} | {
    point: 0 for point in FACE if point
}
"""Landmarks whose slow errors go with another one's: hands with wrists, feet with ankles, the face as a whole."""
FOLLOWS: Final = 0.85
"""Correlation with the parent."""
LEFT: Final = np.array([1, 2, 3, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31])
RIGHT: Final = np.array([4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32])
EXCHANGED: Final = np.arange(LANDMARKS)
EXCHANGED[LEFT], EXCHANGED[RIGHT] = RIGHT, LEFT
"""Every landmark's twin of the other side."""
