"""Postures on two feet: commanded knees and trunk, planted ankles, and arms that hang, hold or reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from motus_samples.body import (
    FORWARD,
    SIDES,
    UP,
    Arm,
    Array,
    Axes,
    Build,
    Leg,
    Posture,
    Side,
    ground_axes,
    hip_axis,
    outward,
    trunk_axes,
    trunk_length,
    twisted,
)
from motus_samples.reach import hip_over_ankle, leg_span, reach_arm, reach_leg


@dataclass(frozen=True)
class Feet:
    """Where the feet stand.

    Attributes:
        apart: Outside of its hip, metres, each foot: a number or (frames,).
        toes_out_deg: Turn of toes and knees to the outside.
        lift: Height of both above the floor, metres.
    """

    apart: Array | float = 0.02
    toes_out_deg: float = 8.0
    lift: Array | float = 0.0


@dataclass(frozen=True)
class Torso:
    """The trunk's attitude in degrees: numbers or arrays of shape (frames,), signs as in `Posture`."""

    lean: Array
    lateral: Array | float = 0.0
    heading: Array | float = 0.0
    twist: Array | float = 0.0
    neck: Array | float = 0.0
    spine: Array | float = 0.0

    def axes(self) -> Axes:
        """Return the axes of trunk and pelvis."""
        return trunk_axes(self.lean, self.lateral, self.heading)


@dataclass(frozen=True)
class Upper:
    """What arms hang on: the pelvis' place, the thorax' axes and the shoulders, each (frames, 3)."""

    build: Build
    pelvis: Array
    thorax: Axes
    shoulders: Mapping[Side, Array]

    def spot(self, front: Array | float, up: Array | float, out: Array | float, side: Side) -> Array:
        """Return a place (frames, 3) near a shoulder by its distances along the thorax' axes, shares of stature."""
        x, y, z = self.thorax
        stature = self.build.stature
        offset = _column(front) * x + _column(up) * y + _column(out) * outward(side) * z
        return np.asarray(self.shoulders[side] + stature * offset)


Arms = Callable[[Upper], dict[Side, Arm]]
"""Arms once it is known where the trunk is."""


def upper_of(build: Build, pelvis: Array, torso: Torso) -> Upper:
    """Return where the arms hang."""
    thorax = twisted(torso.axes(), torso.twist)
    centre = pelvis + trunk_length(build, torso.spine) * thorax[1]
    shoulders = {side: centre + outward(side) * build.shoulder_half * thorax[2] for side in SIDES}
    return Upper(build, pelvis, thorax, shoulders)


def on_feet(
    build: Build,
    feet: Feet,
    torso: Torso,
    knees: Mapping[Side, Array],
    shank_deg: Array,
    arms: Arms,
    *,
    shift: Array | float = 0.0,
    valgus_deg: Array | float = 0.0,
) -> Posture:
    """Return the posture with both ankles planted and each hip as high as its commanded knee puts it.

    Args:
        build: Whose body.
        feet: Where the ankles are.
        torso: Attitude of the trunk; the pelvis stays level but for what unlike knees tilt it.
        knees: Flexion of each knee.
        shank_deg: Forward lean of the shanks, which decides how far behind the feet the hips are.
        arms: The arms.
        shift: Metres by which the pelvis is to the left of the middle.
        valgus_deg: Inward angle of the knees in the frontal plane, as far as bent knees let it be seen.
    """
    ahead, _ = hip_over_ankle(build, (knees["left"] + knees["right"]) / 2, shank_deg)
    pelvis = np.stack([ahead, np.broadcast_to(shift, ahead.shape), np.zeros_like(ahead)], axis=-1)
    axes = torso.axes()
    ankles = {side: _ankle(build, feet, side) for side in SIDES}
    line = hip_axis(_roll(axes, 0.0), axes)
    for _ in range(3):
        heights = _hip_heights(build, pelvis, line, knees, ankles)
        roll = _roll(axes, (heights["right"] - heights["left"]) / (2 * build.hip_half))
        line = hip_axis(roll, axes)
    pelvis[:, 2] = (heights["left"] + heights["right"]) / 2
    legs = {
        side: _leg(build, axes, pelvis + outward(side) * build.hip_half * line, ankles[side], feet, valgus_deg, side)
        for side in SIDES
    }
    return posture_of(build, pelvis, torso, roll, legs, arms)


def lying_leg(
    build: Build, axes: Axes, pelvis: Array, ankle: Array, knee_towards: Array, pitch_deg: Array | float, side: Side
) -> Leg:
    """Return the leg of a level pelvis whose ankle is at a place, toes ahead, knee towards a direction of the world."""
    hip = pelvis + outward(side) * build.hip_half * axes[2]
    where = np.broadcast_to(ankle, hip.shape)
    pitch = np.broadcast_to(pitch_deg, (len(hip),))
    return reach_leg(build, axes, hip, where, pitch, side, knee_towards=knee_towards)


def posture_of(build: Build, pelvis: Array, torso: Torso, roll: Array, legs: Mapping[Side, Leg], arms: Arms) -> Posture:
    """Return the posture of a trunk, legs and arms."""
    neck = np.broadcast_to(torso.neck, torso.lean.shape)
    limbs = arms(upper_of(build, pelvis, torso))
    return Posture(pelvis, torso.lean, roll, neck, legs, limbs, torso.lateral, torso.heading, torso.twist, torso.spine)


