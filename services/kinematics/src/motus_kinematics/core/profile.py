"""The learnt profile of an athlete as bytes and back: JSON with a version, values by the names of their channels.

What a later register lacks is left out on reading, what it has more is not known yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from motus_kinematics.core.taught import CHANNELS, POINTS, Template

VERSION: Final = 1
DECIMALS: Final = 3


class ProfileError(ValueError):
    """The bytes are no profile that this version reads."""


@dataclass(frozen=True)
class Profile:
    """What is learnt of an athlete.

    Attributes:
        taught: The movements they taught, each id once.
    """

    taught: tuple[Template, ...] = ()


def encode(profile: Profile) -> bytes:
    """The profile as bytes; empty for one without anything."""
    if profile == Profile():
        return b""
    document = {"version": VERSION, "taught": [_template_out(template) for template in profile.taught]}
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
        taught = tuple(_template_in(each) for each in document["taught"]) if version == VERSION else ()
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError(f"no profile: {error!r}") from error
    if version != VERSION:
        raise ProfileError(f"a profile of version {version}, not {VERSION}")
    return Profile(taught)


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
