"""The bus as the manifests configure it, tried with a real nats-server."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from motus_runtime.bus import Bus, BusSettings
from motus_runtime.errors import UnavailableError
from motus_runtime.provision import provision
from motus_runtime.topics import STREAMS

Document = dict[str, Any]
# A server that took it from its configuration file would read a number.
TOKEN = "12e4"


@pytest.fixture(scope="module")
def stateful_set(base: list[Document]) -> Document:
    """The StatefulSet of the bus."""
    return next(document for document in base if document["kind"] == "StatefulSet")


@pytest.fixture(scope="module")
def ports(base: list[Document], stateful_set: Document, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Document]:
    """Addresses of a server that runs with the manifest's configuration and arguments, on free loopback ports."""
    home = tmp_path_factory.mktemp("nats")
    config = next(d["data"]["nats.conf"] for d in base if d["metadata"]["name"] == "nats-config")
    for here, there in (("0.0.0.0:4222", "127.0.0.1:-1"), ("0.0.0.0:8222", "127.0.0.1:-1"), ("/data", f"{home}/data")):
        assert here in config
        config = config.replace(here, there)
    (home / "nats.conf").write_text(config)
    container = stateful_set["spec"]["template"]["spec"]["containers"][0]
    arguments = [text.replace("$(NATS_TOKEN)", TOKEN).replace("/etc/nats", str(home)) for text in container["args"]]
    command = [str(Path(sys.executable).parent / container["command"][0]), *arguments, "--ports_file_dir", str(home)]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield _listening(home, server)
        finally:
            server.terminate()
            server.wait(timeout=10)


def _listening(home: Path, server: "subprocess.Popen[bytes]") -> Document:
    """Wait for the file in which the server says where it listens."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for file in home.glob("*.ports"):
            try:
                addresses: Document = json.loads(file.read_text())
                return addresses
            except ValueError:
                continue
        assert server.poll() is None, (home / "log").read_text()
        time.sleep(0.02)
    raise TimeoutError("nats-server did not start")


async def test_every_stream_fits(ports: Document) -> None:
    """With the token, every stream and bucket can be made within the storage that the manifest grants."""
    bus = await Bus.connect(BusSettings(url=ports["nats"][0], token=TOKEN), "test")

    names = await provision(bus)
    await bus.close()

    assert set(names) == {stream.name for stream in STREAMS}


async def test_the_token_is_required(ports: Document) -> None:
    """Nobody connects with another token or without."""
    for token in ("", "120000"):
        with pytest.raises(UnavailableError):
            await Bus.connect(BusSettings(url=ports["nats"][0], token=token, connect_timeout_s=0.5), "test")


def test_what_is_acknowledged_is_on_disk(ports: Document, stateful_set: Document) -> None:
    """The server flushes before it acknowledges, and keeps at most 80 % of its volume."""
    with urlopen(f"{ports['monitoring'][0]}/varz") as answer:
        jetstream = json.load(answer)["jetstream"]["config"]
    (claim,) = stateful_set["spec"]["volumeClaimTemplates"]
    volume = int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi")) * 2**30

    assert jetstream["sync_always"] is True
    assert jetstream["max_storage"] <= 0.8 * volume


def test_probes_get_an_answer(ports: Document, stateful_set: Document) -> None:
    """Each probe's path is one that the server knows, and is healthy."""
    container = stateful_set["spec"]["template"]["spec"]["containers"][0]
    for kind in ("startup", "liveness", "readiness"):
        path = container[f"{kind}Probe"]["httpGet"]["path"]
        with urlopen(ports["monitoring"][0] + path) as answer:
            assert json.load(answer) == {"status": "ok"}, kind
