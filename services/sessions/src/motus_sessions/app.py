"""The shell: what the stages say goes into the store, what clients ask comes out of it, sessions begin and end.

streams -> recorder -> projection -> store -> service -> clients
               |                       ^          |
               +----> lifecycle -------+          +-> watch, straight from the streams
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from motus.v1 import (
    athlete_service_pb2,
    athlete_service_pb2_grpc,
    operations_service_pb2,
    operations_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
)
from motus_runtime.errors import UnavailableError
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.call import Stage
from motus_runtime.rpc.http.server import HttpServer
from motus_runtime.rpc.http.settings import HttpSettings
from motus_runtime.rpc.limits import LimitSettings
from motus_runtime.rpc.server import RpcServer
from motus_runtime.rpc.server_settings import ServerSettings, refuse_exposure
from motus_runtime.service import Context
from motus_runtime.settings import load
from motus_sessions.admission import Admission
from motus_sessions.athletes import AthleteServicer
from motus_sessions.audit import Audit, Audited
from motus_sessions.erasing import Erasing
from motus_sessions.lifecycle import Lifecycle
from motus_sessions.operations import OperationsServicer
from motus_sessions.recorder import Recorder
from motus_sessions.retention import Retention, defaults_of
from motus_sessions.service import SessionServicer
from motus_sessions.settings import SessionsSettings, default_store_url
from motus_sessions.store.port import SessionStore
from motus_sessions.store.sql import SqlStore
from motus_sessions.tokens import Tokens
from motus_sessions.watch import Watches

log = logging.getLogger("motus.sessions")

GRPC, HTTP = "MOTUS_SESSIONS_GRPC", "MOTUS_SESSIONS_HTTP"
SESSIONS = session_service_pb2.DESCRIPTOR.services_by_name["SessionService"]
OPERATIONS = operations_service_pb2.DESCRIPTOR.services_by_name["OperationsService"]
ATHLETES = athlete_service_pb2.DESCRIPTOR.services_by_name["AthleteService"]
PING_EVERY_S = 1.0
GRACE_S = 5.0


@dataclass(frozen=True)
class Settings:
    """All that the service is told.

    Attributes:
        sessions: the service's own.
        server: where its gRPC server listens.
        http: where its HTTP server listens, if it has one.
        auth: who may call.
        limits: how much.
    """

    sessions: SessionsSettings
    server: ServerSettings
    http: HttpSettings
    auth: AuthSettings
    limits: LimitSettings

    @classmethod
    def read(cls, *, insecure_dev: bool) -> "Settings":
        """Read them from the environment; `insecure_dev` is what the command line says.

        Raises:
            SettingsError: they are wrong, or would serve whom nobody meant to serve.
        """
        server, auth = load(ServerSettings, GRPC), load(AuthSettings, "MOTUS_AUTH")
        auth = replace(auth, insecure_dev=auth.insecure_dev or insecure_dev)
        refuse_exposure(server, GRPC, auth)
        if (http := load(HttpSettings, HTTP)).serve:
            refuse_exposure(http, HTTP, auth)
        return cls(load(SessionsSettings, "MOTUS_SESSIONS"), server, http, auth, load(LimitSettings, "MOTUS_LIMIT"))


class SessionsApp:
    """The sessions service. It keeps nothing that the store or the bus does not have."""

    def __init__(self, context: Context, settings: Settings, store: SessionStore, tokens: Tokens) -> None:
        self._store = store
        self._lifecycle = Lifecycle(context.bus, store, context.specs)
        self._recorder = Recorder(context.bus, store, self._lifecycle.moved)
        self.watches = Watches(context.bus, store, tokens)
        self._audit = Audit(store.audit, settings.sessions.audit_retention_days)
        self._retention = Retention(store, defaults_of(settings.sessions))
        self._admission = Admission(store, self._lifecycle, context.specs, context.leases)
        erasing = Erasing(context.bus, store, self._lifecycle)
        servicer = SessionServicer(store, self._lifecycle, self._admission, erasing, self.watches, tokens)
        self.server = RpcServer(settings.server, settings.auth, settings.limits, lambda: not context.health.faults())
        self.http = http_server(settings, self.server.stages)
        sessions = Audited(servicer, SESSIONS, self._audit)
        athletes = Audited(AthleteServicer(store.athletes, erasing, tokens), ATHLETES, self._audit)
        servers: list[RpcServer | HttpServer] = [self.server, self.http] if self.http else [self.server]
        for server in servers:
            server.add(SESSIONS.full_name, session_service_pb2_grpc.add_SessionServiceServicer_to_server, sessions)
            server.add(ATHLETES.full_name, athlete_service_pb2_grpc.add_AthleteServiceServicer_to_server, athletes)
            server.add(
                OPERATIONS.full_name,
                operations_service_pb2_grpc.add_OperationsServiceServicer_to_server,
                OperationsServicer(context.leases.registry),
            )
        self._store_fault = ""
        context.health.require("store", lambda: self._store_fault or self._recorder.fault)

    def bind(self) -> None:
        """Take the ports.

        Raises:
            UnavailableError: one is taken.
            SettingsError: certificate or key cannot be read.
        """
        self.server.bind()
        if self.http is not None:
            self.http.bind()

    async def run(self) -> None:
        """Record, serve and look after sessions until cancelled."""
        await self.server.start()
        log.info("gRPC on port %d", self.server.port)
        parts = (self._recorder, self._lifecycle, self._admission, self.server, self._audit, self._retention)
        loops = [part.run() for part in parts]
        loops.append(self._ping())
        if self.http is not None:
            await self.http.start()
            log.info("HTTP on port %d", self.http.port)
            loops.append(self.http.run())
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(loop)

    async def drain(self) -> None:
        """Send watchers away, let short calls finish, close the store."""
        self.watches.end()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.server.stop(GRACE_S))
            if self.http is not None:
                group.create_task(self.http.stop())
        with suppress(UnavailableError):  # nobody is left to be told; the store is away
            await self._audit.write()
        await self._store.close()

    async def _ping(self) -> None:
        while True:
            try:
                await self._store.ping()
                self._store_fault = ""
            except UnavailableError as error:
                self._store_fault = error.message
            await asyncio.sleep(PING_EVERY_S)


def http_server(settings: Settings, stages: Sequence[Stage]) -> HttpServer | None:
    """The HTTP server that the settings ask for; None: none."""
    if not settings.http.serve:
        return None
    return HttpServer(settings.http, stages, insecure_dev=settings.auth.insecure_dev)


async def build(context: Context, *, insecure_dev: bool = False) -> SessionsApp:
    """The service as its settings say; `insecure_dev` lets everybody on this machine in."""
    settings = Settings.read(insecure_dev=insecure_dev)
    own = settings.sessions
    store = await SqlStore.open(
        own.store_url or default_store_url(), pool_size=own.store_pool_size, timeout_s=own.store_timeout_s
    )
    app = SessionsApp(context, settings, store, Tokens(await store.token_key()))
    app.bind()
    return app
