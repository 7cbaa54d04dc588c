"""Calls of OperationsService."""

from collections.abc import Sequence

from motus.v1 import operations_service_pb2
from motus_client.aio.connection import AsyncConnection


class AsyncOperationsCalls(AsyncConnection):
    """For operators; every call may raise `ApiError`."""

    async def list_workers(self) -> Sequence[operations_service_pb2.Worker]:
        """The workers that live now, with what each owns."""
        request = operations_service_pb2.ListWorkersRequest()
        return (await self._call(self._operations.ListWorkers, request)).workers
