"""What the stack runs, with which environment."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from motus_client.stack.child import Program
from motus_client.stack.layout import Layout
from motus_client.stack.nats import TOKEN, nats_command

STAGES = ("ingest", "pose", "kinematics", "coach", "sessions")
# Five processes share the machine: a thread pool per core in each of them costs more than it gives.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

# Who may call this stack, and how, is not what the user's environment says of another server.
_OF_OTHER_SERVERS = (
    "MOTUS_AUTH_",
    "MOTUS_INSECURE_DEV",
    "MOTUS_INGEST_GRPC_",
    "MOTUS_SESSIONS_GRPC_",
    "MOTUS_SESSIONS_HTTP_",
)

# The networks take most of the time and the rest waits for them; on a busy machine the others give way.
_BOTTLENECK, _GIVES_WAY = "pose", 5


@dataclass(frozen=True)
class Programs:
    """What to run, in the order in which it is started.

    Attributes:
        nats: the bus.
        provision: makes the streams, and again when they get lost.
        services: the five stages, from the source's side to the user's.
        health_files: per stage and for the provisioner, the file to which its process writes its health port.
    """

    nats: Program
    provision: Program
    services: tuple[Program, ...]
    health_files: Mapping[str, Path]


@dataclass(frozen=True)
class Ports:
    """Of a stack, all of them on loopback.

    Attributes:
        nats: of the bus.
        grpc: of the session service.
        ingest: of what takes what clients push.
        http: of the session service's HTTP API; 0: it is not served.
    """

    nats: int
    grpc: int
    ingest: int
    http: int = 0


def programs(layout: Layout, logs: Path, roots: Sequence[Path], ports: Ports, *, own_store: bool = False) -> Programs:
    """Describe everything that a stack runs.

    Args:
        layout: the data folder.
        logs: folder for this run's logs.
        roots: folders whose videos may be read.
        ports: where they listen.
        own_store: keep the store in the data folder even where the environment names another.
    """
    environ = _environ(layout, roots, ports, own_store)
    files = {stage: layout.run / f"{stage}.health" for stage in (*STAGES, "provision")}

    def program(name: str, *command: str) -> Program:
        health = {"MOTUS_HEALTH_PORT_FILE": str(files[name])} if name in files else {}
        niceness = 0 if name == _BOTTLENECK else _GIVES_WAY
        return Program(name, command, {**environ, **health}, logs / f"{name}.log", niceness)

    return Programs(
        nats=program("nats", *nats_command(layout, ports.nats)),
        # -P: modules that happen to lie in the folder where the user stands are none of ours.
        provision=program("provision", sys.executable, "-P", "-m", "motus_runtime.provision", "--watch"),
        services=tuple(program(stage, sys.executable, "-P", "-m", f"motus_{stage}") for stage in STAGES),
        health_files=files,
    )


def _environ(layout: Layout, roots: Sequence[Path], ports: Ports, own_store: bool) -> dict[str, str]:
    environ = {**dict.fromkeys(_ONE_THREAD, "1"), "PYTHONUNBUFFERED": "1", "MOTUS_STORE_URL": layout.store_url}
    environ |= {name: value for name, value in os.environ.items() if not name.startswith(_OF_OTHER_SERVERS)}
    if own_store:
        environ["MOTUS_STORE_URL"] = layout.store_url
    return environ | {
        # A token that begins with a letter: the server would read digits alone as a number.
        TOKEN: f"t{secrets.token_hex(24)}",
        "MOTUS_NATS_URL": f"nats://127.0.0.1:{ports.nats}",
        "MOTUS_HEALTH_HOST": "127.0.0.1",
        "MOTUS_HEALTH_PORT": "0",
        "MOTUS_AUTH_KEYS_FILE": str(layout.keys),
        "MOTUS_INGEST_ROOTS": os.pathsep.join(str(root) for root in roots),
        "MOTUS_INGEST_GRPC_SERVE": "true",
        "MOTUS_INGEST_GRPC_HOST": "127.0.0.1",
        "MOTUS_INGEST_GRPC_PORT": str(ports.ingest),
        "MOTUS_SESSIONS_GRPC_HOST": "127.0.0.1",
        "MOTUS_SESSIONS_GRPC_PORT": str(ports.grpc),
        "MOTUS_SESSIONS_HTTP_SERVE": "true" if ports.http else "false",
        "MOTUS_SESSIONS_HTTP_HOST": "127.0.0.1",
        "MOTUS_SESSIONS_HTTP_PORT": str(ports.http),
    }
