"""Pure core: which camera in a LiveKit room a URI means, and which of the tracks that are there it is."""

import fnmatch
import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from motus_ingest.sources.port import SourceError

SCHEME: Final = "livekit"
_FORM: Final = "A camera in a LiveKit room is named livekit://ROOM/PARTICIPANT/TRACK; the last two may be left out."


@dataclass(frozen=True, slots=True)
class Target:
    """What a URI names; an empty participant or track is any."""

    room: str
    participant: str = ""
    track: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A video track that somebody publishes.

    Attributes:
        sid: its id, another each time it is published.
        name: that its publisher gave it.
        participant: its publisher's identity.
        camera: it says to be a camera; None: it does not say what it is; False: it is a screen.
        muted: no pictures come now.
    """

    sid: str
    name: str
    participant: str
    camera: bool | None
    muted: bool = False


def target_of(uri: str) -> Target:
    """What a `livekit://` URI names.

    Raises:
        SourceError: it names no room, or holds what no such URI holds.
    """
    scheme, _, rest = uri.partition("://")
    names = [unquote(name) for name in rest.removesuffix("/").split("/")]
    if scheme.lower() != SCHEME or len(names) > 3 or not all(names) or set("?#@") & set(rest):
        raise SourceError(_FORM)
    return Target(*names)


def check_room(uri: str, rooms: Sequence[str], tenant: str) -> None:
    """Whether a tenant may watch the room that a URI names.

    Args:
        uri: `livekit://...`.
        rooms: patterns of rooms that may be watched, in which `{tenant}` stands for who asks.
        tenant: who asks; taken as it is, whatever signs it holds.

    Raises:
        SourceError: they may not, or the URI names none.
    """
    room = target_of(uri).room
    if not any(fnmatch.fnmatchcase(room, one.replace("{tenant}", glob.escape(tenant))) for one in rooms):
        raise SourceError("This LiveKit room is none that may be watched here.")


def pick(candidates: Iterable[Candidate], target: Target, current: str | None) -> str | None:
    """The track to watch; None: there is none.

    The one that is watched stays, also while it is muted: another may show somebody else. A screen is watched only by
    its name.
    """
    fitting = [one for one in candidates if _fits(one, target)]
    if any(one.sid == current for one in fitting):
        return current
    fitting.sort(key=lambda one: (not one.camera, one.muted, one.participant, one.sid))
    return fitting[0].sid if fitting else None


def _fits(candidate: Candidate, target: Target) -> bool:
    if target.participant and candidate.participant != target.participant:
        return False
    if target.track:
        return target.track in (candidate.name, candidate.sid)
    return candidate.camera is not False
