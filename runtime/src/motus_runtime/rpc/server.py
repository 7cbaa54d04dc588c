"""A gRPC server: the stages of its calls, TLS, limits, health and reflection."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from motus_runtime.errors import UnavailableError
from motus_runtime.rpc.auth import Auth, Authority, EveryoneOnThisMachine
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.call import Call, Stage
from motus_runtime.rpc.deadline import deadline
from motus_runtime.rpc.interceptor import Interceptor
from motus_runtime.rpc.keys import StaticKeys
from motus_runtime.rpc.limits import Limits, LimitSettings
from motus_runtime.rpc.oidc import OidcTokens
from motus_runtime.rpc.server_settings import ServerSettings
from motus_runtime.rpc.signing_keys import SigningKeys
from motus_runtime.rpc.status import statuses
from motus_runtime.rpc.telemetry import telemetry
from motus_runtime.rpc.tls import certificates_of

log = logging.getLogger("motus.rpc")

CHECK_EVERY_S = 0.5
MAX_REQUEST_BYTES = 1024 * 1024
MAX_CALLS = 4000
_MINUTE_MS = 60_000
OPTIONS = (
    # Two servers on one port would each get some of the calls.
    ("grpc.so_reuseport", 0),
    # Else a slow watcher has megabytes of old samples on the way before anybody notices.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 65536),
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    # Of one connection.
    ("grpc.max_concurrent_streams", 1000),
    ("grpc.keepalive_time_ms", _MINUTE_MS),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    # Clients come back, perhaps to a server that is less busy; those in a call are given time to end it.
    ("grpc.max_connection_age_ms", 30 * _MINUTE_MS),
    ("grpc.max_connection_age_grace_ms", 5 * _MINUTE_MS),
)
_STATES = {
    True: health_pb2.HealthCheckResponse.SERVING,
    False: health_pb2.HealthCheckResponse.NOT_SERVING,
}


def auth_stage(settings: AuthSettings) -> Callable[[Call], AbstractAsyncContextManager[None]]:
    """The stage that lets in whom the operator names.

    Raises:
        SettingsError: the file of keys cannot be read.
    """
    if settings.insecure_dev:
        log.warning("insecure dev: everybody on this machine may do everything")
        return EveryoneOnThisMachine().stage
    authorities: list[Authority] = []
    if settings.keys_file:
        authorities.append(StaticKeys.read(Path(settings.keys_file)))
    if settings.issuer:
        authorities.append(OidcTokens(settings, SigningKeys(settings.issuer, settings.jwks_url)))
    return Auth(authorities).stage


class RpcServer:
    """Serves services by gRPC. `settings` must have passed `refuse_exposure`.

    Attributes:
        stages: what every call passes, outermost first.
        port: where it listens, once it is bound.

    Args:
        settings: where to listen, and how.
        auth: who may call.
        limits: how much.
        ready: whether the process can do its work.
    """

    def __init__(
        self, settings: ServerSettings, auth: AuthSettings, limits: LimitSettings, ready: Callable[[], bool]
    ) -> None:
        self._settings, self._ready = settings, ready
        self.stages: tuple[Stage, ...] = (telemetry, statuses, auth_stage(auth), deadline, Limits(limits).stage)
        self._server = grpc.aio.server(
            interceptors=[Interceptor(self.stages)], options=OPTIONS, maximum_concurrent_rpcs=MAX_CALLS
        )
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._services: list[str] = []
        self.port = 0

    def add(self, service: str, register: Callable[[Any, Any], None], servicer: Any) -> None:
        """Serve a service.

        Args:
            service: its full name.
            register: the function that the stubs have for it.
            servicer: who answers.
        """
        register(servicer, self._server)
        self._services.append(service)

    def bind(self) -> None:
        """Take the port.

        Raises:
            UnavailableError: the address is taken, or is none of this machine's.
            SettingsError: certificate or key cannot be read.
        """
        if self._settings.reflection:
            names = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)
        address = f"{self._settings.host}:{self._settings.port}"
        certificates = certificates_of(self._settings)
        try:
            if certificates is not None:
                self.port = self._server.add_secure_port(address, certificates.credentials())
            else:
                self.port = self._server.add_insecure_port(address)
        except RuntimeError:
            raise UnavailableError(f"cannot listen on {address}: is another server there?") from None

    async def start(self) -> None:
        """Answer calls, and write the port down for who waits for it."""
        await self._server.start()
        await self._health.set("live", health_pb2.HealthCheckResponse.SERVING)
        if self._settings.port_file:
            write_atomically(Path(self._settings.port_file), str(self.port))

    async def run(self) -> None:
        """Keep what `ready` says up to date until cancelled."""
        while True:
            state = _STATES[self._ready()]
            for name in ("ready", "", *self._services):
                await self._health.set(name, state)
            await asyncio.sleep(CHECK_EVERY_S)

    async def stop(self, grace_s: float) -> None:
        """Take no more calls, and wait for those that run."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)


def write_atomically(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(text)
    partial.replace(path)
