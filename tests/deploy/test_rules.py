"""Our own rules for the manifests, which no schema knows."""

from typing import Any

import pytest

from motus_runtime.service import DRAIN_S

Document = dict[str, Any]
# Made by the operator, not by the base; deploy/README.md says how.
GIVEN_SECRETS = {"motus-nats", "motus-openai", "motus-api-keys", "motus-api-tls"}
SIZES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def _pod(workload: Document) -> Document:
    pod: Document = workload["spec"]["template"]["spec"]
    return pod


def _labels(workload: Document) -> dict[str, str]:
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def _container(workload: Document) -> Document:
    container: Document
    (container,) = _pod(workload)["containers"]
    return container


def _bytes(quantity: str) -> int:
    return int(quantity[:-2]) * SIZES[quantity[-2:]]


def _named(documents: list[Document], kind: str) -> dict[str, Document]:
    return {document["metadata"]["name"]: document for document in documents if document["kind"] == kind}


def test_the_whole_stack_is_there(workloads: dict[str, Document]) -> None:
    """Bus, provisioning and all five services are deployed."""
    expected = {"nats", "provision", "ingest", "pose", "kinematics", "coach", "sessions"}

    assert set(workloads) == expected


def test_pods_meet_the_restricted_profile(workloads: dict[str, Document]) -> None:
    """Every pod runs without root, privileges, capabilities, a writable root file system or an API token."""
    for name, workload in workloads.items():
        pod, inside = _pod(workload)["securityContext"], _container(workload)["securityContext"]

        assert pod["runAsNonRoot"] is True, name
        assert pod["runAsUser"] >= 10000, name
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, name
        expected = {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert inside == expected, name
        assert _pod(workload)["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(_pod(workload)), name


def test_the_namespace_enforces_the_restricted_profile(documents: list[Document]) -> None:
    """A pod that breaks the profile is refused by the cluster."""
    (namespace,) = _named(documents, "Namespace").values()

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_pods_say_what_they_need(workloads: dict[str, Document]) -> None:
    """Every container requests processor and memory, and has a limit of memory that is no smaller."""
    for name, workload in workloads.items():
        resources = _container(workload)["resources"]

        assert resources["requests"]["cpu"], name
        assert _bytes(resources["requests"]["memory"]) <= _bytes(resources["limits"]["memory"]), name


def test_images_have_a_fixed_tag(workloads: dict[str, Document]) -> None:
    """No image is `latest` or without a tag."""
    for name, workload in workloads.items():
        image, _, tag = _container(workload)["image"].partition(":")

        assert image, name
        assert tag not in ("", "latest"), name


def test_probes_ask_the_right_questions(workloads: dict[str, Document]) -> None:
    """Liveness asks only for the event loop, readiness and start for everything; each at a port that the pod has."""
    services = {name: work for name, work in workloads.items() if work["kind"] == "Deployment"}
    for name, workload in services.items():
        container = _container(workload)
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}

        assert ports["http"] == 8080, name
        assert {get["port"] for get in asked.values()} == {"http"}, name
        assert {kind: get["path"] for kind, get in asked.items()} == {
            "startup": "/readyz",
            "liveness": "/livez",
            "readiness": "/readyz",
        }, name


def test_a_cold_start_is_given_time(workloads: dict[str, Document]) -> None:
    """A service has two minutes to become ready, pose five for its model."""
    for name, workload in workloads.items():
        if workload["kind"] == "Deployment":
            probe = _container(workload)["startupProbe"]
            least_s = 300 if name == "pose" else 120

            assert probe["failureThreshold"] * probe["periodSeconds"] >= least_s, name


def test_pods_may_drain(workloads: dict[str, Document]) -> None:
    """The grace period is longer than a service takes to drain."""
    for name, workload in workloads.items():
        if workload["kind"] != "Job":
            assert _pod(workload)["terminationGracePeriodSeconds"] > DRAIN_S, name


def test_service_links_are_off(workloads: dict[str, Document]) -> None:
    """Kubernetes adds no variables of its own, which a setting might be mistaken for."""
    for name, workload in workloads.items():
        assert _pod(workload)["enableServiceLinks"] is False, name


def test_what_pods_name_exists(documents: list[Document], workloads: dict[str, Document]) -> None:
    """Every ConfigMap, Secret, claim and ServiceAccount that a pod names is deployed or documented as given."""
    secrets = GIVEN_SECRETS | set(_named(documents, "Secret"))
    for name, workload in workloads.items():
        pod, container = _pod(workload), _container(workload)
        volumes = pod.get("volumes", [])
        maps = {volume["configMap"]["name"] for volume in volumes if "configMap" in volume}
        maps |= {source["configMapRef"]["name"] for source in container.get("envFrom", [])}
        claims = {v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v}
        used = {entry["valueFrom"]["secretKeyRef"]["name"] for entry in container["env"] if "valueFrom" in entry}
        used |= {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}
        mountable = {volume["name"] for volume in volumes}
        mountable |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}

        assert maps <= set(_named(documents, "ConfigMap")), name
        assert claims <= set(_named(documents, "PersistentVolumeClaim")), name
        assert used <= secrets, name
        assert pod["serviceAccountName"] in _named(documents, "ServiceAccount"), name
        assert {mount["name"] for mount in container.get("volumeMounts", [])} == mountable, name


