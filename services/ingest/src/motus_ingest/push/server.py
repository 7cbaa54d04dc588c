"""IngestService as it is served."""

import logging
from typing import Final

from motus.v1 import ingest_service_pb2, ingest_service_pb2_grpc
from motus_ingest.push.hold import Holds
from motus_ingest.push.service import IngestServicer
from motus_ingest.push.settings import PushServerSettings, PushSettings
from motus_ingest.settings import IngestSettings
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.limits import LimitSettings
from motus_runtime.rpc.server import RpcServer
from motus_runtime.rpc.server_settings import refuse_exposure
from motus_runtime.service import Context
from motus_runtime.settings import load

log = logging.getLogger("motus.ingest")

GRPC: Final = "MOTUS_INGEST_GRPC"
SERVICE: Final = ingest_service_pb2.DESCRIPTOR.services_by_name["IngestService"]
GRACE_S: Final = 1.0
"""Who pushes goes on with the next worker, so there is nothing to wait for but answers on their way."""


class PushServer:
    """Serves IngestService.

    Args:
        server: its gRPC server, which has its port.
    """

    def __init__(self, server: RpcServer) -> None:
        self._server = server

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    async def run(self) -> None:
        """Serve until cancelled."""
        await self._server.start()
        log.info("gRPC on port %d", self._server.port)
        await self._server.run()

    async def stop(self) -> None:
        """Break off calls that run; their sessions stay open."""
        await self._server.stop(GRACE_S)


def push_server(context: Context, holds: Holds, settings: IngestSettings, bounds: PushSettings) -> PushServer | None:
    """The server that the environment asks for, with its port; None: none.

    Raises:
        SettingsError: a variable is wrong, or would serve whom nobody meant to serve.
        UnavailableError: the port is taken.
    """
    listen = load(PushServerSettings, GRPC)
    if not listen.serve:
        return None
    auth = load(AuthSettings, "MOTUS_AUTH")
    refuse_exposure(listen, GRPC, auth)
    limits = load(LimitSettings, "MOTUS_LIMIT")
    server = RpcServer(listen, auth, limits, lambda: not context.health.faults())
    servicer = IngestServicer(context.bus, holds, settings, bounds)
    server.add(SERVICE.full_name, ingest_service_pb2_grpc.add_IngestServiceServicer_to_server, servicer)
    server.bind()
    return PushServer(server)
