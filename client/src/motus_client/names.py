"""Names as people and programs read them: resource names, and enum values without their prefix."""

import re
from typing import Any
from urllib.parse import unquote

SESSIONS, ATHLETES = "sessions/", "athletes/"


def session_name(session: str) -> str:
    """The resource name of a session given with or without `sessions/`."""
    return session if session.startswith(SESSIONS) else SESSIONS + session


def athlete_name(athlete: str) -> str:
    """The resource name of an athlete given with or without `athletes/`."""
    return athlete if athlete.startswith(ATHLETES) else ATHLETES + athlete


def last_part(resource: str) -> str:
    """The id at the end of a resource name: `p1` of `sessions/s/participants/p1`."""
    return resource.rsplit("/", 1)[-1]


def source_words(uri: str) -> str:
    """A source as a person writes it: a file by its plain path, everything else as it is."""
    return unquote(uri.removeprefix("file://")) if uri.startswith("file:///") else uri


def value_name(enum: Any, number: int) -> str:
    """An enum value's name without the enum's own: `ECCENTRIC` of `PHASE_KIND_ECCENTRIC`.

    A number that this release does not know is given as it is.
    """
    known = enum.DESCRIPTOR.values_by_number.get(number)
    if known is None:
        return str(number)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.DESCRIPTOR.name).upper() + "_"
    return str(known.name).removeprefix(prefix)
