"""The kinematic model: a body's measures, a posture as joint angles, and forward kinematics to joint centres.

World axes: x where the athlete faces, y to the athlete's left, z up, metres. Everything is an array over frames.
Angles have the definitions, zeros and signs of the register of measures; ISB axes (Wu 2002, 2005): X anterior,
Y along the trunk, Z to the right.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Axes = tuple[Array, Array, Array]
"""Front X, up along the trunk Y and right Z of a part of the body: unit vectors, each (frames, 3)."""
Side = Literal["left", "right"]
SIDES: Final[tuple[Side, Side]] = ("left", "right")

FORWARD: Final = np.array([1.0, 0.0, 0.0])
LEFT: Final = np.array([0.0, 1.0, 0.0])
UP: Final = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Build:
    """A body's measures in metres; shares of stature by Drillis and Contini (in Winter, 2009).

    Attributes:
        stature: Height from sole to crown.
        girth: Thickness of limbs and trunk against the average, dimensionless.
    """

    stature: float
    girth: float
    thigh: float
    shank: float
    trunk: float
    upper_arm: float
    forearm: float
    foot: float
    hip_half: float
    shoulder_half: float

    @classmethod
    def of_stature(cls, stature: float, girth: float = 1.0, spread: Mapping[str, float] | None = None) -> "Build":
        """Return the average build of a stature; `spread` scales single segments by name (1.03 = 3 % longer)."""
        shares = {
            "thigh": 0.245,
            "shank": 0.246,
            "trunk": 0.288,
            "upper_arm": 0.186,
            "forearm": 0.146,
            "foot": 0.152,
            "hip_half": 0.052,
            "shoulder_half": 0.105,
        }
        scale = spread or {}
        return cls(stature, girth, **{name: stature * share * scale.get(name, 1.0) for name, share in shares.items()})

    def scaled(self, stature: float) -> "Build":
        """Return the same body at another stature."""
        lengths = asdict(self)
        ratio = stature / lengths.pop("stature")
        girth = lengths.pop("girth")
        return Build(stature, girth, **{name: ratio * length for name, length in lengths.items()})

    @property
    def ankle_height(self) -> float:
        """Height of the ankle's centre above the sole in metres."""
        return 0.039 * self.stature

    @property
    def heel_length(self) -> float:
        """Distance from the ankle's centre back to the heel along the foot in metres."""
        return 0.25 * self.foot

    @property
    def hand(self) -> float:
        """Length from wrist to finger tips in metres."""
        return 0.1 * self.stature


@dataclass(frozen=True)
class Leg:
    """Joint angles of one leg in degrees, each of shape (frames,)."""

    hip_flexion_deg: Array
    hip_abduction_deg: Array
    hip_rotation_deg: Array
    knee_flexion_deg: Array
    ankle_dorsiflexion_deg: Array


@dataclass(frozen=True)
class Arm:
    """Joint angles of one arm in degrees, each of shape (frames,).

    Attributes:
        elevation_deg: Upper arm from hanging; below 0 it swings to the back of its plane.
        plane_deg: Plane of elevation, 0 sideways, 90 forwards.
        axial_deg: Turn of the elbow's bending direction about the upper arm.
        hand_flat: The hand lies flat on the floor, fingers forwards, instead of following the forearm.
    """

    elevation_deg: Array
    plane_deg: Array
    axial_deg: Array
    elbow_flexion_deg: Array
    hand_flat: bool = False


@dataclass(frozen=True)
class Posture:
    """The whole body's joint angles (degrees, shape (frames,)) and where its pelvis is (metres, shape (frames, 3)).

    Attributes:
        pelvis_roll_deg: Tilt of the hip line in the frontal plane against the trunk, positive: right hip higher.
        neck_extension_deg: Head tilted back against the trunk.
        trunk_lateral_deg: Trunk bent sideways, positive to the right.
        heading_deg: Turn of the whole body about the vertical, positive to the left.
        thorax_twist_deg: Turn of the shoulder line against the pelvis about the trunk, positive to the left.
        spine_flexion_deg: Bend between the lower 35 % and the upper 65 % of the trunk, which shortens the straight line
            from hips to shoulders.
    """

    pelvis: Array
    trunk_lean_deg: Array
    pelvis_roll_deg: Array
    neck_extension_deg: Array
    legs: Mapping[Side, Leg]
    arms: Mapping[Side, Arm]
    trunk_lateral_deg: Array | float = 0.0
    heading_deg: Array | float = 0.0
    thorax_twist_deg: Array | float = 0.0
    spine_flexion_deg: Array | float = 0.0


