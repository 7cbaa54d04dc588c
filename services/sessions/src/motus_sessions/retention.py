"""Retention: what sessions do not keep any longer goes, again and again, a little at a time."""

import asyncio
import logging
import time
from collections.abc import Mapping

from motus_runtime.errors import UnavailableError
from motus_runtime.telemetry import STAGE_EVENTS
from motus_sessions.projection.records import LANDMARKS, MEASURES
from motus_sessions.settings import SessionsSettings
from motus_sessions.store.port import SessionStore

log = logging.getLogger("motus.sessions.retention")

EVERY_S = 600.0
DAY_S = 86_400.0


def defaults_of(settings: SessionsSettings) -> Mapping[str, float | None]:
    """Seconds that each kind is kept of sessions that do not say; None: for ever."""
    days = {LANDMARKS: settings.landmarks_retention_days, MEASURES: settings.measures_retention_days}
    return {kind: DAY_S * count if count else None for kind, count in days.items()}


class Retention:
    """Has the store remove what has expired.

    Args:
        store: the store.
        defaults: seconds that each kind is kept of sessions that do not say; None: for ever.
    """

    def __init__(self, store: SessionStore, defaults: Mapping[str, float | None]) -> None:
        self._store, self._defaults = store, defaults

    async def run(self) -> None:
        """Look every ten minutes until cancelled."""
        while True:
            try:
                await self.expire(time.time_ns())
            except UnavailableError as error:
                log.warning("looking again later: %s", error.message)
            await asyncio.sleep(EVERY_S)

    async def expire(self, now_ns: int) -> None:
        """Remove all that has expired at a time, Unix nanoseconds.

        Raises:
            UnavailableError: the store does not answer; what is left goes the next time.
        """
        for tenant in await self._store.tenants():
            for kind, default_s in self._defaults.items():
                while rows := await self._store.retention.expire(tenant, kind, default_s, now_ns):
                    STAGE_EVENTS.labels("sessions", f"expired_{kind}").inc(rows)
