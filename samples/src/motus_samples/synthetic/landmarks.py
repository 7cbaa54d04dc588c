"""The 33 landmarks of BlazePose read off a skeleton."""

from typing import Final

import numpy as np

from motus_samples.body import SIDES, Array, Build, Skeleton

LANDMARKS: Final = 33
FACE: Final = range(11)
INDEX: Final = {
    "nose": 0,
    "left_ear": 7,
    "right_ear": 8,
    **{
        f"{side}_{joint}": first + offset
        for joint, first in (
            ("shoulder", 11),
            ("elbow", 13),
            ("wrist", 15),
            ("hip", 23),
            ("knee", 25),
            ("ankle", 27),
            ("heel", 29),
            ("foot_index", 31),
        )
        for offset, side in enumerate(SIDES)
    },
}
"""Landmarks that are points of the skeleton, by its names."""

_EYES: Final = ((1, 0.010), (2, 0.018), (3, 0.026), (4, -0.010), (5, -0.018), (6, -0.026))
_MOUTH: Final = ((9, 0.014), (10, -0.014))
_HAND: Final = ((17, -0.022, 0.50), (19, 0.016, 0.56), (21, 0.034, 0.30))
"""Landmark of the left hand, its place across the palm towards the thumb (of stature) and along it (of the hand)."""


def landmarks(build: Build, skeleton: Skeleton) -> Array:
    """Return the landmarks in BlazePose's order, (frames, 33, 3) in the skeleton's axes and metres."""
    points, frames = skeleton.points, skeleton.frames
    found = np.empty((len(points["nose"]), LANDMARKS, 3))
    for name, index in INDEX.items():
        found[:, index] = points[name]
    front, left, up = np.moveaxis(frames["head"], -1, 0)
    for height, ahead, features in ((0.012, 0.055, _EYES), (-0.036, 0.056, _MOUTH)):
        level = points["head"] + build.stature * (ahead * front + height * up)
        for index, aside in features:
            found[:, index] = level + build.stature * aside * left
    for offset, side in enumerate(SIDES):
        palm, across, back = np.moveaxis(frames[f"{side}_hand"], -1, 0)
        inwards = -1.0 if side == "left" else 1.0
        for index, aside, along in _HAND:
            thumbwards = build.stature * aside * (0.7 * inwards * across + 0.7 * palm)
            found[:, index + offset] = points[f"{side}_wrist"] - along * build.hand * back + thumbwards
    return found