@dataclass(frozen=True)
class Skeleton:
    """Where the body is.

    Attributes:
        points: Joint centres and landmarks by name (`left_knee`, `nose`), each (frames, 3) in metres.
        frames: Orientation of each bone by name (`left_thigh`, `head`), each (frames, 3, 3); the columns are the
            bone's front, left and up, where up points from the far end of a limb to its near end.
    """

    points: Mapping[str, Array]
    frames: Mapping[str, Array]


def trunk_axes(lean_deg: Array, lateral_deg: Array | float = 0.0, heading_deg: Array | float = 0.0) -> Axes:
    """Return the trunk's axes, each (frames, 3): turned left by `heading_deg`, leaned forward, bent to its right."""
    lean, lateral = np.radians(lean_deg)[:, None], _column(lateral_deg, lean_deg)
    forward, right = ground_axes(_column(heading_deg, lean_deg))
    x = np.cos(lean) * forward - np.sin(lean) * UP
    along = np.sin(lean) * forward + np.cos(lean) * UP
    y = np.cos(lateral) * along + np.sin(lateral) * right
    return x, y, np.cos(lateral) * right - np.sin(lateral) * along


def ground_axes(heading: Array) -> tuple[Array, Array]:
    """Return the level directions (frames, 3) ahead and to the right of a heading (radians, (frames, 1))."""
    return np.cos(heading) * FORWARD + np.sin(heading) * LEFT, np.sin(heading) * FORWARD - np.cos(heading) * LEFT


def twisted(axes: Axes, twist_deg: Array | float) -> Axes:
    """Return axes turned to their left about Y by `twist_deg`: the thorax on the pelvis."""
    x, y, z = axes
    twist = _column(twist_deg, x[:, 0])
    return np.cos(twist) * x - np.sin(twist) * z, y, np.cos(twist) * z + np.sin(twist) * x


def _column(angle_deg: Array | float, like: Array) -> Array:
    return np.asarray(np.radians(np.broadcast_to(angle_deg, np.shape(like)))[:, None])


def trunk_length(build: Build, spine_flexion_deg: Array | float) -> Array:
    """Return the straight length from hips to shoulders in metres, (frames, 1) or (1, 1)."""
    lower, upper = 0.35, 0.65
    bend = np.cos(np.radians(np.atleast_1d(spine_flexion_deg)))[:, None]
    return np.asarray(build.trunk * np.sqrt(lower**2 + upper**2 + 2 * lower * upper * bend))


def outward(side: Side) -> float:
    """Return the sign of a side along Z: +1 right, -1 left."""
    return 1.0 if side == "right" else -1.0


def forward_kinematics(build: Build, posture: Posture) -> Skeleton:
    """Return the skeleton of a posture over all its frames."""
    axes = trunk_axes(posture.trunk_lean_deg, posture.trunk_lateral_deg, posture.heading_deg)
    thorax = twisted(axes, posture.thorax_twist_deg)
    x, y, z = thorax
    shoulder_centre = posture.pelvis + trunk_length(build, posture.spine_flexion_deg) * y
    points: dict[str, Array] = {"pelvis": posture.pelvis, "shoulder_centre": shoulder_centre}
    frames: dict[str, Array] = {"trunk": _frame(x, -z, y)}
    _add_head(build, posture, thorax, points, frames)
    hip_line = hip_axis(posture.pelvis_roll_deg, axes)
    for side in SIDES:
        sign = outward(side)
        points[f"{side}_hip"] = posture.pelvis + sign * build.hip_half * hip_line
        points[f"{side}_shoulder"] = shoulder_centre + sign * build.shoulder_half * z
        _add_leg(build, posture.legs[side], side, axes, points, frames)
        _add_arm(build, posture.arms[side], side, thorax, points, frames)
    return Skeleton(points, frames)


def hip_axis(roll_deg: Array, axes: Axes) -> Array:
    """Return the unit vector from left to right hip, (frames, 3)."""
    roll = np.radians(roll_deg)[:, None]
    return np.asarray(np.cos(roll) * axes[2] + np.sin(roll) * axes[1])


def _frame(front: Array, left: Array, up: Array) -> Array:
    return np.stack([front, left, up], axis=-1)


def _add_head(
    build: Build,
    posture: Posture,
    axes: Axes,
    points: dict[str, Array],
    frames: dict[str, Array],
) -> None:
    x, y, z = axes
    tilt = np.radians(posture.neck_extension_deg)[:, None]
    front, up = np.cos(tilt) * x + np.sin(tilt) * y, np.cos(tilt) * y - np.sin(tilt) * x
    stature = build.stature
    centre = points["shoulder_centre"] + stature * (0.035 * y + 0.083 * up + 0.010 * front)
    points["head"] = centre
    points["nose"] = centre + stature * (0.063 * front - 0.008 * up)
    points["left_ear"] = centre - stature * 0.044 * z
    points["right_ear"] = centre + stature * 0.044 * z
    frames["head"] = _frame(front, -z, up)


