"""What the manifests tell the services is what the services listen to."""

import asyncio
import dataclasses
import importlib
import importlib.util
import tomllib
from pathlib import Path
from typing import Any

import pytest

from motus_ingest.push.server import GRPC as PUSH_GRPC
from motus_ingest.push.settings import PushServerSettings, PushSettings
from motus_runtime.bus import BusSettings
from motus_runtime.rpc.auth_settings import AuthSettings
from motus_runtime.rpc.http.settings import HttpSettings
from motus_runtime.rpc.keys import StaticKeys
from motus_runtime.rpc.limits import LimitSettings
from motus_runtime.rpc.server_settings import ServerSettings, refuse_exposure
from motus_runtime.service import ServiceSettings
from motus_runtime.settings import load, variable
from motus_sessions.app import GRPC, HTTP

REPOSITORY = Path(__file__).resolve().parents[2]
# What a service that serves gRPC loads beside its own.
CALLED: list[tuple[type[Any], str]] = [(AuthSettings, "MOTUS_AUTH"), (LimitSettings, "MOTUS_LIMIT")]
SERVES: dict[str, list[tuple[type[Any], str]]] = {
    "sessions": [(ServerSettings, GRPC), (HttpSettings, HTTP), *CALLED],
    "ingest": [(PushServerSettings, PUSH_GRPC), (PushSettings, "MOTUS_INGEST_PUSH"), *CALLED],
}
STAGES = ("ingest", "pose", "kinematics", "coach", "sessions")

API = [("sessions", ServerSettings, GRPC, 7443), ("ingest", PushServerSettings, PUSH_GRPC, 7444)]

Document = dict[str, Any]


def _container(workload: Document) -> Document:
    container: Document = workload["spec"]["template"]["spec"]["containers"][0]
    return container


def _environment(workload: Document, documents: list[Document]) -> dict[str, str]:
    """The container's variables; the value of a secret is unknown, any text stands for it."""
    maps = {d["metadata"]["name"]: d["data"] for d in documents if d["kind"] == "ConfigMap"}
    values: dict[str, str] = {}
    for source in _container(workload).get("envFrom", []):
        values |= maps[source["configMapRef"]["name"]]
    return values | {entry["name"]: entry.get("value", "secret") for entry in _container(workload)["env"]}


def _settings_of(stage: str) -> list[tuple[type[Any], str]]:
    """The settings classes that a service loads, each with its prefix."""
    name = f"motus_{stage}.settings"
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip(f"{name} cannot be imported here: `make setup` installs services/{stage}")
    module = importlib.import_module(name)
    classes = [value for value in vars(module).values() if dataclasses.is_dataclass(value) and isinstance(value, type)]
    own = [(cls, f"MOTUS_{stage.upper()}") for cls in classes if cls.__module__ == name]
    common = [(ServiceSettings, "MOTUS"), (BusSettings, "MOTUS_NATS")]
    return [*common, *own, *SERVES.get(stage, [])]


@pytest.mark.parametrize("stage", STAGES)
def test_every_variable_is_a_setting(stage: str, workloads: dict[str, Document], documents: list[Document]) -> None:
    """A service knows each variable it is given, and accepts its value."""
    known = _settings_of(stage)
    environment = _environment(workloads[stage], documents)

    names = {variable(field, prefix) for cls, prefix in known for field in dataclasses.fields(cls)}
    for cls, prefix in known:
        load(cls, prefix, environment)

    assert set(environment) <= names


@pytest.mark.parametrize("stage", STAGES)
def test_the_command_is_the_services_own(stage: str, workloads: dict[str, Document]) -> None:
    """The container runs a console script that the service's distribution has, in that service's image."""
    project = tomllib.loads((REPOSITORY / "services" / stage / "pyproject.toml").read_text())["project"]
    container = _container(workloads[stage])

    (command,) = container["command"]

    assert project["scripts"][command].endswith(":main")
    assert container["image"].split(":")[0] == f"motus/{stage}"


def test_provisioning_runs_the_runtimes_command(workloads: dict[str, Document], documents: list[Document]) -> None:
    """It runs a console script of runtime, which every image has, and tells it where the bus is."""
    project = tomllib.loads((REPOSITORY / "runtime" / "pyproject.toml").read_text())["project"]

    command, flag = _container(workloads["provision"])["command"]
    bus = load(BusSettings, "MOTUS_NATS", _environment(workloads["provision"], documents))

    assert command in project["scripts"]
    assert flag == "--watch"
    assert (bus.url, bus.token) == ("nats://nats:4222", "secret")


@pytest.mark.parametrize("stage", STAGES)
def test_the_base_deploys_this_version(stage: str, base: list[Document]) -> None:
    """The base's image tags are the version of the code they lie beside."""
    project = tomllib.loads((REPOSITORY / "services" / stage / "pyproject.toml").read_text())["project"]

    images = [_container(d)["image"] for d in base if d["kind"] in ("Deployment", "Job")]

    assert f"motus/{stage}:{project['version']}" in images


@pytest.mark.parametrize(("stage", "kind", "prefix", "port"), API)
def test_the_api_is_served_beyond_its_pod(
    stage: str, kind: type[Any], prefix: str, port: int, workloads: dict[str, Document], documents: list[Document]
) -> None:
    """A service does not refuse to listen on the address that the manifests give it, to callers with tokens."""
    environment = _environment(workloads[stage], documents)
    server, auth = load(kind, prefix, environment), load(AuthSettings, "MOTUS_AUTH", environment)

    refuse_exposure(server, prefix, auth)

    assert (server.host, server.port, auth.insecure_dev) == ("0.0.0.0", port, False)
    assert getattr(server, "serve", True)


@pytest.mark.parametrize(("stage", "kind", "prefix", "port"), API)
def test_the_api_is_encrypted_in_the_base(
    stage: str, kind: type[Any], prefix: str, port: int, base: list[Document]
) -> None:
    """Only an overlay may say that nothing needs to be encrypted."""
    (workload,) = [d for d in base if d["kind"] == "Deployment" and d["metadata"]["name"] == stage]
    server = load(kind, prefix, _environment(workload, base))

    assert server.certificate_file
    assert not server.plaintext


def test_the_developers_key_is_one() -> None:
    """The dev overlay's file of keys is as the service wants it, and its token is the one that the docs name."""
    keys = StaticKeys.read(REPOSITORY / "deploy/k8s/overlays/dev/keys.toml")

    known = asyncio.run(keys.caller("no-secret-for-development-only"))

    assert known is not None
    assert known.scopes >= {"sessions.read", "sessions.write"}
