"""A session's LiveKit room over all its connections: what was said last is said through the newest."""

from collections.abc import Callable, Mapping
from typing import Protocol

from motus_ingest.sources.port import LiveSource, LostError


class SpeakingSource(LiveSource, Protocol):
    """A live source that can be talked back to."""

    async def say(self, text: str, data: bytes, attributes: Mapping[str, str] | None = None) -> None:
        """Send a cue to those who are filmed.

        Raises:
            LostError: it was not sent.
        """


class Room:
    """Makes a session's connections one after the other, and speaks through the newest.

    Args:
        make: makes a connection.
    """

    def __init__(self, make: Callable[[], SpeakingSource]) -> None:
        self._make = make
        self._newest: SpeakingSource | None = None

    def connect(self) -> SpeakingSource:
        """The next connection, as `LiveFeed` asks for it."""
        self._newest = self._make()
        return self._newest

    async def say(self, text: str, data: bytes, attributes: Mapping[str, str] | None = None) -> None:
        """Send a cue into the room.

        Raises:
            LostError: it was not sent.
        """
        if self._newest is None:
            raise LostError("The LiveKit room is not connected.")
        await self._newest.say(text, data, attributes)
