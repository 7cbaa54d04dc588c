"""Joint angles measured on a skeleton's points, by the definitions of the register of measures.

The truth of a clip is what these functions read off the joint centres, so it holds whatever drove the figure.
"""

from collections.abc import Mapping

import numpy as np

from motus_samples.body import SIDES, UP, Array, Side, outward


def measure(points: Mapping[str, Array]) -> dict[str, Array]:
    """Return every channel of the truth in degrees, each of shape (frames,), by its register name."""
    trunk = _unit(_middle(points, "shoulder") - _middle(points, "hip"))
    right = _square(points["right_hip"] - points["left_hip"], trunk)
    front = np.cross(trunk, right)
    facing = _unit(np.cross(np.broadcast_to(UP, right.shape), right))
    channels = {"trunk_lean_deg": np.degrees(np.arctan2(_dot(trunk, facing), trunk @ UP))}
    for side in SIDES:
        channels |= _leg(points, side, trunk, front, right)
        channels |= _arm(points, side, trunk)
    return channels


def _leg(points: Mapping[str, Array], side: Side, trunk: Array, front: Array, right: Array) -> dict[str, Array]:
    thigh = _unit(points[f"{side}_knee"] - points[f"{side}_hip"])
    shank = _unit(points[f"{side}_ankle"] - points[f"{side}_knee"])
    foot = _unit(points[f"{side}_foot_index"] - points[f"{side}_heel"])
    bend = np.degrees(np.arccos(np.clip(_dot(thigh, shank), -1, 1)))
    abduction = np.degrees(np.arcsin(np.clip(outward(side) * _dot(thigh, right), -1, 1)))
    return {
        f"knee_flexion_{side}_deg": np.where(_dot(np.cross(thigh, shank), right) > 0, -bend, bend),
        f"hip_flexion_{side}_deg": np.degrees(np.arctan2(_dot(thigh, front), -_dot(thigh, trunk))),
        f"hip_abduction_{side}_deg": abduction,
        f"ankle_dorsiflexion_{side}_deg": 90.0 - np.degrees(np.arccos(np.clip(-_dot(foot, shank), -1, 1))),
    }


def _arm(points: Mapping[str, Array], side: Side, trunk: Array) -> dict[str, Array]:
    upper = _unit(points[f"{side}_elbow"] - points[f"{side}_shoulder"])
    forearm = _unit(points[f"{side}_wrist"] - points[f"{side}_elbow"])
    return {
        f"elbow_flexion_{side}_deg": np.degrees(np.arccos(np.clip(_dot(upper, forearm), -1, 1))),
        f"shoulder_elevation_{side}_deg": np.degrees(np.arccos(np.clip(-_dot(upper, trunk), -1, 1))),
    }


def _middle(points: Mapping[str, Array], joint: str) -> Array:
    return (points[f"left_{joint}"] + points[f"right_{joint}"]) / 2


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.sum(a * b, axis=-1))


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))


def _square(vector: Array, axis: Array) -> Array:
    """Return the unit part of `vector` that is square to the unit `axis`."""
    return _unit(vector - _dot(vector, axis)[:, None] * axis)
