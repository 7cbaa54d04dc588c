"""Whether a process answers: free ports, a NATS server's greeting, a service's /readyz."""

import http.client
import json
import random
import socket
from pathlib import Path

_PATIENCE_S = 2.0
# Below the range from which the system takes ports for outgoing connections: one of those could otherwise sit on the
# port of a server that was killed, before it is started again.
_PORTS = range(20000, 32000)


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port of loopback that nobody listens on.

    Raises:
        OSError: none was found.
    """
    for port in random.sample(_PORTS, 200):
        if is_free(port):
            return port
    raise OSError("no free port was found on 127.0.0.1")


def nats_fault(port: int) -> str:
    """Why a NATS server on a port of loopback is not ready; empty when it is."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
            return "" if connection.recv(4) == b"INFO" else "does not greet as a NATS server"
    except OSError as error:
        return f"does not answer: {error}"


def service_fault(port_file: Path) -> str:
    """Why a service is not ready, by the port that it wrote to a file; empty when it is."""
    try:
        port = int(port_file.read_text())
    except (OSError, ValueError):
        return "starting"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read()
        return "" if answer.status == 200 else _faults(body)
    except (OSError, http.client.HTTPException) as error:
        return f"does not answer: {error}"
    finally:
        connection.close()


def _faults(body: bytes) -> str:
    try:
        return ", ".join(f"{name}: {fault}" for name, fault in json.loads(body)["faults"].items())
    except (ValueError, KeyError, AttributeError):
        return "not ready"
