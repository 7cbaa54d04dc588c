"""NATS servers that can be killed and started again in their place: one alone, or several as a JetStream cluster."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.ports import LOOPBACK, free_port
from servers.process import ServerProcess

_CONFIGURATION = """\
server_name: {name}
listen: "{host}:{port}"
jetstream {{ store_dir: {folder}, sync_interval: always }}
{cluster}
"""
_CLUSTER = 'cluster {{ name: motus, listen: "{host}:{port}", routes: {routes} }}'


class Node(ServerProcess):
    """A server with a name, ports and a folder of its own, which it keeps when it is started again.

    Attributes:
        name: its name in the cluster.
        url: its address for clients.
    """

    def __init__(self, name: str, folder: Path, host: str, port: int, cluster: str) -> None:
        self.name, self.url = name, f"nats://{host}:{port}"
        file, store = folder / f"{name}.conf", json.dumps(str(folder / name))
        file.write_text(_CONFIGURATION.format(name=name, host=host, port=port, folder=store, cluster=cluster))
        binary = str(Path(sys.executable).parent / "nats-server")
        super().__init__([binary, "--config", str(file)], folder / f"{name}.log")


@contextmanager
def nats_nodes(folder: Path, count: int = 1, host: str = LOOPBACK) -> Iterator[list[Node]]:
    """Servers that run within the block, as a cluster when they are several; every store is flushed at each message."""
    ports = [free_port(host) for _ in range(2 * count)]
    routes = json.dumps([f"nats://{host}:{port}" for port in ports[count:]])
    nodes = [
        Node(
            f"nats-{number}",
            folder,
            host,
            ports[number],
            _CLUSTER.format(host=host, port=ports[count + number], routes=routes) if count > 1 else "",
        )
        for number in range(count)
    ]
    try:
        for node in nodes:
            node.start()
        yield nodes
    finally:
        for node in nodes:
            node.stop()
