"""What a synthetic recording shall show: who does what, how it is filmed and how the pose model errs."""

from dataclasses import dataclass
from typing import Final, Literal

from motus_samples.body import Side

View = Literal["lateral", "oblique", "frontal"]
VIEWS: Final[tuple[View, ...]] = ("lateral", "oblique", "frontal")
Profile = Literal["clean", "good", "medium", "hard", "foreign"]
PROFILES: Final[tuple[Profile, ...]] = ("clean", "good", "medium", "hard", "foreign")
Tempo = Literal["explosive", "controlled"]
Crop = Literal["none", "feet", "hands"]


class ScriptError(ValueError):
    """The recording that was asked for cannot be made; the message says why."""


@dataclass(frozen=True)
class Script:
    """A recording to make. Whatever is None comes from the seed.

    The seed's draws are separate per concern: body and movement do not change with the view, the camera not with the
    noise, and a planted knob changes nothing else.

    Attributes:
        movement: One of `MOVEMENTS`.
        reps: Repetitions of each set; 4 to 12 from the seed.
        fps: Frames in a second, 15 to 60.
        seconds: Length of what has no repetitions: idle, plank, walk, run and the nameless.
        sets: Sets with a rest of `rest_s` between them.
        fatigue: 0 none to 1: slower lifting, less range, more scatter, tremor, lean, valgus and pauses (biomech 11);
            lower jumps. Fatigue, asymmetry, tempo and partial repetitions do not act on throws, swings and gait.
        asymmetry: Share of its range that the weak side leaves out, 0 to 0.2; in deep squats the pelvis cannot tilt
            far enough for all of it.
        lag_s: Delay of the weak side, 0 to 0.15 s.
        tempo: Lifting in 0.3 to 0.5 s, or in more than 0.8 s.
        shaky: A tremor of 3 to 5 degrees at 3 to 6 Hz during the repetitions.
        alternating: Sides take turns, where the movement has that; from the seed if None.
        partials: Repetitions of less than half the range among the full ones.
        double_dip: Each repetition comes back a little at its turn and goes again; it counts once.
        setup: Getting into position before the first set and out of it after the last one.
        mirrored: The picture is a mirror image, as selfie cameras give.
        drop_share: Share of frames that never arrive, 0 to 0.1, half of them in bursts of 0.2 to 1 s.
        jitter_s: Largest deviation of a frame's time from its place in the rate.
        yaw_deg: Where the camera stands: 0 in front of the athlete, 90 at the left, 180 behind.
        crop: What lies outside of the picture.
    """

    movement: str
    seed: int
    view: View = "lateral"
    noise: Profile = "medium"
    reps: int | None = None
    fps: float = 30.0
    seconds: float = 20.0
    sets: int = 1
    rest_s: float = 12.0
    fatigue: float = 0.0
    asymmetry: float = 0.0
    lag_s: float = 0.0
    weak_side: Side | None = None
    tempo: Tempo | None = None
    shaky: bool | None = None
    alternating: bool | None = None
    partials: int = 0
    double_dip: bool = False
    setup: bool = False
    mirrored: bool = False
    stature_m: float | None = None
    idle_before_s: float = 2.0
    idle_after_s: float = 2.0
    drop_share: float | None = None
    jitter_s: float | None = None
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    height_m: float | None = None
    portrait: bool | None = None
    crop: Crop = "none"

    def __post_init__(self) -> None:
        """Refuse what cannot be made.

        Raises:
            ScriptError: A value is out of its range.
        """
        if self.view not in VIEWS:
            raise ScriptError(f"unknown view {self.view!r}: choose one of {', '.join(VIEWS)}")
        if self.noise not in PROFILES:
            raise ScriptError(f"unknown noise {self.noise!r}: choose one of {', '.join(PROFILES)}")
        limits: tuple[tuple[str, float | None, float, float], ...] = (
            ("seed", self.seed, 0, 2**32),
            ("reps", self.reps, 0, 200),
            ("fps", self.fps, 5, 120),
            ("seconds", self.seconds, 1, 600),
            ("sets", self.sets, 1, 20),
            ("rest_s", self.rest_s, 1, 600),
            ("fatigue", self.fatigue, 0, 1),
            ("asymmetry", self.asymmetry, 0, 0.2),
            ("lag_s", self.lag_s, 0, 0.15),
            ("partials", self.partials, 0, 20),
            ("stature_m", self.stature_m, 1.2, 2.2),
            ("drop_share", self.drop_share, 0, 0.1),
            ("jitter_s", self.jitter_s, 0, 0.4 / self.fps),
            ("idle_before_s", self.idle_before_s, 0, 60),
            ("idle_after_s", self.idle_after_s, 0, 60),
        )
        for name, value, low, high in limits:
            if value is not None and not low <= value <= high:
                raise ScriptError(f"{name} is {value:g}: it must lie between {low:g} and {high:g}")
