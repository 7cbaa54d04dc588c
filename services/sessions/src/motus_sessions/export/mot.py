"""Joint angles as MOT, the motion format of OpenSim, under the coordinates of its full-body models; degrees.

Only those that mean nearly the same are there. Hips are the thigh against the trunk line, not against the pelvis, and
ankles read 0 as when standing. What is absent is `nan`, which OpenSim reads as missing.
"""

from collections.abc import Mapping

import numpy as np

from motus_sessions.projection.table import Table

COORDINATES: Mapping[str, tuple[str, float]] = {
    f"{coordinate}_{side[0]}": (channel.format(side=side), sign)
    for coordinate, channel, sign in (
        ("hip_flexion", "hip_flexion_{side}_deg", 1.0),
        ("hip_adduction", "hip_abduction_{side}_deg", -1.0),
        ("knee_angle", "knee_flexion_{side}_deg", 1.0),
        ("ankle_angle", "ankle_dorsiflexion_{side}_deg", 1.0),
        ("elbow_flex", "elbow_flexion_{side}_deg", 1.0),
    )
    for side in ("right", "left")
}
"""Channel and sign of each coordinate, as in Rajagopal 2016."""
CHANNELS = tuple(channel for channel, _ in COORDINATES.values())
_SIGNS = np.array([sign for _, sign in COORDINATES.values()])


def header(title: str, rows_in_all: int) -> bytes:
    """The lines before the first row."""
    labels = "\t".join(("time", *COORDINATES))
    columns = 1 + len(COORDINATES)
    return f"{title}\nversion=1\nnRows={rows_in_all}\nnColumns={columns}\ninDegrees=yes\nendheader\n{labels}\n".encode()


def rows(table: Table) -> bytes:
    """The lines of a table of `CHANNELS`."""
    angles = np.where(table.absences == 0, table.values * _SIGNS, np.nan)
    lines = (
        f"{t_us / 1e6:.6f}\t" + "\t".join(f"{angle:.4f}" for angle in row)
        for t_us, row in zip(table.t_us.tolist(), angles.tolist(), strict=True)
    )
    return "".join(f"{line}\n" for line in lines).encode()
