"""What a clip shall show: exercise, seed, camera and the faults planted in it."""

from dataclasses import dataclass, field
from typing import Final, Literal

from motus_samples.body import Side

Exercise = Literal["squat", "pushup", "lunge", "jump", "hinge", "deadlift", "press", "curl"]
EXERCISES: Final[tuple[Exercise, ...]] = (
    "squat",
    "pushup",
    "lunge",
    "jump",
    "hinge",
    "deadlift",
    "press",
    "curl",
)
LungeLegs = Literal["alternate", "left", "right"]
FaultKind = Literal["shallow", "fast_eccentric", "lean", "asymmetry"]

FAULTS_OF: Final[dict[Exercise, tuple[FaultKind, ...]]] = {
    "squat": ("shallow", "fast_eccentric", "lean", "asymmetry"),
    "lunge": ("shallow", "fast_eccentric", "lean", "asymmetry"),
    "pushup": ("shallow", "fast_eccentric"),
    "hinge": ("shallow", "fast_eccentric"),
    "deadlift": ("shallow", "fast_eccentric"),
    "press": ("shallow", "fast_eccentric", "asymmetry"),
    "curl": ("shallow", "fast_eccentric", "asymmetry"),
    "jump": (),
}
"""Faults that can be planted in each exercise."""


class SpecError(ValueError):
    """The clip that was asked for cannot be made; the message says why."""


@dataclass(frozen=True)
class Faults:
    """Faults to plant; the defaults plant none.

    Attributes:
        shallow: Share of the full range of motion that is left out, 0 to 0.7.
        fast_eccentric_s: Time of the lowering half in seconds.
        lean_deg: Trunk lean on top of the usual at the turn.
        asymmetry: Share of its range that the weak side leaves out, 0 to 0.5; a squat's pelvis cannot tilt
            far enough for more than about 0.15.
        weak_side: The side that moves less.
        reps: Numbers from 0 of the reps with the faults; None: all.
    """

    shallow: float = 0.0
    fast_eccentric_s: float | None = None
    lean_deg: float = 0.0
    asymmetry: float = 0.0
    weak_side: Side = "right"
    reps: tuple[int, ...] | None = None

    def amounts(self) -> dict[FaultKind, float]:
        """Return the planted faults with their amounts."""
        planted: dict[FaultKind, float] = {}
        if self.shallow:
            planted["shallow"] = self.shallow
        if self.fast_eccentric_s is not None:
            planted["fast_eccentric"] = self.fast_eccentric_s
        if self.lean_deg:
            planted["lean"] = self.lean_deg
        if self.asymmetry:
            planted["asymmetry"] = self.asymmetry
        return planted

    def hit(self, rep: int) -> bool:
        """Return whether the faults are in the rep of this number."""
        return bool(self.amounts()) and (self.reps is None or rep in self.reps)


@dataclass(frozen=True)
class ClipSpec:
    """A clip to make. Whatever is None comes from the seed: build, tempo, camera, light and clothes always do.

    Attributes:
        azimuth_deg: Camera's turn off the side view, positive towards the athlete's front; 90 is the front view.
        near_side: The side of the athlete that the camera sees.
        lunge_legs: The leg that stays in front, for lunges.
        eccentric_s: Mean time of the lowering half.
        concentric_s: Mean time of the lifting half.
    """

    exercise: Exercise
    seed: int = 0
    reps: int = 4
    azimuth_deg: float | None = None
    near_side: Side | None = None
    lunge_legs: LungeLegs = "alternate"
    eccentric_s: float | None = None
    concentric_s: float | None = None
    idle_before_s: float = 1.0
    idle_after_s: float = 1.0
    faults: Faults = field(default_factory=Faults)
    fps: int = 30
    width: int = 640
    height: int = 360

    def __post_init__(self) -> None:
        """Refuse what cannot be made.

        Raises:
            SpecError: A value is out of its range or a fault does not exist for the exercise.
        """
        if self.exercise not in EXERCISES:
            raise SpecError(f"unknown exercise {self.exercise!r}: choose one of {', '.join(EXERCISES)}")
        self._check_ranges()
        for kind in self.faults.amounts():
            if kind not in FAULTS_OF[self.exercise]:
                known = ", ".join(FAULTS_OF[self.exercise]) or "none"
                raise SpecError(f"fault {kind!r} cannot be planted in a {self.exercise}: choose from {known}")
        if self.exercise == "lunge" and self.faults.asymmetry and self.lunge_legs != "alternate":
            raise SpecError("an asymmetric lunge needs alternating legs")

    def _check_ranges(self) -> None:
        limits: tuple[tuple[str, float | None, float, float], ...] = (
            ("seed", self.seed, 0, 2**32),
            ("reps", self.reps, 0, 100),
            ("azimuth_deg", self.azimuth_deg, -90, 90),
            ("eccentric_s", self.eccentric_s, 0.2, 20),
            ("concentric_s", self.concentric_s, 0.2, 20),
            ("idle_before_s", self.idle_before_s, 0, 60),
            ("idle_after_s", self.idle_after_s, 0, 60),
            ("fps", self.fps, 5, 120),
            ("width", self.width, 64, 1920),
            ("height", self.height, 64, 1920),
            ("shallow", self.faults.shallow, 0, 0.7),
            ("fast_eccentric_s", self.faults.fast_eccentric_s, 0.2, 20),
            ("lean_deg", self.faults.lean_deg, 0, 45),
            ("asymmetry", self.faults.asymmetry, 0, 0.5),
        )
        for name, value, low, high in limits:
            if value is not None and not low <= value <= high:
                raise SpecError(f"{name} is {value:g}: it must lie between {low:g} and {high:g}")
        if self.width % 2 or self.height % 2:
            raise SpecError(f"width and height must be even for the encoder, not {self.width}x{self.height}")
