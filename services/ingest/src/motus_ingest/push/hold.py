"""Who pushes into which session: its ingest lease, held for as long as a call lasts."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from motus.bus.v1 import control_pb2
from motus_runtime.errors import FailedPreconditionError, NotFoundError, TooManyRequestsError, UnavailableError
from motus_runtime.lease import Leases
from motus_runtime.ownership import Specs

FIND_S: Final = 2.0
"""A session that was created a moment ago may not be known here yet."""
LOOK_EVERY_S: Final = 0.05


@dataclass(frozen=True)
class Hold:
    """A session that is pushed into here.

    Attributes:
        spec: what it is.
        epoch: of the lease; goes into every output.
        lives: whether it is still there, and this worker's.
    """

    spec: control_pb2.SessionSpec
    epoch: int
    lives: Callable[[], bool]


class Holds:
    """The sessions that are pushed into here.

    Args:
        leases: the worker's leases.
        specs: the sessions that live now.
    """

    def __init__(self, leases: Leases, specs: Specs) -> None:
        self._leases, self._specs = leases, specs
        self._held: set[str] = set()

    def is_free(self, session: str) -> bool:
        """Whether nobody alive pushes into a session, here or elsewhere, as far as is known."""
        return session not in self._held and not self._leases.registry.is_taken(self._leases.stage, session, but_for="")

    @asynccontextmanager
    async def hold(self, tenant: str, name: str, uri: str) -> AsyncIterator[Hold]:
        """Own a session within the block.

        Args:
            tenant: who wants it.
            name: `sessions/{session}`.
            uri: the source that it must have.

        Raises:
            NotFoundError: the tenant has no such session that lives.
            FailedPreconditionError: it is for something else, or somebody pushes into it already.
            TooManyRequestsError: this worker is full.
            RetryableError: the bus does not answer.
        """
        session = name.removeprefix("sessions/")
        spec = await self._found(tenant, session)
        if spec.source.uri != uri:
            raise FailedPreconditionError(
                f"session {session} watches {spec.source.uri}, not {uri}", reason="OTHER_SOURCE"
            )
        if session in self._held:
            raise _taken(session)
        self._held.add(session)
        try:
            epoch = await self._claim(session)
            yield Hold(spec, epoch, partial(self._lives, session, epoch))
        finally:
            try:
                await self._leases.release(session)
            finally:
                self._held.discard(session)

    async def lost(self, hold: Hold) -> None:
        """Watch over a session that is held.

        Raises:
            NotFoundError: it is over, or was erased.
            UnavailableError: another worker has taken it over.
        """
        session, missing = hold.spec.session, 0
        while missing < 2:
            await asyncio.sleep(LOOK_EVERY_S)
            # Seen once it may be this call's own end, which is about to be answered.
            missing = 0 if session in self._specs.current else missing + 1
            if not missing and not hold.lives():
                raise UnavailableError(f"another worker has taken session {session} over")
        raise _unknown(session)

    def _lives(self, session: str, epoch: int) -> bool:
        return session in self._specs.current and self._leases.epochs.get(session) == epoch

    async def _found(self, tenant: str, session: str) -> control_pb2.SessionSpec:
        deadline_s = time.monotonic() + FIND_S
        # Another tenant's takes as long as none, and is told in the same words.
        while (spec := self._specs.current.get(session)) is None or spec.tenant != tenant:
            if time.monotonic() > deadline_s:
                raise _unknown(session)
            await asyncio.sleep(0.02)
        return spec

    async def _claim(self, session: str) -> int:
        if not self._leases.free_capacity:
            raise TooManyRequestsError("this worker is full", reason="NO_FREE_CAPACITY", retry_after_s=1.0)
        epoch = await self._leases.claim(session)
        if epoch is None:
            raise _taken(session)
        return epoch


def _unknown(session: str) -> NotFoundError:
    return NotFoundError(
        f"no session {session} lives: it waits for its turn, is over, or never was", reason="SESSION_NOT_FOUND"
    )


def _taken(session: str) -> FailedPreconditionError:
    return FailedPreconditionError(f"another call pushes into session {session}", reason="PUSHED_ALREADY")
