"""Who read what: noted call by call, written down in batches.

Erasures are written in the transaction that erases, see motus_sessions.store.erasure. A server that is killed loses the
reads of its last WRITE_EVERY_S at most.
"""

import asyncio
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from motus.v1 import access_pb2
from motus_runtime.errors import UnavailableError
from motus_runtime.rpc.call import caller
from motus_sessions.projection.audit import AuditEntry
from motus_sessions.store.port import AuditStore

log = logging.getLogger("motus.sessions.audit")

WRITE_EVERY_S = 0.5
TRIM_EVERY_S = 3600.0
MOST_WAITING = 20_000
_DAY_NS = 86_400 * 1_000_000_000
_NUMBERS = 2**62
# The most telling first: of a session's participant rather than of the session.
_NAMES = ("participant", "name", "parent", "athlete")


def entry_of(method: str, resource: str) -> AuditEntry:
    """The entry for what the caller who is served here does now."""
    return AuditEntry(time.time_ns(), secrets.randbelow(_NUMBERS), caller().subject, method, resource)


class Audit:
    """Writes down who read what.

    Args:
        store: where to.
        retention_days: after which entries are removed.
    """

    def __init__(self, store: AuditStore, retention_days: int) -> None:
        self._store, self._retention_days = store, retention_days
        self._waiting: defaultdict[str, list[AuditEntry]] = defaultdict(list)

    def note(self, method: str, resource: str) -> None:
        """Note that the caller who is served here reads something.

        Raises:
            UnavailableError: so much waits to be written that nothing more may be read.
        """
        waiting = self._waiting[caller().tenant]
        if len(waiting) >= MOST_WAITING:
            raise UnavailableError("the audit log cannot be written now, so nothing can be read")
        waiting.append(entry_of(method, resource))

    async def run(self) -> None:
        """Write down what was noted, and remove what has grown old, until cancelled."""
        trimmed = float("-inf")
        while True:
            try:
                await self.write()
                if time.monotonic() - trimmed > TRIM_EVERY_S:
                    await self._trim()
                    trimmed = time.monotonic()
            except UnavailableError as error:
                log.warning("writing again: %s", error.message)
            await asyncio.sleep(WRITE_EVERY_S)

    async def write(self) -> None:
        """Write down what was noted.

        Raises:
            UnavailableError: the store does not answer; nothing is lost.
        """
        for tenant in list(self._waiting):
            entries = self._waiting[tenant][:]
            await self._store.write(tenant, entries)
            self._waiting[tenant] = self._waiting[tenant][len(entries) :]
            if not self._waiting[tenant]:
                del self._waiting[tenant]

    async def _trim(self) -> None:
        before_ns = time.time_ns() - self._retention_days * _DAY_NS
        for tenant in await self._store.tenants():
            await self._store.trim(tenant, before_ns)


class Audited:
    """A servicer each of whose calls that reads something is noted, once, when its first answer is there.

    Args:
        servicer: the servicer.
        service: what it serves.
        audit: where to note.
    """

    def __init__(self, servicer: Any, service: ServiceDescriptor, audit: Audit) -> None:
        for method in service.methods:
            handler = getattr(servicer, method.name)
            if _reads(method):
                handler = (_noted_each if method.server_streaming else _noted)(handler, method.name, audit)
            setattr(self, method.name, handler)


def _reads(method: MethodDescriptor) -> bool:
    """Whether a method reads what a tenant has: the register of measures, asked for without a name, is everybody's."""
    scopes = method.GetOptions().Extensions[access_pb2.required_scopes]
    return any(scope.endswith(".read") for scope in scopes) and bool(method.input_type.fields)


def _resource(request: Any) -> str:
    """The name of what a request reads; that of a collection for a list of all."""
    fields = request.DESCRIPTOR.fields_by_name
    named = next((value for name in _NAMES if name in fields and (value := getattr(request, name))), "")
    return named or request.DESCRIPTOR.name.removeprefix("List").removesuffix("Request").lower()


def _noted(
    handler: Callable[[Any, Any], Awaitable[Any]], method: str, audit: Audit
) -> Callable[[Any, Any], Awaitable[Any]]:
    async def call(request: Any, context: Any) -> Any:
        answer = await handler(request, context)
        audit.note(method, _resource(request))
        return answer

    return call


def _noted_each(
    handler: Callable[[Any, Any], Any], method: str, audit: Audit
) -> Callable[[Any, Any], AsyncIterator[Any]]:
    async def call(request: Any, context: Any) -> AsyncIterator[Any]:
        noted = False
        async with aclosing(handler(request, context)) as answers:
            async for answer in answers:
                if not noted:
                    audit.note(method, _resource(request))
                    noted = True
                yield answer

    return call
