"""`motus-sessions-audit`: prints a tenant's audit log, a JSON object a line, for whoever runs the database."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from motus_runtime.errors import UnavailableError
from motus_runtime.settings import SettingsError, load
from motus_sessions.projection.audit import AuditEntry
from motus_sessions.settings import SessionsSettings, default_store_url
from motus_sessions.store.port import AuditStore
from motus_sessions.store.sql import SqlStore

PAGE = 1000
SECOND_NS = 1_000_000_000


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="motus-sessions-audit", description=__doc__)
    parser.add_argument("tenant", help="whose log")
    parser.add_argument("--resource", default="", help="only what begins so, as athletes/ada or sessions/abcd")
    arguments = parser.parse_args()
    try:
        asyncio.run(_print(arguments.tenant, arguments.resource))
    except (SettingsError, UnavailableError) as error:
        print(f"motus-sessions-audit: {error}", file=sys.stderr)
        return 1
    return 0


async def _print(tenant: str, resource: str) -> None:
    store = await SqlStore.open(load(SessionsSettings, "MOTUS_SESSIONS").store_url or default_store_url())
    try:
        async for entry in _all(store.audit, tenant):
            if entry.resource.startswith(resource):
                print(_line(entry))
    finally:
        await store.close()


async def _all(audit: AuditStore, tenant: str) -> AsyncIterator[AuditEntry]:
    """Entries, oldest first."""
    after = (0, 0)
    while page := await audit.page(tenant, after=after, limit=PAGE):
        for entry in page:
            yield entry
        after = (page[-1].time_ns, page[-1].entry)


def _line(entry: AuditEntry) -> str:
    time = datetime.fromtimestamp(entry.time_ns / SECOND_NS, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": time, "subject": entry.subject, "method": entry.method, "resource": entry.resource})
