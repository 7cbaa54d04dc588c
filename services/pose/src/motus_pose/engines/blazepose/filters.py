"""Pure core: One-Euro filters (Casiez 2012) for all points of a person at once, with MediaPipe's parameters."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from motus_pose.engines.blazepose.points import Points
from motus_pose.engines.blazepose.roi import Floats

_IMAGE: Final = (0.05, 80.0)
_WORLD: Final = (0.1, 40.0)
"""Lowest cutoff in hertz, and how it grows with speed."""
_SPEED_CUTOFF_HZ: Final = 1.0
_VISIBILITY_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class OneEuro:
    """State of a filter: the last raw and smooth values and their smooth speed, (n, 3) each, and when that was."""

    raw: Floats
    smooth: Floats
    speed: Floats
    t_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Smoothing:
    """State of a person's filters; None before the first picture."""

    image: OneEuro | None = None
    world: OneEuro | None = None
    visibility: Floats | None = None


def smoothed(state: Smoothing, points: Points, t_s: float) -> tuple[Smoothing, Points]:
    """A person's points without their jitter.

    Args:
        state: The state so far.
        points: What was seen.
        t_s: When, seconds.
    """
    image = one_euro(state.image, points.image[:, :3], t_s, _IMAGE, 1.0 / max(points.roi.size, 1e-6))
    world = one_euro(state.world, points.world, t_s, _WORLD, 1.0)
    seen = points.image[:, 3]
    before = seen if state.visibility is None else state.visibility
    visibility = before + _VISIBILITY_SHARE * (seen - before)
    whole = np.concatenate([image.smooth, visibility[:, None], points.image[:, 4:]], axis=1)
    return Smoothing(image, world, visibility), replace(points, image=whole, world=world.smooth)


def one_euro(state: OneEuro | None, raw: Floats, t_s: float, law: tuple[float, float], scale: float) -> OneEuro:
    """One step of the filter; time that does not ascend leaves it as it is.

    Args:
        state: The state so far.
        raw: (n, 3) new values.
        t_s: When, seconds.
        law: Lowest cutoff in hertz, and how it grows with the scaled speed.
        scale: What makes speeds of large and small people alike.
    """
    if state is None:
        return OneEuro(raw, raw, np.zeros_like(raw), t_s)
    if t_s <= state.t_s:
        return state
    rate_hz = 1.0 / (t_s - state.t_s)
    speed = state.speed + _share(_SPEED_CUTOFF_HZ, rate_hz) * ((raw - state.raw) * scale * rate_hz - state.speed)
    share = _share(law[0] + law[1] * np.abs(speed), rate_hz)
    return OneEuro(raw, state.smooth + share * (raw - state.smooth), speed, t_s)


def _share(cutoff_hz: "Floats | float", rate_hz: float) -> "Floats | float":
    """How much of a new value a low pass takes."""
    return 1.0 / (1.0 + rate_hz / (2.0 * np.pi * cutoff_hz))
