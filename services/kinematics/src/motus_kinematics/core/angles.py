"""One frame's landmarks to joint angles, trunk attitude and heights, each with its expected error.

Axes: camera x right, y down, z away. Body: Y up along the trunk, Z to the athlete's right, X = Y x Z forward
(ISB, Wu 2002 and 2005). Joint angles fuse the picture (2D) and the world landmarks (3D).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from motus_kinematics.core.body import Floats, Frame, Point
from motus_kinematics.core.channels import POSITIONS, Absence, Reading
from motus_kinematics.core.stance import UP, Stance, follow, trunk_line
from motus_kinematics.core.vectors import TINY, across, angle_deg, cross, dot, length, ramp, unit

# Segments from proximal to distal, left before right.
SEGMENT_FROM: Final = np.array([23, 24, 11, 12, 25, 26, 13, 14, 29, 30], dtype=np.intp)
SEGMENT_TO: Final = np.array([25, 26, 13, 14, 27, 28, 15, 16, 31, 32], dtype=np.intp)
THIGH, UPPER_ARM, SHANK, FOREARM, FOOT = (slice(i, i + 2) for i in range(0, 10, 2))
PROXIMAL, DISTAL = slice(0, 4), slice(4, 8)
TRUNK_POINTS: Final = np.array([11, 12, 23, 24], dtype=np.intp)

BASE_SIGMA_DEG: Final = 4.0
"""Error of a well seen angle: slow landmark bias of 15 to 25 mm (biomech 9.3)."""
TRUNK_SIGMA_DEG: Final = 5.0
FOOT_SIGMA_DEG: Final = 9.0
HEIGHT_SIGMA: Final = 0.03
EXTENSION_BAND_DEG: Final = (20.0, 35.0)
"""Below it the picture decides: a straight limb looks straight from everywhere, while depth noise bends it."""
SIDE_VIEW_BAND: Final = (0.75, 0.93)
"""Share of the athlete's lateral axis along the line of sight, from which on the picture weighs and decides: about 40
and 20 degrees off the side view."""
IMAGE_MARGIN: Final = 0.05
"""A landmark further outside the picture than this share of it is guessed."""


@dataclass(frozen=True)
class _Seen:
    """A frame's points in pixels and metres, the segments between them and how doubtful each is."""

    pixels: Floats
    world: Floats
    bones: Floats
    shadows: Floats
    point_doubt: Floats
    bone_doubt: Floats


@dataclass(frozen=True)
class _View:
    """How the athlete stands to the camera: 1 facing right in the picture or -1, and how much the picture decides."""

    facing: float
    side: float

    def mix(self, flat: Floats, solid: Floats) -> Floats:
        """An angle from the picture's and the world's; those of one side of a half turn are brought together first."""
        return solid + self.side * ((flat - solid + 180.0) % 360.0 - 180.0)


def measure(frame: Frame, stance: Stance | None) -> tuple[Reading, Stance | None]:
    """Measures one frame.

    Returns:
        The reading, all NaN with one reason when nobody is seen or the points make no body, and the stance to hand on.
    """
    seen = _see(frame)
    if isinstance(seen, Absence):
        nothing = np.full(len(POSITIONS), np.nan)
        return Reading(frame.t_s, nothing, nothing, seen), stance
    stance = follow(stance, frame.t_s, seen.pixels, seen.world)
    view = _View(float(np.sign(cross(UP, stance.lateral)[0])), float(ramp(abs(stance.lateral[2]), *SIDE_VIEW_BAND)))
    parts = (_joints(seen, view), _trunk(seen, stance, view), _heights(seen, stance))
    sigmas = np.concatenate([sigma for _, sigma in parts])
    values = np.where(np.isnan(sigmas), np.nan, np.concatenate([value for value, _ in parts]))
    return Reading(frame.t_s, values, sigmas, Absence.PRESENT), stance


def _see(frame: Frame) -> _Seen | Absence:
    """Checks a frame and derives its segments, or says why it shows no body."""
    if frame.image is None or frame.width <= 0 or frame.height <= 0:
        return Absence.NO_PERSON
    if not frame.presence[TRUNK_POINTS].all():
        return Absence.NOT_PROVIDED
    there = frame.presence[:, None]
    pixels = np.where(there, frame.image * (frame.width, frame.height, frame.width), 0.0)
    world = pixels * (1.0, 1.0, 0.0) / frame.height if frame.world is None else np.where(there, frame.world, 0.0)
    if not (np.isfinite(pixels).all() and np.isfinite(world).all() and np.isfinite(frame.visibility).all()):
        return Absence.IMPLAUSIBLE
    if min(length(trunk_line(world)), length(trunk_line(pixels)[:2])) < TINY:
        return Absence.IMPLAUSIBLE
    bones = world[SEGMENT_TO] - world[SEGMENT_FROM]
    shadows = (pixels[SEGMENT_TO] - pixels[SEGMENT_FROM])[:, :2]
    doubt = _doubt(frame, frame.image)
    steep = np.abs(bones[:, 2]) > 0.8 * length(bones)
    bone_doubt = np.maximum(doubt[SEGMENT_FROM], doubt[SEGMENT_TO]) * np.where(steep, 2.0, 1.0)
    return _Seen(pixels, world, bones, shadows, doubt, bone_doubt)


def _doubt(frame: Frame, image: Floats) -> Floats:
    """(33,) factor on the expected error of what rests on a point; NaN where the engine has none."""
    outside = ((image[:, :2] < -IMAGE_MARGIN) | (image[:, :2] > 1.0 + IMAGE_MARGIN)).any(axis=1)
    hidden = np.where(frame.visibility < 0.5, 1.3, 1.0) * np.where(frame.visibility < 0.2, 2.0, 1.0)
    return np.where(frame.presence, np.where(outside, 6.0, hidden), np.nan)


