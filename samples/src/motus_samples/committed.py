"""The committed clips: which they are, and how they are made again."""

from typing import Final

from motus_samples.spec import ClipSpec

COMMITTED: Final[dict[str, ClipSpec]] = {
    "squat": ClipSpec("squat", seed=7, reps=4, azimuth_deg=8),
    "pushup": ClipSpec("pushup", seed=4, reps=4, azimuth_deg=8),
    "lunge": ClipSpec("lunge", seed=2, reps=4, azimuth_deg=-6, eccentric_s=1.2, concentric_s=1.1),
    "jump": ClipSpec("jump", seed=11, reps=4, azimuth_deg=10),
    "hinge": ClipSpec("hinge", seed=3, reps=4, azimuth_deg=5),
    "press": ClipSpec("press", seed=12, reps=4, azimuth_deg=20),
    "curl": ClipSpec("curl", seed=5, reps=4, azimuth_deg=10),
}
"""The committed clips by the stem of their files."""
