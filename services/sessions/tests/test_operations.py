"""Operators see who works at what; nobody else does."""

import asyncio
from typing import Any

import grpc
import pytest

from motus.v1 import operations_service_pb2, operations_service_pb2_grpc
from motus_runtime.bus import Bus
from motus_runtime.lease import Leases

DEADLINE_S = 20.0


async def _workers(channel: grpc.aio.Channel) -> list[operations_service_pb2.Worker]:
    stub: Any = operations_service_pb2_grpc.OperationsServiceStub(channel)
    response = await stub.ListWorkers(operations_service_pb2.ListWorkersRequest(), timeout=DEADLINE_S)
    return list(response.workers)


async def test_an_operator_sees_each_worker_with_its_units_and_their_epochs(running: Any, bus: Bus) -> None:
    """What a worker claimed shows with the epoch that its outputs bear, and goes when the worker goes."""
    leases = Leases(bus, "pose", 3)
    leases.taking = True
    await leases.beat()
    epoch = await leases.claim("operated-session")
    await leases.beat()
    async with running.channel_of("owner") as channel, asyncio.timeout(DEADLINE_S):
        while not (
            found := [one for one in await _workers(channel) if one.name == f"workers/{leases.worker}" and one.owned]
        ):
            pass
        await leases.close()
        while any(one.name == f"workers/{leases.worker}" for one in await _workers(channel)):
            pass

    (worker,) = found
    assert (worker.name, worker.stage, worker.free_capacity) == (f"workers/{leases.worker}", "pose", 2)
    assert [(one.unit, one.epoch) for one in worker.owned] == [("operated-session", epoch)]


async def test_a_client_that_is_no_operator_sees_no_worker(running: Any) -> None:
    """Units name sessions of every tenant."""
    async with running.channel_of("reader") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _workers(channel)

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
