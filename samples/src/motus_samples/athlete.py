"""Who is in the clip and how it is filmed, drawn from a seed: build, clothes, light and camera."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from motus_samples.body import SIDES, UP, Array, Build, Side
from motus_samples.spec import ClipSpec

Colour = tuple[int, int, int]

SKINS: Final[tuple[Colour, ...]] = ((241, 204, 177), (224, 172, 140), (198, 140, 103), (150, 98, 68), (104, 66, 46))
HAIRS: Final[tuple[Colour, ...]] = ((34, 26, 22), (70, 46, 30), (112, 74, 42), (176, 136, 82), (58, 54, 54))
SHIRTS: Final[tuple[Colour, ...]] = ((178, 34, 44), (24, 92, 168), (22, 122, 84), (214, 96, 24), (92, 48, 140))
SHORTS: Final[tuple[Colour, ...]] = ((28, 30, 36), (22, 34, 66), (58, 60, 66), (64, 22, 34))
SHOES: Final[tuple[Colour, ...]] = ((236, 236, 232), (30, 30, 34), (200, 60, 40), (40, 90, 170))
WALLS: Final[tuple[Colour, ...]] = ((205, 214, 222), (214, 208, 196), (190, 204, 198), (222, 222, 226))
FLOORS: Final[tuple[Colour, ...]] = ((150, 132, 108), (126, 132, 138), (164, 150, 130), (112, 122, 116))


@dataclass(frozen=True)
class Look:
    """Colours (red, green, blue) and light of a clip; `key_light` and `fill_light` are shares of full light."""

    skin: Colour
    hair: Colour
    shirt: Colour
    shorts: Colour
    shoes: Colour
    wall: Colour
    floor: Colour
    long_hair: bool
    long_trousers: bool
    key_light: float
    fill_light: float


@dataclass(frozen=True)
class Camera:
    """Where the camera stands: metres and degrees.

    Attributes:
        azimuth_deg: Turn off the side view, positive towards the athlete's front.
        near_side: The side of the athlete that it sees.
        distance_m: From the middle of the movement along the floor.
        view_angle_deg: Vertical field of view.
    """

    azimuth_deg: float
    near_side: Side
    position: tuple[float, float, float]
    target: tuple[float, float, float]
    distance_m: float
    height_m: float
    view_angle_deg: float


Stream = Literal["body", "motion", "look", "camera"]


def stream(spec: ClipSpec, name: Stream) -> np.random.Generator:
    """Return the random numbers of one concern, so that planting a fault changes neither clothes nor camera."""
    return np.random.default_rng([spec.seed, ("body", "motion", "look", "camera").index(name)])


def draw_build(rng: np.random.Generator) -> Build:
    """Return a build: 1.55 to 1.95 m, single segments within 3 % of the average share."""
    names = ("thigh", "shank", "trunk", "upper_arm", "forearm", "foot", "hip_half", "shoulder_half")
    stature, girth = rng.uniform(1.55, 1.95), rng.uniform(0.92, 1.12)
    return Build.of_stature(stature, girth, {name: float(rng.uniform(0.97, 1.03)) for name in names})


def draw_look(rng: np.random.Generator) -> Look:
    """Return clothes, hair, room and light."""

    def pick(palette: tuple[Colour, ...]) -> Colour:
        return palette[int(rng.integers(len(palette)))]

    return Look(
        skin=pick(SKINS),
        hair=pick(HAIRS),
        shirt=pick(SHIRTS),
        shorts=pick(SHORTS),
        shoes=pick(SHOES),
        wall=pick(WALLS),
        floor=pick(FLOORS),
        long_hair=bool(rng.random() < 0.4),
        long_trousers=bool(rng.random() < 0.3),
        key_light=float(rng.uniform(0.55, 0.75)),
        fill_light=float(rng.uniform(0.25, 0.4)),
    )


def place_camera(spec: ClipSpec, points: Array, rng: np.random.Generator) -> Camera:
    """Return a camera that keeps all `points` (any number, 3; metres) in view with a margin drawn from the seed."""
    azimuth, near = float(rng.uniform(-25, 25)), SIDES[int(rng.integers(2))]
    height, view, margin = rng.uniform(0.85, 1.3), rng.uniform(28, 42), rng.uniform(1.12, 1.35)
    azimuth = azimuth if spec.azimuth_deg is None else spec.azimuth_deg
    near = spec.near_side or near
    turn = np.radians(azimuth)
    aside = 1.0 if near == "left" else -1.0
    towards = np.array([np.sin(turn), aside * np.cos(turn), 0.0])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    across = np.cross(UP, towards)
    tall = np.tan(np.radians(view) / 2)
    wide = tall * spec.width / spec.height
    away = points - middle
    needed = np.maximum(np.abs(away @ across) / wide, np.abs(away[:, 2]) / tall) * margin + away @ towards
    distance = float(needed.max())
    position = middle + distance * towards
    return Camera(
        azimuth_deg=azimuth,
        near_side=near,
        position=(float(position[0]), float(position[1]), float(height)),
        target=(float(middle[0]), float(middle[1]), float(middle[2])),
        distance_m=distance,
        height_m=float(height),
        view_angle_deg=float(view),
    )
