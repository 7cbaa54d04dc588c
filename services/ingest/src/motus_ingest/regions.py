"""Where pose last saw people: told by the event loop, asked by the thread that encodes pictures."""

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from motus_ingest.cutting import Sighting

LAG: Final = 4
"""A recording's picture is cut by what was said of the one so many before: however busy the machine is, a recording
gives the same pictures each time. Fewer would have its decoding wait for pose."""
_KEPT: Final = 16
_PATIENCE_S: Final = 60.0
"""A worker that comes to a session may take seconds; a picture that did not wait for it would be another one."""


class Regions:
    """What pose said of the last frames of one source."""

    def __init__(self) -> None:
        self._told: OrderedDict[int, Sighting | None] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False

    def close(self) -> None:
        """Nobody will be told any more: whoever waits goes on without."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def tell(self, frame_seq: int, sighting: Sighting | None) -> None:
        """Keep what pose said of a frame; None: it is settled, and was not looked at."""
        with self._changed:
            if sighting is None and frame_seq in self._told:
                return  # answered twice: what was seen stays
            before = self._told.get(frame_seq - 1)
            known = None if before is None else replace(before, before=None)
            self._told[frame_seq] = None if sighting is None else replace(sighting, before=known)
            while len(self._told) > _KEPT:
                self._told.popitem(last=False)
            self._changed.notify_all()

    def behind(self, frame_seq: int) -> Sighting | None:
        """What pose said of the frame LAG before; waits for it."""
        wanted = frame_seq - LAG
        if wanted < 0:
            return None
        with self._changed:
            self._changed.wait_for(lambda: self._closed or max(self._told, default=-1) >= wanted, _PATIENCE_S)
            return self._told.get(wanted)

    def newest(self) -> Sighting | None:
        """What pose said of the newest frame it looked at."""
        with self._changed:
            seen = [one for one in self._told.values() if one is not None]
        return max(seen, key=lambda one: one.t_s, default=None)
