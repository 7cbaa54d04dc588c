"""Pure core: when a cue is spoken, of which several revisions may come: once, in its best words, and not too late."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

REMEMBERED: Final = 256
STALE_S: Final = 10.0
"""A cue that is so late is not spoken, though it never expires: whoever reads the events again meets old ones."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A revision of a cue.

    Attributes:
        name: the same for all its revisions.
        revision: grows with each.
        made_s: when it was made, Unix seconds, as all times here.
        final: no revision follows.
        speak_s: when the newest revision is spoken though none was final; None: at once.
        expire_s: it is not spoken later; None: it does not expire.
        text: the words.
        severity: what missing it would cost, as `warning`.
        cue_code: what is said, stable.
        participant: whom it is said to, a bare id.
        language: of the words, BCP-47.
    """

    name: str
    revision: int
    made_s: float
    final: bool
    speak_s: float | None = None
    expire_s: float | None = None
    text: str = ""
    severity: str = ""
    cue_code: str = ""
    participant: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class CueHold:
    """Cues that wait for better words, and the names of those that were given, the latest last."""

    waiting: Mapping[str, Cue] = field(default_factory=dict)
    given: tuple[str, ...] = ()

    def hear(self, cue: Cue) -> "CueHold":
        """The hold with one more revision; one that is not newer, or of a cue that was given, changes nothing."""
        before = self.waiting.get(cue.name)
        if cue.name in self.given or (before is not None and before.revision >= cue.revision):
            return self
        return replace(self, waiting={**self.waiting, cue.name: cue})

    def due(self, now_s: float) -> tuple[list[Cue], "CueHold"]:
        """What is to be spoken now, in the order in which it was heard first, and the hold without it."""
        ripe = [cue for cue in self.waiting.values() if _speak_s(cue) <= now_s]
        names = [cue.name for cue in ripe]
        waiting = {name: cue for name, cue in self.waiting.items() if name not in names}
        spoken = [cue for cue in ripe if not _too_late(cue, now_s)]
        return spoken, CueHold(waiting, (*self.given, *names)[-REMEMBERED:])

    def next_s(self) -> float | None:
        """When something is due next; None: nothing waits."""
        return min(map(_speak_s, self.waiting.values()), default=None)


def _speak_s(cue: Cue) -> float:
    return cue.made_s if cue.final or cue.speak_s is None else cue.speak_s


def _too_late(cue: Cue, now_s: float) -> bool:
    latest_s = _speak_s(cue) + STALE_S
    return now_s > latest_s or (cue.expire_s is not None and now_s > cue.expire_s)
