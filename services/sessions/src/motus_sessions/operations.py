"""The RPCs of OperationsService: what the bucket of leases tells of those who work."""

from typing import Any

from motus.v1 import operations_service_pb2, operations_service_pb2_grpc
from motus_runtime.registry import Registry


class OperationsServicer(operations_service_pb2_grpc.OperationsServiceServicer):
    """Tells operators who works at what.

    Args:
        registry: workers and owners, kept up to date by this worker's leases.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def ListWorkers(
        self, request: operations_service_pb2.ListWorkersRequest, context: Any
    ) -> operations_service_pb2.ListWorkersResponse:
        """All workers that live."""
        members = sorted(self._registry.members.values(), key=lambda member: (member.stage, member.worker))
        return operations_service_pb2.ListWorkersResponse(
            workers=[
                operations_service_pb2.Worker(
                    name=f"workers/{member.worker}",
                    stage=member.stage,
                    free_capacity=member.free_capacity,
                    owned=self._owned(member.worker),
                )
                for member in members
            ]
        )

    def _owned(self, worker: str) -> list[operations_service_pb2.Ownership]:
        owned = {unit: owner.epoch for (_, unit), owner in self._registry.owners.items() if owner.worker == worker}
        return [operations_service_pb2.Ownership(unit=unit, epoch=owned[unit]) for unit in sorted(owned)]
