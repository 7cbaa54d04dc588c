"""The commands for those who run a deployment: workers."""

from argparse import Namespace

from motus.v1 import operations_service_pb2
from motus_client.cli.problem import print_json
from motus_client.cli.tables import table
from motus_client.client import Client
from motus_client.names import last_part

SHOWN = 4
"""Units of a worker in the table; `--json` has all."""


def list_workers(client: Client, arguments: Namespace) -> None:
    """`motus workers`."""
    found = client.list_workers()
    if arguments.json:
        print_json({"workers": [_worker_json(worker) for worker in found]})
        return
    rows = [
        (last_part(worker.name), worker.stage, str(len(worker.owned)), str(worker.free_capacity), _owned(worker))
        for worker in found
    ]
    print(table(("worker", "stage", "owns", "free", "unit (epoch)"), rows) if rows else "no worker lives")


def _worker_json(worker: operations_service_pb2.Worker) -> dict[str, object]:
    return {
        "worker": last_part(worker.name),
        "stage": worker.stage,
        "free_capacity": worker.free_capacity,
        "owned": [{"unit": one.unit, "epoch": one.epoch} for one in worker.owned],
    }


def _owned(worker: operations_service_pb2.Worker) -> str:
    first = [f"{one.unit} ({one.epoch})" for one in worker.owned[:SHOWN]]
    return ", ".join(first) + (f" and {len(worker.owned) - SHOWN} more" if len(worker.owned) > SHOWN else "")
