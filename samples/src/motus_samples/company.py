"""Two people before one camera, who cross, overtake or leave: pictures, and where each of them truly is.

They move over the floor without steps, doing squats: it is about who is who, not about gait.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from motus_samples.athlete import Camera, Look, draw_look, stream
from motus_samples.body import Array, Skeleton
from motus_samples.clip import Scene, stage
from motus_samples.gl import require_gl
from motus_samples.spec import ClipSpec

Meeting = Literal["crossing", "overtaking", "absence"]
MEETINGS: Final[tuple[Meeting, ...]] = ("crossing", "overtaking", "absence")
CAMERA: Final = Camera(
    azimuth_deg=0.0,
    near_side="left",
    position=(0.0, 6.0, 1.3),
    target=(0.0, 0.0, 0.9),
    distance_m=6.0,
    height_m=1.3,
    view_angle_deg=36.0,
)
AWAY_M: Final = 5.0
"""Beside the middle: out of view."""
LANES_M: Final = (0.45, -0.45)
"""How far each walks before or behind the middle: one hides the other."""
_SECONDS: Final[dict[Meeting, float]] = {"crossing": 12.0, "overtaking": 12.0, "absence": 39.0}


@dataclass(frozen=True)
class Company:
    """Two people in a room.

    Attributes:
        scenes: Each one's build and movement, in place.
        looks: Each one's clothes; the room is the first one's.
        places: (2, frames, 2) where each stands on the floor, metres.
        fps: Frames a second.
    """

    scenes: tuple[Scene, Scene]
    looks: tuple[Look, Look]
    places: Array
    fps: int

    def hips(self, width: int, height: int) -> Array:
        """(2, frames, 2) the middle of each one's pelvis in pixels, NaN out of view."""
        points = np.stack([skeleton.points["pelvis"] for skeleton in self.skeletons()])
        away = points - np.array(CAMERA.position)
        ahead = np.array(CAMERA.target) - np.array(CAMERA.position)
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, (0.0, 0.0, 1.0))
        up = np.cross(right / np.linalg.norm(right), ahead)
        scale = height / 2 / np.tan(np.radians(CAMERA.view_angle_deg) / 2) / (away @ ahead)
        x, y = width / 2 + scale * (away @ right), height / 2 - scale * (away @ up)
        inside = (x >= 0) & (x < width)
        return np.where(inside[..., None], np.stack([x, y], axis=-1), np.nan)

    def skeletons(self) -> list[Skeleton]:
        """How each one moves through the room; their squats go on and on."""
        return [_moved(scene.skeleton, place) for scene, place in zip(self.scenes, self.places, strict=True)]

    def pictures(self, width: int = 640, height: int = 360) -> Iterator[NDArray[np.uint8]]:
        """Yield each frame, RGB, larger than asked for by the renderer's oversampling.

        Raises:
            GraphicsError: The machine lacks what off-screen rendering needs.
        """
        require_gl()
        from motus_samples.figure import figure
        from motus_samples.scene import render

        meshes = [figure(s.build, look, weights=False) for s, look in zip(self.scenes, self.looks, strict=True)]
        figures = list(zip(meshes, self.skeletons(), strict=True))
        return render(figures, self.looks[0], CAMERA, width=width, height=height)


def company(meeting: Meeting, seed: int, fps: int = 30) -> Company:
    """Two people who meet; the same arguments give the same."""
    specs = [ClipSpec("squat", 2 * seed + i, reps=2, idle_before_s=2.0, idle_after_s=2.0, fps=fps) for i in (0, 1)]
    looks = [draw_look(stream(spec, "look")) for spec in specs]
    while looks[1].shirt == looks[0].shirt:
        specs[1] = replace(specs[1], seed=specs[1].seed + 1_000_003)
        looks[1] = draw_look(stream(specs[1], "look"))
    t_s = np.arange(round(_SECONDS[meeting] * fps)) / fps
    ways = _WAYS[meeting]
    places = np.stack([_place(t_s, way, lane) for way, lane in zip(ways, LANES_M, strict=True)])
    return Company((stage(specs[0]), stage(specs[1])), (looks[0], looks[1]), places, fps)


def _place(t_s: Array, way: "_Way", lane_m: float) -> Array:
    """(frames, 2) where somebody is."""
    moments, aside_m = np.array(way, np.float64).T
    return np.stack([np.interp(t_s, moments, aside_m), np.full(len(t_s), lane_m)], axis=-1)


_Way = tuple[tuple[float, float], ...]
_WAYS: Final[dict[Meeting, tuple[_Way, _Way]]] = {
    # Seconds, and metres to the side.
    "crossing": (
        ((0, -1.6), (2, -1.6), (5, 1.6), (6, 1.6), (9, -1.6)),
        ((0, 1.6), (2, 1.6), (5, -1.6), (6, -1.6), (9, 1.6)),
    ),
    "overtaking": (((0, -1.7), (2, -1.7), (11, 1.2)), ((0, -0.6), (2, -0.6), (11, 0.2))),
    "absence": (((0, -1.2), (3, -1.2), (6, -AWAY_M), (31, -AWAY_M), (34, 1.2)), ((0, 1.0), (10, 1.0), (14, -0.8))),
}


def _moved(skeleton: Skeleton, place: Array) -> Skeleton:
    """A skeleton that moves over the floor; its own movement is repeated as long as that takes."""
    row = np.arange(len(place)) % len(skeleton.points["pelvis"])
    shift = np.concatenate([place, np.zeros((len(place), 1))], axis=1)
    return replace(
        skeleton,
        points={name: points[row] + shift for name, points in skeleton.points.items()},
        frames={name: frames[row] for name, frames in skeleton.frames.items()},
    )