def _add_leg(
    build: Build,
    leg: Leg,
    side: Side,
    axes: Axes,
    points: dict[str, Array],
    frames: dict[str, Array],
) -> None:
    x, y, z = axes
    flexion, abduction, turn, bend, dorsi = (
        np.radians(angle)[:, None]
        for angle in (
            leg.hip_flexion_deg,
            leg.hip_abduction_deg,
            leg.hip_rotation_deg,
            leg.knee_flexion_deg,
            leg.ankle_dorsiflexion_deg,
        )
    )
    thigh = np.cos(abduction) * (np.sin(flexion) * x - np.cos(flexion) * y) + np.sin(abduction) * outward(side) * z
    level = knee_axis_level(thigh, z)
    axis = np.cos(turn) * level + np.sin(turn) * np.cross(thigh, level)
    shank = np.cos(bend) * thigh - np.sin(bend) * np.cross(axis, thigh)
    toes = np.cos(dorsi) * np.cross(axis, shank) - np.sin(dorsi) * shank
    sole_up = np.cross(axis, toes)
    knee = points[f"{side}_hip"] + build.thigh * thigh
    ankle = knee + build.shank * shank
    heel = ankle - build.heel_length * toes - build.ankle_height * sole_up
    points |= {f"{side}_knee": knee, f"{side}_ankle": ankle, f"{side}_heel": heel}
    points[f"{side}_foot_index"] = heel + build.foot * toes
    frames[f"{side}_thigh"] = _frame(np.cross(thigh, axis) * -1.0, -axis, -thigh)
    frames[f"{side}_shank"] = _frame(np.cross(axis, shank), -axis, -shank)
    frames[f"{side}_foot"] = _frame(toes, -axis, sole_up)


def knee_axis_level(thigh: Array, right: Array) -> Array:
    """Return the knee's axis of an unrotated hip: the unit part of `right` square to the thigh, (frames, 3)."""
    axis = right - np.sum(right * thigh, axis=-1, keepdims=True) * thigh
    return np.asarray(axis / np.linalg.norm(axis, axis=-1, keepdims=True))


def arm_axes(elevation_deg: Array, plane_deg: Array, side: Side, axes: Axes) -> Axes:
    """Return the upper arm's direction and the directions in which it moves as elevation and plane grow."""
    x, y, z = axes
    elevation, plane = np.radians(elevation_deg)[:, None], np.radians(plane_deg)[:, None]
    out = outward(side) * z
    radial = np.sin(plane) * x + np.cos(plane) * out
    upper = np.sin(elevation) * radial - np.cos(elevation) * y
    rising = np.cos(elevation) * radial + np.sin(elevation) * y
    return upper, rising, np.cos(plane) * x - np.sin(plane) * out


def _add_arm(
    build: Build,
    arm: Arm,
    side: Side,
    axes: Axes,
    points: dict[str, Array],
    frames: dict[str, Array],
) -> None:
    upper, rising, turning = arm_axes(arm.elevation_deg, arm.plane_deg, side, axes)
    axial, bend = np.radians(arm.axial_deg)[:, None], np.radians(arm.elbow_flexion_deg)[:, None]
    fold = np.cos(axial) * rising + np.sin(axial) * turning
    forearm = np.cos(bend) * upper + np.sin(bend) * fold
    forearm_fold = np.cos(bend) * fold - np.sin(bend) * upper
    elbow = points[f"{side}_shoulder"] + build.upper_arm * upper
    wrist = elbow + build.forearm * forearm
    points |= {f"{side}_elbow": elbow, f"{side}_wrist": wrist}
    frames[f"{side}_upper_arm"] = _frame(fold, np.cross(-upper, fold), -upper)
    frames[f"{side}_forearm"] = _frame(forearm_fold, np.cross(-forearm, forearm_fold), -forearm)
    if arm.hand_flat:
        flat = np.stack([-LEFT, UP, -FORWARD], axis=-1)
        frames[f"{side}_hand"] = np.broadcast_to(flat, (len(upper), 3, 3))
    else:
        frames[f"{side}_hand"] = frames[f"{side}_forearm"]
    points[f"{side}_index"] = wrist - 0.9 * build.hand * frames[f"{side}_hand"][:, :, 2]
