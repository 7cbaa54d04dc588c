"""What one tenant may take of a server: requests a second and streams at once."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from motus_runtime.errors import TooManyRequestsError
from motus_runtime.rpc.call import Call
from motus_runtime.settings import setting


@dataclass(frozen=True)
class LimitSettings:
    """Limits of each tenant at each server, variables `MOTUS_LIMIT_<NAME>`."""

    requests_per_s: float = setting(200.0, "requests per second that a tenant may make for long", minimum=0.1)
    burst: int = setting(400, "requests that a tenant may make at once", minimum=1)
    streams: int = setting(500, "streams that a tenant may keep open at once", minimum=1)


class Bucket:
    """A token bucket. It is full at first; each request takes one token, and `rate` of them come back per second.

    Args:
        rate: tokens per second.
        size: tokens that it holds.
        now_s: the time, seconds.
    """

    def __init__(self, rate: float, size: int, now_s: float) -> None:
        self._rate, self._size = rate, size
        self._level, self._at_s = float(size), now_s

    def take(self, now_s: float) -> float:
        """Take a token: 0 when there is one, else the seconds until there will be, and nothing is taken."""
        self._level = min(self._size, self._level + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        if self._level < 1:
            return (1 - self._level) / self._rate
        self._level -= 1
        return 0.0


@dataclass
class _Share:
    """What one tenant has taken."""

    bucket: Bucket
    streams: int = 0


class Limits:
    """The stage that holds tenants to their limits. They are few, since somebody made tokens for each: all are kept."""

    def __init__(self, settings: LimitSettings) -> None:
        self._settings = settings
        self._shares: dict[str, _Share] = {}

    @asynccontextmanager
    async def stage(self, call: Call) -> AsyncIterator[None]:
        """Admits a call of a known caller.

        Raises:
            TooManyRequestsError: they are beyond a limit.
        """
        assert call.caller is not None, "auth comes before limits"
        share = self._share(call.caller.tenant)
        if wait_s := share.bucket.take(time.monotonic()):
            raise TooManyRequestsError("more requests per second than the tenant may make", retry_after_s=wait_s)
        if not call.streams:
            yield
            return
        if share.streams >= self._settings.streams:
            raise TooManyRequestsError(
                "more streams than the tenant may keep open", reason="TOO_MANY_STREAMS", retry_after_s=1.0
            )
        share.streams += 1
        try:
            yield
        finally:
            share.streams -= 1

    def _share(self, tenant: str) -> _Share:
        if tenant not in self._shares:
            bucket = Bucket(self._settings.requests_per_s, self._settings.burst, time.monotonic())
            self._shares[tenant] = _Share(bucket)
        return self._shares[tenant]