def hanging(
    elevation: Array | float, elbow: Array | float, plane: Array | float = 84.0, axial: Array | float = 0.0
) -> Arms:
    """Return two like arms by their angles."""
    return by_angles(dict.fromkeys(SIDES, (elevation, plane, axial, elbow)))


def by_angles(angles: Mapping[Side, tuple[Array | float, Array | float, Array | float, Array | float]]) -> Arms:
    """Return arms by elevation, plane, axial turn and elbow flexion of each side."""

    def arms(upper: Upper) -> dict[Side, Arm]:
        limbs: dict[Side, Arm] = {}
        for side in SIDES:
            elevation, plane, axial, elbow = (np.broadcast_to(angle, (len(upper.pelvis),)) for angle in angles[side])
            limbs[side] = Arm(np.minimum(elevation, 176.0), plane, axial, np.clip(elbow, 1.0, 150.0))
        return limbs

    return arms


def reaching(
    front: Array | float,
    up: Array | float,
    out: Array | float,
    *,
    elbow: tuple[float, float, float] = (-0.3, -1.0, 0.6),
) -> Arms:
    """Return arms whose wrists are at a spot off their shoulders (`Upper.spot`).

    Args:
        front: Ahead of the shoulder, share of stature.
        up: Above it.
        out: Outside of it.
        elbow: Where the elbows point, along front, up and out.
    """

    def arms(upper: Upper) -> dict[Side, Arm]:
        x, y, z = upper.thorax
        limbs: dict[Side, Arm] = {}
        for side in SIDES:
            towards = elbow[0] * x + elbow[1] * y + elbow[2] * outward(side) * z
            wrist = upper.spot(front, up, out, side)
            limbs[side] = reach_arm(upper.build, upper.thorax, upper.shoulders[side], wrist, towards, side)
        return limbs

    return arms


def gravity_arms(elbow: Array | float, forward: Array | float = 0.0) -> Arms:
    """Return arms that hang straight down whatever the trunk does, swung `forward` by degrees."""

    def arms(upper: Upper) -> dict[Side, Arm]:
        x, y, _ = upper.thorax
        hang = np.degrees(np.arctan2(-(x @ UP), y @ UP)) + forward
        bend = np.broadcast_to(elbow, hang.shape)
        still = np.zeros_like(hang)
        return {side: Arm(hang, still + 88.0, still, bend) for side in SIDES}

    return arms


def _ankle(build: Build, feet: Feet, side: Side) -> Array:
    """Return where an ankle is, (1 or frames, 3)."""
    aside, height = np.broadcast_arrays(
        np.atleast_1d(-outward(side) * (build.hip_half + np.asarray(feet.apart))), build.ankle_height + feet.lift
    )
    return np.stack([np.zeros_like(aside), aside, height], axis=-1)


def _hip_heights(
    build: Build, pelvis: Array, line: Array, knees: Mapping[Side, Array], ankles: Mapping[Side, Array]
) -> dict[Side, Array]:
    heights: dict[Side, Array] = {}
    for side in SIDES:
        off = (pelvis + outward(side) * build.hip_half * line - ankles[side])[:, :2]
        span = leg_span(build, knees[side])
        heights[side] = ankles[side][:, 2] + np.sqrt(np.clip(span**2 - np.sum(off**2, axis=-1), 1e-4, None))
    return heights


def _roll(axes: Axes, rise: Array | float) -> Array:
    """Return the pelvis' tilt against the trunk (degrees) with which the hip line's vertical part is `rise`."""
    up, right = axes[1] @ UP, axes[2] @ UP
    return np.asarray(np.degrees(np.arcsin(np.clip(rise / np.hypot(up, right), -0.6, 0.6)) - np.arctan2(right, up)))


def _leg(build: Build, axes: Axes, hip: Array, ankle: Array, feet: Feet, valgus_deg: Array | float, side: Side) -> Leg:
    out = -outward(side) * np.radians(feet.toes_out_deg)
    toes = np.cos(out) * FORWARD + np.sin(out) * np.array([0.0, 1.0, 0.0])
    where = np.broadcast_to(ankle, hip.shape)
    inwards = _inward_turn(build, np.linalg.norm(hip - ankle, axis=-1), valgus_deg)
    knee, _ = ground_axes(out + outward(side) * inwards[:, None])
    return reach_leg(build, axes, hip, where, np.zeros(len(hip)), side, knee_towards=knee, toes_towards=toes)


def _inward_turn(build: Build, span: Array, valgus_deg: Array | float) -> Array:
    """Return the turn (radians) of the knee about the line from hip to ankle that shows as an angle from the front."""
    half = np.clip(span / (build.thigh + build.shank), 0, 1)
    off_line = np.sqrt(1 - half**2) * (build.thigh + build.shank) / 2
    inside = np.tan(np.radians(valgus_deg) / 2) * span / 2
    return np.asarray(np.arcsin(np.clip(inside / np.maximum(off_line, 0.02), -0.6, 0.6)))


def _column(value: Array | float) -> Array | float:
    return value[:, None] if isinstance(value, np.ndarray) and value.ndim else value
