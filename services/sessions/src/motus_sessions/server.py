"""The gRPC server: where it listens, what it limits, health and reflection."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from motus.v1 import session_service_pb2, session_service_pb2_grpc
from motus_runtime.errors import UnavailableError
from motus_runtime.rpc import StatusInterceptor
from motus_sessions.settings import SessionsSettings

SERVICE = session_service_pb2.DESCRIPTOR.services_by_name["SessionService"].full_name
CHECK_EVERY_S = 0.5
_MINUTE_MS = 60_000
OPTIONS = (
    # Two servers on one port would each get some of the calls.
    ("grpc.so_reuseport", 0),
    # Else a slow watcher has megabytes of old samples on the way before anybody notices.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 65536),
    ("grpc.max_receive_message_length", 1024 * 1024),
    ("grpc.max_concurrent_streams", 1000),
    ("grpc.keepalive_time_ms", _MINUTE_MS),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)
_STATES = {
    True: health_pb2.HealthCheckResponse.SERVING,
    False: health_pb2.HealthCheckResponse.NOT_SERVING,
}


class Server:
    """Serves the API.

    Args:
        settings: where to listen.
        servicer: who answers.
        ready: whether the service can do its work.
    """

    def __init__(
        self,
        settings: SessionsSettings,
        servicer: session_service_pb2_grpc.SessionServiceServicer,
        ready: Callable[[], bool],
    ) -> None:
        self._settings, self._ready = settings, ready
        self._server = grpc.aio.server(interceptors=[StatusInterceptor()], options=OPTIONS)
        self._health = health.aio.HealthServicer()
        session_service_pb2_grpc.add_SessionServiceServicer_to_server(servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if settings.grpc_reflection:
            reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self.port = 0

    def bind(self) -> None:
        """Take the port.

        Raises:
            UnavailableError: the address is taken, or is none of this machine's.
        """
        address = f"{self._settings.grpc_host}:{self._settings.grpc_port}"
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError:
            raise UnavailableError(f"cannot listen on {address}: is another server there?") from None

    async def start(self) -> None:
        """Answer calls, and write the port down for who waits for it."""
        await self._server.start()
        await self._health.set("live", health_pb2.HealthCheckResponse.SERVING)
        if self._settings.grpc_port_file:
            _write_atomically(Path(self._settings.grpc_port_file), str(self.port))

    async def run(self) -> None:
        """Keep what `ready` says up to date until cancelled."""
        while True:
            state = _STATES[self._ready()]
            for name in ("ready", "", SERVICE):
                await self._health.set(name, state)
            await asyncio.sleep(CHECK_EVERY_S)

    async def stop(self, grace_s: float) -> None:
        """Take no more calls, and wait for those that run."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)


def _write_atomically(path: Path, text: str) -> None:
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(text)
    partial.replace(path)
