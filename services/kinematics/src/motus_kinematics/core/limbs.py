"""How long an athlete's limbs are, as several sessions have learnt it: where the next one begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from motus_kinematics.core.body import Floats
from motus_kinematics.core.bones import BONES
from motus_kinematics.core.stance import Stance

ENOUGH_S: Final = 3.0
"""A bone that was seen for so long across the line of sight has a length."""
MOST_SESSIONS: Final = 10
"""So many count at most: the oldest fade, for athletes grow."""
PLAUSIBLE_M: Final = (0.02, 1.5)
_ERRORS: Final = MappingProxyType(
    {
        "thigh": (0.04, 0.01),
        "upper_arm": (0.05, 0.05),
        "shank": (0.04, 0.02),
        "forearm": (0.06, 0.075),
        "foot": (0.065, 0.07),
        "hip_line": (0.15, 0.035),
        "shoulder_line": (0.08, 0.01),
        "trunk": (0.04, 0.01),
        "neck": (0.1, 0.07),
    }
)
"""Standard errors as shares of the length: what differs from session to session, and what all of them have in common.
Of synthetic athletes with even seeds, medium noise, all views; foot and neck have no truth there and are taken to err
in common as a forearm does."""


@dataclass(frozen=True)
class Limb:
    """What is known of one length.

    Attributes:
        length_m: Mean of the sessions.
        sessions: In how many it was learnt, up to MOST_SESSIONS.
    """

    length_m: float
    sessions: int


Limbs: TypeAlias = Mapping[str, Limb]
"""By the names of BONES; what was never learnt is not there."""


def learnt(before: Limbs, stance: Stance | None) -> Limbs:
    """The limbs after a session that ends with a stance: each length is the mean of what the sessions showed."""
    if stance is None:
        return before
    own = zip(BONES, stance.lengths.tolist(), stance.seen_s.tolist(), strict=True)
    return {
        **before,
        **{name: _with(before.get(name), length_m) for name, length_m, seen_s in own if seen_s >= ENOUGH_S},
    }


def lengths_of(limbs: Limbs) -> Floats | None:
    """(9,) lengths in metres in the order of BONES, NaN where unknown; None where nothing is known."""
    return np.array([limbs[name].length_m if name in limbs else np.nan for name in BONES]) if limbs else None


def standard_error_m(name: str, limb: Limb) -> float:
    """How well a length is known, in metres."""
    of_a_session, common = _ERRORS[name]
    return limb.length_m * float(np.hypot(of_a_session / np.sqrt(limb.sessions), common))


def _with(known: Limb | None, length_m: float) -> Limb:
    """A length with one more session."""
    if known is None:
        return Limb(length_m, 1)
    sessions = min(known.sessions + 1, MOST_SESSIONS)
    return Limb(known.length_m + (length_m - known.length_m) / sessions, sessions)
