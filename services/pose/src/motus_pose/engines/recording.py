"""Landmarks of a session kept in a file, for the `replay` engine: a NumPy `.npz` of plain arrays.

| array | | |
|---|---|---|
| `t_s` | float64 (n,) | seconds, ascending |
| `image` | float32 (n, 33, 5) | as `PersonPose.image`; a frame in which nobody was seen is all NaN |
| `world` | float32 (n, 33, 3) | as `PersonPose.world`; NaN where it is not known |
| `smoothed` | bool () | the points were filtered over time |
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from motus_pose.engines.port import POINTS, EngineError

_MAX_FRAMES: Final = 1_000_000


@dataclass(frozen=True, eq=False)
class Recording:
    """The first person of each frame; the module says what the arrays are."""

    t_s: NDArray[np.float64]
    image: NDArray[np.float32]
    world: NDArray[np.float32]
    smoothed: bool

    def save(self, path: Path) -> None:
        """Write it to a file, which then is whole or is not there."""
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez_compressed(file, t_s=self.t_s, image=self.image, world=self.world, smoothed=self.smoothed)
        partial.replace(path)


def load_recording(path: Path) -> Recording:
    """Read a recording.

    Raises:
        EngineError: the file is missing, or is none; the text says what is wrong with it.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = Recording(
                arrays["t_s"].astype(np.float64),
                arrays["image"].astype(np.float32),
                arrays["world"].astype(np.float32),
                bool(arrays["smoothed"]),
            )
    except FileNotFoundError:
        raise EngineError(f"there is no recording {path}") from None
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise EngineError(f"{path} is no recording of landmarks: {error}") from None
    if fault := _fault(found):
        raise EngineError(f"{path} is no recording of landmarks: {fault}")
    return found


def _fault(recording: Recording) -> str:
    count = len(recording.t_s) if recording.t_s.ndim == 1 else 0
    if not 2 <= count <= _MAX_FRAMES:
        return f"it must have from 2 to {_MAX_FRAMES} frames"
    if recording.image.shape != (count, POINTS, 5) or recording.world.shape != (count, POINTS, 3):
        return f"image must be {(count, POINTS, 5)} and world {(count, POINTS, 3)}"
    if not (np.isfinite(recording.t_s).all() and (np.diff(recording.t_s) > 0).all()):
        return "its times must ascend"
    return ""
