"""Cameras of synthetic recordings: where they stand, and what they see of a body."""

from dataclasses import dataclass

import numpy as np

from motus_samples.body import UP, Array
from motus_samples.synthetic.script import Script

HIDDEN = {"none": (0.0, 1.0), "feet": (0.3, 0.8), "hands": (0.0, 0.72)}
"""By crop: rise of the aim as a share of the athlete's height, and the distance as a share of what shows all."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in the athlete's axes.

    Attributes:
        axes: Rows: right, down and away in the picture, unit vectors in the athlete's axes.
        place: Where it stands, metres.
        focal: Focal length in pixels.
        yaw_deg: 0 in front of the athlete, 90 at the left, 180 behind.
    """

    axes: Array
    place: Array
    focal: float
    width: int
    height: int
    yaw_deg: float

    def sees(self, points: Array) -> Array:
        """Return points (..., 3) in the camera's axes."""
        return np.asarray((points - self.place) @ self.axes.T)

    def picture(self, seen: Array, depth: Array) -> Array:
        """Return x and y as fractions of width and height, (..., 2), of points in the camera's axes at a depth."""
        pixels = self.focal * seen[..., :2] / depth[..., None]
        return np.asarray(pixels / (self.width, self.height) + 0.5)

    @property
    def near_side(self) -> str:
        """The side that it sees; empty within 20 degrees of the front or the back."""
        aside = np.sin(np.radians(self.yaw_deg))
        if abs(aside) <= np.sin(np.radians(20.0)):
            return ""
        return "left" if aside > 0 else "right"


def place_camera(script: Script, points: Array, rng: np.random.Generator) -> Camera:
    """Return a camera of the script's view that shows all `points` (any number, 3), but for what is cropped."""
    yaw = _draw_yaw(script, rng)
    upright = _wide(points, yaw) < np.ptp(points[:, 2])
    portrait = bool(rng.random() < 0.35 and upright) if script.portrait is None else script.portrait
    width, height = (720, 1280) if portrait else (1280, 720)
    focal, pitch = rng.uniform(0.9, 1.4) * height, rng.uniform(-5, 15)
    margin, off = rng.uniform(1.08, 1.35), rng.uniform(-3, 3)
    pitch = pitch if script.pitch_deg is None else script.pitch_deg
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    rise, nearer = HIDDEN[script.crop]
    aim = middle + rise * (high[2] - low[2]) * UP
    axes = _axes(yaw, pitch)
    seen = (points - aim) @ axes.T
    needed = np.abs(seen[:, :2]) * focal * 2 / (width, height) * margin - seen[:, 2:]
    distance = max(float(needed.max()) * nearer, 2.0 * nearer)
    camera_height = float(np.clip((aim - distance * axes[2])[2], 0.3, 1.8))
    camera_height = camera_height if script.height_m is None else script.height_m
    level = np.cos(np.radians(pitch)) * distance
    pitch_now = np.degrees(np.arctan2(camera_height - aim[2], level)) + (off if script.pitch_deg is None else 0.0)
    place = aim + level * np.array([np.cos(np.radians(yaw)), np.sin(np.radians(yaw)), 0.0])
    place[2] = camera_height
    return Camera(_axes(yaw, float(pitch_now)), place, focal, width, height, yaw)


def _wide(points: Array, yaw_deg: float) -> float:
    """Return how wide points look from an azimuth, metres."""
    return float(np.ptp(points @ _axes(yaw_deg, 0.0)[0]))


def _draw_yaw(script: Script, rng: np.random.Generator) -> float:
    off, side, behind = rng.uniform(-1, 1), rng.integers(2), rng.random() < 0.25
    if script.yaw_deg is not None:
        return script.yaw_deg % 360.0
    if script.view == "frontal":
        return float((180.0 if behind else 0.0) + 20.0 * off) % 360.0
    from_front = 90.0 + 20.0 * off if script.view == "lateral" else 45.0 + 25.0 * off
    from_front = 180.0 - from_front if behind else from_front
    return float(from_front if side else -from_front) % 360.0


def _axes(yaw_deg: float, pitch_deg: float) -> Array:
    """Return right, down and away of a camera that looks back from an azimuth, pitched down."""
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)
    level = -np.array([np.cos(yaw), np.sin(yaw), 0.0])
    away = np.cos(pitch) * level - np.sin(pitch) * UP
    right = np.cross(level, UP)
    return np.stack([right, np.cross(away, right), away])