def _joints(seen: _Seen, view: _View) -> tuple[Floats, Floats]:
    """Knee, hip, elbow, shoulder, ankle and thigh: (12,) degrees and expected errors, left before right."""
    flexion, doubt = _flexion(seen, view)
    trunk = unit(trunk_line(seen.world))
    hips = across(seen.world[Point.HIP_RIGHT] - seen.world[Point.HIP_LEFT], trunk)
    thigh, arm = unit(seen.bones[THIGH]), unit(seen.bones[UPPER_ARM])
    flat_trunk = trunk_line(seen.pixels)[:2]
    flat_thigh, flat_arm = seen.shadows[THIGH], seen.shadows[UPPER_ARM]
    flat_forward = view.facing * np.array([-flat_trunk[1], flat_trunk[0]])
    values = (
        flexion[:2],
        view.mix(
            np.degrees(np.arctan2(flat_thigh @ flat_forward, -(flat_thigh @ flat_trunk))),
            np.degrees(np.arctan2(thigh @ cross(trunk, hips), -(thigh @ trunk))),
        ),
        flexion[2:],
        view.mix(angle_deg(flat_arm, -flat_trunk), angle_deg(arm, -trunk)),
        90.0 - angle_deg(seen.bones[FOOT], -seen.bones[SHANK]),
        view.mix(angle_deg(flat_thigh, -UP[:2]), angle_deg(thigh, -UP)),
    )
    sigmas = (
        BASE_SIGMA_DEG * doubt[:2],
        TRUNK_SIGMA_DEG * seen.bone_doubt[THIGH],
        BASE_SIGMA_DEG * doubt[2:],
        TRUNK_SIGMA_DEG * seen.bone_doubt[UPPER_ARM],
        FOOT_SIGMA_DEG * np.maximum(seen.bone_doubt[FOOT], seen.bone_doubt[SHANK]),
        BASE_SIGMA_DEG * seen.bone_doubt[THIGH],
    )
    return np.concatenate(values), np.concatenate(sigmas)


def _flexion(seen: _Seen, view: _View) -> tuple[Floats, Floats]:
    """Knees and elbows: (4,) degrees from 0 straight, and the doubt in each.

    From the side the picture is right, since limbs bend in its plane. From the front it hides what bends along the
    line of sight, and depth decides. Depth is noisy, though, and noise always bends a straight limb, while a straight
    limb looks straight from everywhere: so near extension the smaller of both counts.
    """
    solid = angle_deg(seen.bones[PROXIMAL], seen.bones[DISTAL])
    flat = angle_deg(seen.shadows[PROXIMAL], seen.shadows[DISTAL])
    bent = ramp(solid, *EXTENSION_BAND_DEG)
    frontal = bent * solid + (1.0 - bent) * np.minimum(flat, solid)
    doubt = np.maximum(seen.bone_doubt[PROXIMAL], seen.bone_doubt[DISTAL])
    disagree = np.where(np.abs(solid - flat) > 30.0, 1.7, 1.0)
    return view.mix(flat, frontal), doubt * disagree


def _trunk(seen: _Seen, stance: Stance, view: _View) -> tuple[Floats, Floats]:
    """Sagittal lean, lateral lean and rotation of the trunk: (3,) degrees and expected errors."""
    axis = unit(trunk_line(seen.world))
    right = across(stance.lateral, UP)
    lean = np.degrees(np.arctan2(dot(axis, cross(UP, right)), dot(axis, UP)))
    flat = trunk_line(seen.pixels)[:2]
    flat_lean = np.degrees(np.arctan2(view.facing * flat[0], -flat[1]))
    hips = across(seen.world[Point.HIP_RIGHT] - seen.world[Point.HIP_LEFT], axis)
    shoulders = across(seen.world[Point.SHOULDER_RIGHT] - seen.world[Point.SHOULDER_LEFT], axis)
    twist = np.degrees(np.arctan2(dot(cross(hips, shoulders), axis), dot(hips, shoulders)))
    sideways = np.degrees(np.arcsin(np.clip(dot(axis, right), -1.0, 1.0)))
    doubt = seen.point_doubt[TRUNK_POINTS].max()
    sigmas = doubt * np.array([TRUNK_SIGMA_DEG, TRUNK_SIGMA_DEG, 2.0 * TRUNK_SIGMA_DEG])
    return np.array([view.mix(flat_lean, lean), sideways, twist]), sigmas


def _heights(seen: _Seen, stance: Stance) -> tuple[Floats, Floats]:
    """Heights in the picture over the body's own lengths, two in metres, and the view: (7,) and expected errors."""
    metres = -seen.pixels[:, 1] / stance.px_per_m
    doubt = seen.point_doubt
    shoulder, hip = metres[[11, 12]], metres[[23, 24]]
    wrist, ankle = metres[[15, 16]], metres[[27, 28]]
    values = [
        (hip.mean() - ankle.mean()) / stance.leg_m,
        (shoulder.mean() - wrist.mean()) / stance.trunk_m,
        *(wrist - shoulder) / stance.trunk_m,
        hip.mean(),
        shoulder.mean(),
        abs(stance.lateral[2]),
    ]
    doubts = [
        doubt[[23, 24, 27, 28]].max(),
        doubt[[11, 12, 15, 16]].max(),
        *np.maximum(doubt[[15, 16]], doubt[[11, 12]]),
        doubt[[23, 24]].max(),
        doubt[[11, 12]].max(),
        1.0,
    ]
    return np.array(values), HEIGHT_SIGMA * np.array(doubts)
