"""The learnt profile of an athlete as bytes and back: JSON with a version, values by the names of their channels.

What a later register lacks is left out on reading, what it has more is not known yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from motus_kinematics.core.bones import BONES
from motus_kinematics.core.limbs import PLAUSIBLE_M, Limb, Limbs, standard_error_m
from motus_kinematics.core.taught import CHANNELS, POINTS, Template

VERSION: Final = 2
READ: Final = (1, 2)
"""Versions that are read; the first one had no limbs."""
DECIMALS: Final = 3


class ProfileError(ValueError):
    """The bytes are no profile that this version reads."""


@dataclass(frozen=True)
class Profile:
    """What is learnt of an athlete.

    Attributes:
        taught: The movements they taught, each id once.
        limbs: How long their limbs are.
    """

    taught: tuple[Template, ...] = ()
    limbs: Limbs = field(default_factory=dict)


def encode(profile: Profile) -> bytes:
    """The profile as bytes; empty for one without anything."""
    if profile == Profile():
        return b""
    document = {
        "version": VERSION,
        "taught": [_template_out(template) for template in profile.taught],
        "limbs": {name: _limb_out(name, limb) for name, limb in profile.limbs.items()},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def decode(body: bytes) -> Profile:
    """The profile of some bytes; an empty one of none.

    Raises:
        ProfileError: they are no profile, or one of another version.
    """
    if not body:
        return Profile()
    try:
        document = json.loads(body)
        version = document["version"]
        known = version in READ
        taught = tuple(_template_in(each) for each in document["taught"]) if known else ()
        limbs = _limbs_in(document["limbs"]) if known and version > 1 else {}
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ProfileError(f"no profile: {error!r}") from error
    if not known:
        raise ProfileError(f"a profile of version {version}, not of {READ}")
    return Profile(taught, limbs)


def _template_out(template: Template) -> dict[str, Any]:
    columns = zip(CHANNELS, template.values.T.round(DECIMALS).tolist(), strict=True)
    return {
        "movement": template.movement,
        "duration_s": template.duration_s,
        "tolerance": template.tolerance,
        "channels": {name: values for name, values in columns if np.isfinite(values).all()},
    }


def _template_in(document: Mapping[str, Any]) -> Template:
    values = np.full((POINTS, len(CHANNELS)), np.nan)
    for i, name in enumerate(CHANNELS):
        if name in document["channels"]:
            values[:, i] = document["channels"][name]
    curves = values.astype(np.float16)
    return Template(str(document["movement"]), float(document["duration_s"]), curves, float(document["tolerance"]))


def _limb_out(name: str, limb: Limb) -> dict[str, Any]:
    error_m = round(standard_error_m(name, limb), DECIMALS + 1)
    return {"length_m": round(limb.length_m, DECIMALS + 1), "standard_error_m": error_m, "sessions": limb.sessions}


def _limbs_in(document: Mapping[str, Any]) -> Limbs:
    """The limbs that have a name here; their errors follow from the number of sessions.

    Raises:
        ValueError: a length or a number is none that an athlete can have.
    """
    limbs = {name: Limb(float(each["length_m"]), int(each["sessions"])) for name, each in document.items()}
    if not all(PLAUSIBLE_M[0] < limb.length_m < PLAUSIBLE_M[1] and limb.sessions > 0 for limb in limbs.values()):
        raise ValueError("no limb is so long")
    return {name: limbs[name] for name in BONES if name in limbs}