def test_services_find_their_pods(documents: list[Document], workloads: dict[str, Document]) -> None:
    """Every Service selects pods of one workload, at ports that these have by name."""
    for name, service in _named(documents, "Service").items():
        wanted = service["spec"]["selector"].items()
        (found,) = [work for work in workloads.values() if wanted <= _labels(work).items()]
        ports = {port["name"]: port["containerPort"] for port in _container(found)["ports"]}

        for port in service["spec"]["ports"]:
            assert ports[port["targetPort"]] == port["port"], name


def test_selectors_of_policies_and_budgets_match(documents: list[Document], workloads: dict[str, Document]) -> None:
    """No policy or disruption budget selects pods that do not exist."""
    policies = {**_named(documents, "NetworkPolicy"), **_named(documents, "PodDisruptionBudget")}
    for name, policy in policies.items():
        selector = policy["spec"].get("podSelector") or policy["spec"].get("selector") or {}
        wanted = selector.get("matchLabels", {}).items()

        assert any(wanted <= _labels(work).items() for work in workloads.values()), name


def test_everything_is_denied_but_what_is_needed(documents: list[Document], workloads: dict[str, Document]) -> None:
    """Traffic is denied by default; whoever has the bus's token may reach the bus, nobody else."""
    policies = _named(documents, "NetworkPolicy")
    holders = {
        name for name, work in workloads.items()
        if any(entry["name"] == "MOTUS_NATS_TOKEN" for entry in _container(work)["env"])
    }  # fmt: skip
    admitted = {name for name, work in workloads.items() if _labels(work).get("motus.dev/bus") == "client"}
    deny = policies["default-deny"]["spec"]

    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert admitted == holders == set(workloads) - {"nats"}


def test_the_base_holds_no_secret(base: list[Document]) -> None:
    """Secrets come from the operator."""
    assert _named(base, "Secret") == {}


@pytest.mark.parametrize("name", ["ingest", "pose", "kinematics", "coach"])
def test_a_drain_takes_one_pod_at_a_time(name: str, documents: list[Document]) -> None:
    """However many pods a stage has, draining nodes takes them one by one, and a broken one never blocks it."""
    spec = _named(documents, "PodDisruptionBudget")[name]["spec"]

    assert (spec["maxUnavailable"], spec["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


def test_sqlite_has_one_writer(workloads: dict[str, Document]) -> None:
    """While sessions keeps a SQLite file, there is never a second pod of it, not even during an update."""
    spec = workloads["sessions"]["spec"]
    store = next(e["value"] for e in _container(workloads["sessions"])["env"] if e["name"] == "MOTUS_STORE_URL")

    assert not store.startswith("sqlite") or (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
