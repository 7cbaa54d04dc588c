"""Landmarks as TRC, the markers' format of OpenSim: metres, y up, origin between the hips, empty where not seen.

The layout is that of OpenSim's documentation: five lines of header, an empty one, then a line per frame.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from motus_sessions.projection.landmarks import IMAGE_COLUMNS, POINTS, WORLD
from motus_sessions.projection.table import Table

_PAIRED = ("shoulder", "elbow", "wrist", "pinky", "index", "thumb", "hip", "knee", "ankle", "heel", "foot_index")
MARKERS = (
    "nose",
    *("left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer"),
    *("left_ear", "right_ear", "mouth_left", "mouth_right"),
    *(f"{side}_{point}" for point in _PAIRED for side in ("left", "right")),
)
"""The 33 points by their usual names, in their order."""
_UP = np.array([1.0, -1.0, -1.0], np.float32)
"""From the camera's axes, y down and z away from it, to y up: a half turn about x."""


def header(filename: str, frames: int, rate_hz: float) -> bytes:
    """The lines before the first frame."""
    names = "\t\t\t".join(MARKERS)
    axes = "\t".join(f"{axis}{marker}" for marker in range(1, POINTS + 1) for axis in "XYZ")
    return (
        f"PathFileType\t4\t(X/Y/Z)\t{filename}\n"
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n"
        f"{rate_hz:.3f}\t{rate_hz:.3f}\t{frames}\t{POINTS}\tm\t{rate_hz:.3f}\t1\t{frames}\n"
        f"Frame#\tTime\t{names}\t\t\n"
        f"\t\t{axes}\n\n"
    ).encode()


def rows(table: Table, first: int) -> bytes:
    """The lines of a table of landmarks whose first row is frame `first`, counted from 1."""
    shape = (len(table), POINTS, len(WORLD))
    places = table.values[:, IMAGE_COLUMNS:].reshape(shape) * _UP
    there = table.absences[:, IMAGE_COLUMNS:].reshape(shape)[..., 0] == 0
    return "".join(_lines(table.t_us.tolist(), places, there, first)).encode()


def _lines(times_us: Sequence[int], places: "np.ndarray", there: "np.ndarray", first: int) -> Iterator[str]:
    for frame, (t_us, points, seen) in enumerate(zip(times_us, places.tolist(), there.tolist(), strict=True), first):
        cells = [f"{x:.5f}\t{y:.5f}\t{z:.5f}" if one else "\t\t" for (x, y, z), one in zip(points, seen, strict=True)]
        yield f"{frame}\t{t_us / 1e6:.6f}\t" + "\t".join(cells) + "\n"
