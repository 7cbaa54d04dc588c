"""Joint angles measured on a skeleton's points, by the definitions of the register of measures.

The truth is what these functions read off the joint centres, so it holds whatever drove the figure. Right-handed
axes of any orientation; `up` and the way to the camera tell where gravity and the camera are.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from motus_samples.body import FORWARD, SIDES, UP, Array, Side, outward

_PER_SIDE: Final = (
    "knee_flexion",
    "hip_flexion",
    "hip_abduction",
    "ankle_dorsiflexion",
    "elbow_flexion",
    "shoulder_elevation",
)
CLIP_CHANNELS: Final = ("trunk_lean_deg", *(f"{angle}_{side}_deg" for side in SIDES for angle in _PER_SIDE))
"""The channels in the truth of rendered clips."""


def measure(points: Mapping[str, Array], up: Array = UP, towards_camera: Array = FORWARD) -> dict[str, Array]:
    """Return every channel of the truth by its register name, each of shape (frames,): degrees, heights as ratios.

    Args:
        points: Joint centres by name, each (frames, 3).
        up: Unit vector against gravity.
        towards_camera: Direction in which somebody looks who faces the camera.
    """
    trunk = _unit(_middle(points, "shoulder") - _middle(points, "hip"))
    hips = _square(points["right_hip"] - points["left_hip"], trunk)
    shoulders = _square(points["right_shoulder"] - points["left_shoulder"], trunk)
    channels = _torso(points, trunk, hips, shoulders, up) | _heights(points, up)
    channels["pelvis_yaw_deg"] = _yaw(hips, up, towards_camera)
    channels["thorax_yaw_deg"] = _yaw(shoulders, up, towards_camera)
    for side in SIDES:
        channels |= _leg(points, side, trunk, hips, up)
        channels |= _arm(points, side, trunk, shoulders)
    hip = (channels["hip_flexion_left_deg"] + channels["hip_flexion_right_deg"]) / 2
    return channels | {"hip_hinge_deg": hip}


def _torso(points: Mapping[str, Array], trunk: Array, hips: Array, shoulders: Array, up: Array) -> dict[str, Array]:
    facing = _unit(np.cross(np.broadcast_to(up, hips.shape), hips))
    right = np.cross(facing, up)
    head = _unit((points["left_ear"] + points["right_ear"]) / 2 - _middle(points, "shoulder"))
    turn = np.arctan2(_dot(np.cross(hips, shoulders), trunk), _dot(hips, shoulders))
    return {
        "trunk_lean_deg": np.degrees(np.arctan2(_dot(trunk, facing), trunk @ up)),
        "trunk_lean_lateral_deg": np.degrees(np.arctan2(_dot(trunk, right), trunk @ up)),
        "trunk_rotation_deg": np.degrees(turn),
        "neck_trunk_deg": _between(head, trunk),
    }


def _heights(points: Mapping[str, Array], up: Array) -> dict[str, Array]:
    shoulder, hip = _middle(points, "shoulder"), _middle(points, "hip")
    trunk = np.linalg.norm(shoulder - hip, axis=-1)
    leg = sum(
        np.linalg.norm(points[f"{side}_{far}"] - points[f"{side}_{near}"], axis=-1)
        for side in SIDES
        for near, far in (("hip", "knee"), ("knee", "ankle"))
    )
    channels = {
        "hip_height_ratio": (hip - _middle(points, "ankle")) @ up / (leg / 2),
        "shoulder_height_ratio": (shoulder - _middle(points, "wrist")) @ up / trunk,
    }
    for side in SIDES:
        above = (points[f"{side}_wrist"] - points[f"{side}_shoulder"]) @ up
        channels[f"wrist_height_{side}_ratio"] = above / trunk
    return channels


def _yaw(right: Array, up: Array, towards_camera: Array) -> Array:
    """Return the turn of whoever has this right-hand axis from facing the camera, positive to their left, unwrapped."""
    facing = np.cross(np.broadcast_to(up, right.shape), right)
    ahead = _square(np.asarray(towards_camera)[None], up)
    turn = np.arctan2(np.cross(ahead, facing) @ up, _dot(facing, ahead))
    return np.degrees(np.unwrap(turn))


def _leg(points: Mapping[str, Array], side: Side, trunk: Array, right: Array, up: Array) -> dict[str, Array]:
    thigh = _unit(points[f"{side}_knee"] - points[f"{side}_hip"])
    shank = _unit(points[f"{side}_ankle"] - points[f"{side}_knee"])
    foot = _unit(points[f"{side}_foot_index"] - points[f"{side}_heel"])
    bend = _between(thigh, shank)
    front = np.cross(trunk, right)
    abduction = np.degrees(np.arcsin(np.clip(outward(side) * _dot(thigh, right), -1, 1)))
    return {
        f"knee_flexion_{side}_deg": np.where(_dot(np.cross(thigh, shank), right) > 0, -bend, bend),
        f"hip_flexion_{side}_deg": np.degrees(np.arctan2(_dot(thigh, front), -_dot(thigh, trunk))),
        f"hip_abduction_{side}_deg": abduction,
        f"ankle_dorsiflexion_{side}_deg": 90.0 - _between(foot, -shank),
        f"thigh_elevation_{side}_deg": _between(thigh, np.broadcast_to(-up, thigh.shape)),
        f"knee_valgus_{side}_deg": _valgus(thigh, shank, side, right, up),
    }


def _valgus(thigh: Array, shank: Array, side: Side, right: Array, up: Array) -> Array:
    """Return the frontal-plane projection angle of the knee, positive inwards."""
    out = outward(side) * _square(right, np.broadcast_to(up, right.shape))
    thigh_out, shank_out = _dot(thigh, out), _dot(shank, out)
    turn = np.arctan2(shank_out, -(shank @ up)) - np.arctan2(thigh_out, -(thigh @ up))
    return np.degrees((turn + np.pi) % (2 * np.pi) - np.pi)


def _arm(points: Mapping[str, Array], side: Side, trunk: Array, right: Array) -> dict[str, Array]:
    upper = _unit(points[f"{side}_elbow"] - points[f"{side}_shoulder"])
    forearm = _unit(points[f"{side}_wrist"] - points[f"{side}_elbow"])
    plane = np.arctan2(_dot(upper, np.cross(trunk, right)), outward(side) * _dot(upper, right))
    return {
        f"elbow_flexion_{side}_deg": _between(upper, forearm),
        f"shoulder_elevation_{side}_deg": _between(upper, -trunk),
        f"shoulder_plane_{side}_deg": np.degrees(plane),
    }


def _middle(points: Mapping[str, Array], joint: str) -> Array:
    return (points[f"left_{joint}"] + points[f"right_{joint}"]) / 2


def _between(a: Array, b: Array) -> Array:
    return np.degrees(np.arccos(np.clip(_dot(a, b), -1, 1)))


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("...i,...i->...", a, b))


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.sqrt(_dot(vector, vector))[..., None])


def _square(vector: Array, axis: Array) -> Array:
    """Return the unit part of `vector` that is square to the unit `axis`."""
    return _unit(vector - _dot(vector, axis)[..., None] * axis)
