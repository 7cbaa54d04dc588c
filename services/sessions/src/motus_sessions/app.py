"""The shell: what the stages say goes into the store, what clients ask comes out of it, sessions begin and end.

streams -> recorder -> projection -> store -> service -> clients
               |                       ^          |
               +----> lifecycle -------+          +-> watch, straight from the streams
"""

import asyncio
import logging

from motus_runtime.errors import UnavailableError
from motus_runtime.service import Context
from motus_runtime.settings import load
from motus_sessions.lifecycle import Lifecycle
from motus_sessions.recorder import Recorder
from motus_sessions.server import Server
from motus_sessions.service import SessionServicer
from motus_sessions.settings import SessionsSettings, default_store_url
from motus_sessions.store.port import SessionStore
from motus_sessions.store.sql import SqlStore
from motus_sessions.tokens import Tokens
from motus_sessions.watch import Watches

log = logging.getLogger("motus.sessions")

PING_EVERY_S = 1.0
GRACE_S = 5.0


class SessionsApp:
    """The sessions service. It keeps nothing that the store or the bus does not have."""

    def __init__(self, context: Context, settings: SessionsSettings, store: SessionStore, tokens: Tokens) -> None:
        self._store = store
        self._lifecycle = Lifecycle(context.bus, store, context.specs)
        self._recorder = Recorder(context.bus, store, self._lifecycle.moved)
        self.watches = Watches(context.bus, store, tokens)
        servicer = SessionServicer(store, self._lifecycle, self.watches, tokens)
        self.server = Server(settings, servicer, lambda: not context.health.faults())
        self._store_fault = ""
        context.health.require("store", lambda: self._store_fault or self._recorder.fault)

    async def run(self) -> None:
        """Record, serve and look after sessions until cancelled."""
        await self.server.start()
        log.info("gRPC on port %d", self.server.port)
        async with asyncio.TaskGroup() as group:
            for loop in (self._recorder.run(), self._lifecycle.run(), self.server.run(), self._ping()):
                group.create_task(loop)

    async def drain(self) -> None:
        """Send watchers away, let short calls finish, close the store."""
        self.watches.end()
        await self.server.stop(GRACE_S)
        await self._store.close()

    async def _ping(self) -> None:
        while True:
            try:
                await self._store.ping()
                self._store_fault = ""
            except UnavailableError as error:
                self._store_fault = error.message
            await asyncio.sleep(PING_EVERY_S)


async def build(context: Context) -> SessionsApp:
    """The service as its settings say."""
    settings = load(SessionsSettings, "MOTUS_SESSIONS")
    settings.refuse_exposure()
    store = await SqlStore.open(
        settings.store_url or default_store_url(),
        pool_size=settings.store_pool_size,
        timeout_s=settings.store_timeout_s,
    )
    app = SessionsApp(context, settings, store, Tokens(await store.token_key()))
    app.server.bind()
    return app
